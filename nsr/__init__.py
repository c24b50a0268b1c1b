"""NSR: data in, equation out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nsr.regressor import SymbolicRegressor

__all__ = ["SymbolicRegressor"]


def __getattr__(name: str) -> Any:
    # Loaded on first use: `nsr --help` need not wait for PyTorch.
    if name == "SymbolicRegressor":
        from nsr.regressor import SymbolicRegressor

        return SymbolicRegressor
    raise AttributeError(f"module 'nsr' has no attribute {name!r}")
