"""Expressions as torch modules whose constants can be trained further."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nsr.expressions.expression import Expression, Token


class ExpressionModule(nn.Module):
    """Evaluates an expression; differentiable by its inputs and its free constants.

    Args:
        expression: What to evaluate; a placeholder starts as 1.

    Attributes:
        constants: The free constants, float64.
    """

    def __init__(self, expression: Expression) -> None:
        super().__init__()
        self.expression = expression
        self.constants = nn.Parameter(torch.tensor(expression.constants, dtype=torch.float64))

    def forward(self, X: Tensor) -> Tensor:
        """Maps X, shape (..., n_variables), to values, shape (...)."""
        places = {position: k for k, position in enumerate(self.expression.free_positions)}

        def leaf(token: Token, position: int) -> Tensor:
            if position in places:
                return self.constants[places[position]].to(X.dtype).expand(X.shape[:-1])
            if not isinstance(token, str):
                return torch.full(X.shape[:-1], token, dtype=X.dtype, device=X.device)
            return X[..., int(token[2:])]

        values: Tensor = self.expression.fold(leaf, lambda operator, parts: operator.tensor(*parts))
        return values


def input_gradients(module: nn.Module, X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Derivatives of a module's values, one a row, by its inputs, shape (P, D), at X of the same shape."""
    points = torch.tensor(X, requires_grad=True)
    with torch.enable_grad():
        (slopes,) = torch.autograd.grad(module(points).sum(), points)
    return np.asarray(slopes.numpy(), dtype=np.float64)
