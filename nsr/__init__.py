"""NSR: data in, equation out."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nsr.data.targets import stack_targets
    from nsr.expressions.definitions import operator
    from nsr.fields.regressor import PDERegressor
    from nsr.ode.regressor import ODERegressor
    from nsr.regressor import SymbolicRegressor
    from nsr.results import load

__all__ = ["ODERegressor", "PDERegressor", "SymbolicRegressor", "load", "operator", "stack_targets"]

_HOMES = {
    "ODERegressor": "nsr.ode.regressor",
    "PDERegressor": "nsr.fields.regressor",
    "SymbolicRegressor": "nsr.regressor",
    "load": "nsr.results",
    "operator": "nsr.expressions.definitions",
    "stack_targets": "nsr.data.targets",
}


def __getattr__(name: str) -> Any:
    # Loaded on first use: `nsr --help` need not wait for PyTorch.
    if name not in _HOMES:
        raise AttributeError(f"module 'nsr' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
