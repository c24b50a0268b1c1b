"""Emulators as torch modules."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nsr.export.torch import ExpressionModule
from nsr.expressions.expression import Expression
from nsr.understanding.emulators.box import Box
from nsr.understanding.emulators.residual import Residual
from nsr.understanding.emulators.target import Target


class EmulatorModule(nn.Module):
    """An emulator; differentiable by its inputs and the equation's constants.

    Args:
        box: Of its inputs.
        target: What the equation is of.
        fitted: The equation.
        residual: What is added; None for nothing.
    """

    def __init__(self, box: Box, target: Target, fitted: Expression, residual: Residual | None) -> None:
        super().__init__()
        self.equation = ExpressionModule(fitted)
        self._box, self._target, self._residual = box, target, residual

    def forward(self, X: Tensor) -> Tensor:
        """Maps inputs, shape (..., D), to values, shape (...)."""
        fitted: Tensor = self.equation(X)
        if self._residual is not None:
            fitted = fitted + self._residual.tensor(self._unit(X))
        return self._target.sign * fitted.exp() if self._target.is_log else fitted

    def _unit(self, X: Tensor) -> Tensor:
        box = self._box
        columns = []
        for place, is_log in enumerate(box.is_log.tolist()):
            low, high = float(box.low[place]), float(box.high[place])
            ends = torch.tensor([low, high], dtype=X.dtype, device=X.device)
            value = X[..., place]
            if is_log:
                ends, value = ends.log(), value.log()
            columns.append((value - ends[0]) / (ends[1] - ends[0]))
        return torch.stack(columns, dim=-1)
