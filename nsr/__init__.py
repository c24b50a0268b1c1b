"""NSR: data in, equation out."""
