"""Emulators: an expensive function and a box of inputs come in; a fast one with an error bound goes out."""
