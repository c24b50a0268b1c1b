"""The tensor backend: tapes evaluated with torch, on any device, for any operator of the table.

Nodes of all rows are ordered by (level, operator), so that one tensor call computes a group of them and
its results are one slice. The reverse sweep goes through the groups backwards and asks autograd for the
derivative of each group's operator: the operator table alone defines every function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nsr.evaluate.tape import CONSTANT, CONSTANT_AGAIN, FIXED_POWER, LITERAL, VARIABLE, Tape
from nsr.kernels import kernel


@dataclass(frozen=True)
class _Group:
    """Nodes of one level with one operator: places start to stop of the ordered nodes.

    Attributes:
        function: What to apply to the children's values.
        start: First place.
        stop: One past the last.
        children: Places of the first children, of the second ones, and so on.
        active: Which of the nodes have a free constant below, counted from start.
    """

    function: Callable[..., torch.Tensor]
    start: int
    stop: int
    children: tuple[torch.Tensor, ...]
    active: torch.Tensor


class TensorPlan:
    """The order in which torch computes the nodes of chosen expressions.

    Args:
        tape: The compiled expressions.
        index: Expression of each row, shape (R,).
        device: Where the tensors are.
    """

    def __init__(self, tape: Tape, index: NDArray[np.int64], device: torch.device) -> None:
        lengths = np.diff(tape.offsets)[index]
        starts = np.concatenate(([0], np.cumsum(lengths)))
        row = np.repeat(np.arange(len(index)), lengths)
        source = np.arange(starts[-1]) - starts[row] + tape.offsets[index][row]
        op = tape.op[source]
        level = np.zeros(len(op), dtype=np.int64)
        arities = np.array([operator.arity for operator in tape.operators])
        _levels(op, tape.left[source], tape.right[source], tape.arg[source], arities, starts, level)
        order = np.lexsort((op, level))
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        self._tape, self._device, self._n_nodes = tape, device, len(order)
        self._n_rows, self._row, self._source, self._order = len(index), row, source, order
        self._place, self._first = place, starts[row]
        self._roots = self._tensor(place[starts[1:] - 1])
        codes = op[order]
        self._variables, self._constants, self._literals = (
            self._leaves(np.flatnonzero(np.isin(codes, kinds)))
            for kinds in ((VARIABLE,), (CONSTANT, CONSTANT_AGAIN), (LITERAL,))
        )
        literal = tape.literal[source[order]][np.flatnonzero(codes == LITERAL)]
        self._literal_values = torch.as_tensor(literal, device=device)
        changes = np.flatnonzero(np.diff(codes) | np.diff(level[order])) + 1
        cuts = [0, *changes.tolist(), len(order)]
        self._groups = [self._group(a, b) for a, b in pairwise(cuts) if self._is_operator(codes[a])]

    def values(self, X: torch.Tensor, constants: torch.Tensor) -> torch.Tensor:
        """Values (R, P) of the rows on X, shape (P, D) or (R, P, D), with constants (R, K)."""
        with torch.no_grad():
            return self._forward(X, constants)[self._roots]

    def jacobian(self, X: torch.Tensor, constants: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Values (R, P) and derivatives by the constants (R, K, P); arguments as in `values`."""
        with torch.no_grad():
            nodes = self._forward(X, constants)
        adjoint = torch.zeros_like(nodes)
        adjoint[self._roots] = 1
        for group in reversed(self._groups):
            if len(group.active):
                _reverse(group, nodes, adjoint)
        places, rows, args = self._constants
        derivatives = X.new_zeros((self._n_rows, constants.shape[1], nodes.shape[1]))
        derivatives.index_put_((rows, args), adjoint[places], accumulate=True)
        return nodes[self._roots], derivatives

    def _forward(self, X: torch.Tensor, constants: torch.Tensor) -> torch.Tensor:
        """Values of all nodes, shape (nodes, P)."""
        nodes = X.new_empty((self._n_nodes, X.shape[-2]))
        places, rows, args = self._variables
        nodes[places] = X.T[args] if X.ndim == 2 else X[rows, :, args]
        places, rows, args = self._constants
        nodes[places] = constants[rows, args][:, None].expand(-1, nodes.shape[1])
        nodes[self._literals[0]] = self._literal_values.to(X.dtype)[:, None].expand(-1, nodes.shape[1])
        for group in self._groups:
            nodes[group.start : group.stop] = group.function(*(nodes[places] for places in group.children))
        return nodes

    def _group(self, start: int, stop: int) -> _Group:
        tape, nodes = self._tape, self._order[start:stop]
        source, first = self._source[nodes], self._first[nodes]
        children = (tape.left, tape.right, tape.arg)
        code = int(tape.op[source[0]])
        active = self._tensor(np.flatnonzero(tape.active[source]))
        if code == FIXED_POWER:
            exponents = torch.as_tensor(tape.arg[source] / 2, device=self._device)[:, None]
            function: Callable[..., torch.Tensor] = _FixedPower(exponents)
            arity = 1
        else:
            function, arity = tape.operators[code].tensor, tape.operators[code].arity
        places = tuple(self._tensor(self._place[first + child[source]]) for child in children[:arity])
        return _Group(function, start, stop, places, active)

    def _leaves(self, places: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Places, rows and arguments of leaves."""
        nodes = self._order[places]
        return (
            self._tensor(places),
            self._tensor(self._row[nodes]),
            self._tensor(self._tape.arg[self._source[nodes]]),
        )

    def _tensor(self, values: NDArray[Any]) -> torch.Tensor:
        return torch.as_tensor(values.astype(np.int64), device=self._device)

    @staticmethod
    def _is_operator(code: int) -> bool:
        return code >= 0 or code == FIXED_POWER


@dataclass(frozen=True)
class _FixedPower:
    """Raises each node's values to its own fixed exponent; `of` picks some of the nodes."""

    exponents: torch.Tensor

    def __call__(self, values: torch.Tensor) -> torch.Tensor:
        return torch.pow(values, self.exponents.to(values.dtype))

    def of(self, places: torch.Tensor) -> _FixedPower:
        return _FixedPower(self.exponents[places])


def _reverse(group: _Group, nodes: torch.Tensor, adjoint: torch.Tensor) -> None:
    """Hands the group's adjoints on to its children; every node has one parent."""
    children = [places[group.active] for places in group.children]
    arguments = [nodes[places].requires_grad_() for places in children]
    function = group.function.of(group.active) if isinstance(group.function, _FixedPower) else group.function
    with torch.enable_grad():
        result = function(*arguments)
    gradients = torch.autograd.grad(result, arguments, adjoint[group.start + group.active], allow_unused=True)
    for places, gradient in zip(children, gradients, strict=True):
        if gradient is not None:
            adjoint[places] = gradient


@kernel
def _levels(op, left, right, arg, arities, starts, level):
    """Level of each node: 0 for leaves, otherwise one more than the highest child's."""
    for row in range(len(starts) - 1):
        start = starts[row]
        for node in range(start, starts[row + 1]):
            if op[node] >= 0 or op[node] == FIXED_POWER:
                highest = max(level[start + left[node]], level[start + right[node]])
                if op[node] >= 0 and arities[op[node]] == 3:
                    highest = max(highest, level[start + arg[node]])
                level[node] = 1 + highest
