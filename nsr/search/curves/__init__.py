"""Textbook curves: the forms that the sciences fit, with starting points that the data suggest.

A state in; its best fit of each curve out. `stage` is what the search calls; a new curve is a line of
`table`.
"""
