"""The expression language: tokens and text in; immutable expressions, simplified, compared and typeset, out.

The ground floor: every other room may call it, and it calls none.
"""
