"""Constants: expressions and data in; fitted, judged and rounded equations out.

Called by both wings of the search, by systems and by the estimators.
"""
