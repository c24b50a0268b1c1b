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
    from nsr.understanding import concepts
    from nsr.understanding.discovery import discover
    from nsr.understanding.distillation.distiller import distill
    from nsr.understanding.emulators.emulate import emulate
    from nsr.understanding.information import information
    from nsr.understanding.page import explain
    from nsr.understanding.saliency import saliency
    from nsr.understanding.variables import importance

__all__ = [
    "ODERegressor",
    "PDERegressor",
    "SymbolicRegressor",
    "concepts",
    "discover",
    "distill",
    "emulate",
    "explain",
    "importance",
    "information",
    "load",
    "operator",
    "saliency",
    "stack_targets",
]

_HOMES = {
    "ODERegressor": "nsr.ode.regressor",
    "PDERegressor": "nsr.fields.regressor",
    "SymbolicRegressor": "nsr.regressor",
    "discover": "nsr.understanding.discovery",
    "distill": "nsr.understanding.distillation.distiller",
    "emulate": "nsr.understanding.emulators.emulate",
    "explain": "nsr.understanding.page",
    "importance": "nsr.understanding.variables",
    "information": "nsr.understanding.information",
    "load": "nsr.results",
    "operator": "nsr.expressions.definitions",
    "saliency": "nsr.understanding.saliency",
    "stack_targets": "nsr.data.targets",
}


def __getattr__(name: str) -> Any:
    # Loaded on first use: `nsr --help` need not wait for PyTorch.
    if name == "concepts":
        return import_module("nsr.understanding.concepts")
    if name not in _HOMES:
        raise AttributeError(f"module 'nsr' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
