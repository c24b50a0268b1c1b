"""A report on a fitted equation: what it leaves unexplained, what of the data it needs, and what is doubtful.

In come the table in its own order and the chosen equation; out comes a `Report`. Called by the estimator.
"""
