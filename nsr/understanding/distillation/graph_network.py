"""A graph network with sparse messages: what particles do to each other, learned from their accelerations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Array = NDArray[np.float64]

_BATCH, _RATE = 128, 5e-3
# Where the root in the penalty would have no slope.
_ROOT_FROM = 1e-6
# Shares of the steps after which the penalty begins and ends; of the largest component, below which more go.
_LEARNS, _SETTLES, _SMALL = 0.25, 0.6, 0.1


@dataclass(frozen=True)
class Training:
    """How the network is trained.

    Attributes:
        hidden: Width of the two hidden layers.
        n_messages: Components of a message; the sparsity leaves as many as are needed.
        sparsity: Weight of the penalty on messages.
        n_steps: Steps of Adam, of 128 snapshots each.
        seed: Of weights and batches.
    """

    hidden: int = 64
    n_messages: int = 16
    sparsity: float = 3.0
    n_steps: int = 8000
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Pairs:
    """All ordered pairs of particles in snapshots.

    Attributes:
        table: What a message may depend on, shape (n_snapshots, n_particles, n_particles - 1, n_columns):
            displacement, distance and properties; where one is hidden, at last the numbers of both particles.
        accelerations: Of the particles, shape (n_snapshots, n_particles, n_dimensions).
    """

    table: Array
    accelerations: Array

    def of(self, snapshots: slice) -> Pairs:
        """Some of the snapshots."""
        return Pairs(self.table[snapshots], self.accelerations[snapshots])

    def revealed(self, hidden: Array) -> Pairs:
        """The same with values of a hidden property, shape (n_particles,), in place of particles' numbers."""
        own = hidden[self.table[..., -2:].astype(np.intp)]
        return Pairs(np.concatenate([self.table[..., :-2], own], axis=-1), self.accelerations)


class GraphNetwork(nn.Module):
    """Accelerations as sums of messages along directions of unit length.

    In Cranmer et al. (arXiv:2006.11287) a second network makes accelerations from sums of messages. Here
    that map is linear, as accelerations by several bodies add up: no more than a linear map is left for a
    message to hide behind. A hidden property is a strength of each particle, by which all that it does to
    others is multiplied: so it is known up to a factor, and no curve of it would do as well. How a particle
    takes what others do is learned for each of them, so that two particles of unlike strengths need not be
    alike on the way to values that are right.

    Attributes:
        message: The network from a pair to its message.
        directions: Of message components in space, shape (n_dimensions, n_messages), before normalisation.
        strengths: Of particles, shape (n_particles,); None where no property is hidden.
        is_used: One for components that the penalty has left, zero for others, shape (n_messages,).
    """

    strengths: nn.Parameter | None
    is_used: Tensor
    mean: Tensor
    spread: Tensor
    scale: Tensor

    def __init__(self, pairs: Pairs, training: Training, is_hidden: bool = False) -> None:
        super().__init__()
        n_particles, n_dimensions = pairs.accelerations.shape[-2:]
        width, self.n_dimensions = training.hidden, n_dimensions
        known = pairs.table[..., :-2] if is_hidden else pairs.table
        rows = self._with_logarithm(_tensor(known.reshape(-1, known.shape[-1])))
        self.message = nn.Sequential(
            nn.Linear(rows.shape[1] + is_hidden * n_particles, width), nn.SiLU(),
            nn.Linear(width, width), nn.SiLU(), nn.Linear(width, training.n_messages),
        )  # fmt: skip
        self.directions = nn.Parameter(torch.randn(n_dimensions, training.n_messages))
        strengths = nn.Parameter(torch.randn(n_particles)) if is_hidden else None
        self.register_parameter("strengths", strengths)
        self.register_buffer("is_used", torch.ones(training.n_messages))
        spread = rows.std(dim=0)
        self.register_buffer("mean", rows.mean(dim=0))
        self.register_buffer("spread", torch.where(spread > 0, spread, 1.0))
        self.register_buffer("scale", _tensor(np.abs(pairs.accelerations).mean()))

    def messages(self, table: Tensor) -> Tensor:
        """Messages, shape (..., n_messages), in units of the mean acceleration, of pairs (..., n_columns)."""
        result: Tensor
        if self.strengths is None:
            result = self.message(self._standard(table))
        else:
            taker, giver = table[..., -2:].long().unbind(dim=-1)
            who = nn.functional.one_hot(taker, len(self.strengths))
            inputs = torch.cat([self._standard(table[..., :-2]), who.to(table.dtype)], dim=-1)
            result = self.message(inputs) * self.strengths[giver].unsqueeze(-1)
        return result * self.is_used

    def _standard(self, table: Tensor) -> Tensor:
        return (self._with_logarithm(table) - self.mean) / self.spread

    def _with_logarithm(self, table: Tensor) -> Tensor:
        """Pairs with the logarithm of their distance, in which laws over decades are smooth."""
        distance = table[..., self.n_dimensions : self.n_dimensions + 1]
        return torch.cat([table, distance.log()], dim=-1)

    def in_space(self, messages: Tensor) -> Tensor:
        """Accelerations, shape (..., n_dimensions), in those units, that messages stand for."""
        result: Tensor = messages @ nn.functional.normalize(self.directions, dim=0).T
        return result

    def forward(self, table: Tensor) -> Tensor:
        """Accelerations that particles cause, shape (..., n_dimensions), of pairs (..., n_columns)."""
        return self.in_space(self.messages(table)) * self.scale


def trained(pairs: Pairs, training: Training, is_hidden: bool = False) -> GraphNetwork:
    """A network that is trained to the mean absolute error of accelerations, with messages kept sparse.

    It first learns freely, then under a penalty, and settles without the penalty once components that this
    has made small are taken away. The penalty is the sum over components of the root of their mean size.
    Directions have unit length, so that it cannot be evaded by scaling; and a root prefers few large
    components to many small ones, which a plain L1 penalty does not, as two directions span a plane at the
    same cost as sixteen.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.seed)
        network = GraphNetwork(pairs, training, is_hidden)
    draw = torch.Generator().manual_seed(training.seed)
    table, target = _tensor(pairs.table), _tensor(pairs.accelerations) / network.scale
    optimizer = torch.optim.Adam(network.parameters(), lr=_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=training.n_steps)
    penalized = range(int(_LEARNS * training.n_steps), int(_SETTLES * training.n_steps))
    for step in range(training.n_steps):
        batch = torch.randint(len(table), (_BATCH,), generator=draw)
        messages = network.messages(table[batch])
        loss = (network.in_space(messages.sum(dim=2)) - target[batch]).abs().mean()
        sizes = messages.abs().flatten(0, -2).mean(dim=0)
        if step in penalized:
            loss = loss + training.sparsity * (sizes + _ROOT_FROM).sqrt().mean()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step == penalized.stop:
            network.is_used.copy_(sizes > _SMALL * sizes.max())
    return network


def _tensor(values: Array | np.floating) -> Tensor:
    return torch.as_tensor(np.asarray(values), dtype=torch.float32)
