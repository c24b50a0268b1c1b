"""Equations in other forms: SymPy, LaTeX, NumPy, torch."""
