"""All small forms of few variables, each of them tried."""
