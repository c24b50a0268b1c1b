"""Operon as we set it, but with all rows."""

from __future__ import annotations

from eval.methods import operon


class Method(operon.Method):
    """`pyoperon.sklearn.SymbolicRegressor` on every training row."""

    rows = None
