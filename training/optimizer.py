"""The optimiser: Muon for the hidden matrices, AdamW for all else, as the one optimiser that a trainer steps.

A step whose gradient is not finite is marked in `found_inf`, as for PyTorch's fused optimisers, and changes
nothing. The mark is read on the device, so nothing waits for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

# Newton-Schulz: five steps of a polynomial that takes singular values from (0, 1] to about 1
# (https://kellerjordan.github.io/posts/muon).
_STEPS, _COEFFICIENTS = 5, (3.4445, -4.7750, 2.0315)
# The root mean square of AdamW's updates; Muon's are scaled to it, so that both share learning rate and decay
# (arXiv:2502.16982).
_UPDATE_SIZE = 0.2


class Muon(torch.optim.Optimizer):
    """Momentum whose direction is made orthogonal before each step; `torch.optim.Muon`, with two differences.

    Matrices of equal shape are advanced together, and a step can be skipped without a look at the device.

    Args:
        matrices: Parameters of two dimensions.
        lr: Learning rate.
        momentum: Decay of the average of gradients, which is looked ahead of as Nesterov does.
        weight_decay: Decoupled from the gradient.
    """

    def __init__(self, matrices: Iterable[Tensor], lr: float, momentum: float, weight_decay: float) -> None:
        super().__init__(matrices, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self.found_inf: Tensor | None = None

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        """Advances all matrices that have a gradient."""
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = {}
            for matrix in group["params"]:
                if matrix.grad is not None:
                    by_shape.setdefault(matrix.shape, []).append(matrix)
            for matrices in by_shape.values():
                self._advance(matrices, group)

    def _advance(self, matrices: list[Tensor], group: dict[str, Any]) -> None:
        """Moves matrices of one shape."""
        gradients = torch.stack([matrix.grad for matrix in matrices if matrix.grad is not None])
        taken = gradients.new_ones(()) if self.found_inf is None else 1 - self.found_inf
        gradients = torch.where(taken > 0, gradients, 0.0)
        averages = torch.stack([self._average(matrix) for matrix in matrices])
        averages.lerp_(gradients, taken * (1 - group["momentum"]))
        updates = orthogonal(gradients.lerp(averages, group["momentum"])).to(gradients.dtype)
        rate = taken * group["lr"]
        updates *= rate * _UPDATE_SIZE * math.sqrt(max(gradients.shape[1:]))
        kept = 1 - rate * group["weight_decay"]
        for matrix, average, update in zip(matrices, averages, updates, strict=True):
            self._average(matrix).copy_(average)
            matrix.mul_(kept).sub_(update)

    def _average(self, matrix: Tensor) -> Tensor:
        state = self.state[matrix]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(matrix)
        average: Tensor = state["momentum_buffer"]
        return average


def orthogonal(matrices: Tensor) -> Tensor:
    """The nearest matrices (K, m, n) with orthonormal rows or columns: roughly, and in bfloat16.

    Singular values come out between 0.7 and 1.2, which serves a step as well as 1.
    """
    a, b, c = _COEFFICIENTS
    X = matrices.bfloat16()
    is_tall = X.shape[1] > X.shape[2]
    if is_tall:
        X = X.mT
    X = X / X.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(_STEPS):
        gram = X @ X.mT
        X = torch.baddbmm(X, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), X, beta=a)
    return X.mT if is_tall else X


class Joined(torch.optim.Optimizer):
    """Several optimisers as one.

    Args:
        parts: Optimisers of different parameters. Their groups, state and `found_inf` are this one's.
    """

    def __init__(self, *parts: torch.optim.Optimizer) -> None:
        self.parts = parts
        self.found_inf: Tensor | None = None
        super().__init__(self._groups, {})

    @property
    def _groups(self) -> list[dict[str, Any]]:
        return [group for part in self.parts for group in part.param_groups]

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Computes the gradients, if told how, then steps every part."""
        result = None
        if closure is not None:
            with torch.enable_grad():
                result = closure()
        for part in self.parts:
            part.found_inf = self.found_inf  # type: ignore[attr-defined]
            part.step()
        return result

    def state_dict(self) -> dict[str, Any]:
        """The parts' states."""
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes up the parts' states."""
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self.param_groups = self._groups


def muon_and_adamw(
    model: nn.Module,
    hidden: tuple[type[nn.Module], ...],
    *,
    lr: float,
    betas: tuple[float, float],
    momentum: float,
    weight_decay: float,
) -> Joined:
    """Muon for the matrices of a network's hidden layers, AdamW for the rest, of which only matrices decay.

    Args:
        model: The network.
        hidden: Modules that hold nothing but matrices from hidden units to hidden units.
        lr: Learning rate of all.
        betas: Decay of AdamW's two moment averages.
        momentum: Muon's.
        weight_decay: Of all matrices.
    """
    layers = (module for module in model.modules() if isinstance(module, hidden))
    matrices = [parameter for layer in layers for parameter in layer.parameters()]
    inside = set(matrices)
    rest = [parameter for parameter in model.parameters() if parameter not in inside]
    groups = [
        {"params": [p for p in rest if p.dim() >= 2], "weight_decay": weight_decay},
        {"params": [p for p in rest if p.dim() < 2], "weight_decay": 0.0},
    ]
    adamw = torch.optim.AdamW(groups, lr=lr, betas=betas, fused=True)
    return Joined(Muon(matrices, lr, momentum, weight_decay), adamw)
