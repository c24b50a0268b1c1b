"""Operon with the defaults of its Python package, and all rows."""

from __future__ import annotations

from eval.methods import operon

# The functions are part of the task: its defaults have arithmetic alone. Its other limits would end it early.
SETTINGS = {"allowed_symbols": operon.FUNCTIONS, **operon.UNLIMITED}


class Method(operon.Method):
    """`pyoperon.sklearn.SymbolicRegressor` as it comes, but for its functions and limits."""

    settings = SETTINGS
    rows = None
