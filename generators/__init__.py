"""The pretraining prior: endless random problems."""
