"""Pretraining of the transformer."""
