"""Waves: their frequencies in one variable or two, and what their amplitudes depend on.

A table in; waves that it has, beside something smooth, out. `stage` is what the search calls: it makes
variables of them, for which structure then finds the law.
"""
