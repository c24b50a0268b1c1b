"""Equations in other languages: an expression in; text or something that computes out.

Called by the estimators and by users; SymPy's form is part of the expression language (`nsr.expressions`).
"""
