"""Laws with cases: a target with kinks, jumps or switches in; equations with extremes and cases out.

A wing of the search, called by its engine only.
"""
