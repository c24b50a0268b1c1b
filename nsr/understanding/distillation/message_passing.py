"""`nsr.distill.message_passing`: the law between particles, from how they move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import make_interp_spline
from sklearn.base import clone

from nsr.regressor import SymbolicRegressor
from nsr.understanding.distillation.directions import n_informative, shares_of_variance
from nsr.understanding.distillation.graph_network import GraphNetwork, Pairs, Training, trained
from nsr.understanding.distillation.pulls import Pull, chosen_pull
from nsr.understanding.explained import LEAST_EXPLAINED, r_squared

Array = NDArray[np.float64]

_AXES = ("x", "y", "z")
_SHARE_UNSEEN = 0.2
_LEAST_SNAPSHOTS = 20
# The spline needs neighbours on both sides of a time, and is less sure near its ends.
_DEGREE, _N_ENDS = 5, 3


@dataclass(frozen=True, eq=False)
class Law:
    """What particles do to each other.

    Attributes:
        network: The graph network, trained.
        skill: Share of the variance of accelerations that it explains in snapshots that it has not seen.
        shares: Of the messages' variance, those of their principal components, the largest first.
        n_directions: How many of these carry information.
        pulls: For each axis the equation of the acceleration of particle i that particle j causes; empty
            where the network has learned nothing.
        pairs: What the equations are about, a sample: `dx`, `dy`, ... from i to j, their distance `r`, each
            property as `NAME_i` and `NAME_j`, and the pulls of the network as `pull_x`, `pull_y`, ...
        hidden: The hidden property of each particle, of root mean square 1, its largest value positive; None
            where none was asked for.
    """

    network: GraphNetwork
    skill: float
    shares: Array
    n_directions: int
    pulls: tuple[Pull, ...]
    pairs: pd.DataFrame
    hidden: pd.Series | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to find: no skill, or no pull that an equation explains."""
        return not any(one.is_found for one in self.pulls)

    @property
    def equations(self) -> dict[str, str]:
        """The equations that were found, by the names of pulls."""
        named = zip(_AXES, self.pulls, strict=False)
        return {f"pull_{axis}": one.equation for axis, one in named if one.is_found}

    def __str__(self) -> str:
        skill = f"the network explains {max(self.skill, 0.0):.2%} of the variance of unseen accelerations"
        if self.skill < LEAST_EXPLAINED:
            return f"nothing to find\n{skill}"
        lines = [*(["nothing to find"] if self.is_empty else []), skill]
        lines.append(
            f"{self.n_directions} of {len(self.shares)} directions of its messages carry information"
        )
        if self.hidden is not None:
            lines.append(f"{self.hidden.name} of particles: {', '.join(f'{one:.3f}' for one in self.hidden)}")
        return "\n".join(
            [*lines, *(f"pull_{axis} = {one}" for axis, one in zip(_AXES, self.pulls, strict=False))]
        )


def message_passing(
    positions: ArrayLike,
    accelerations: ArrayLike | None = None,
    times: ArrayLike | None = None,
    properties: Mapping[str, ArrayLike] | None = None,
    hidden: str | None = None,
    training: Training | None = None,
    tolerance: float = 0.01,
    estimator: SymbolicRegressor | None = None,
    n_rows: int = 1000,
) -> Law:
    """Trains a graph network to accelerations and finds equations for its messages (arXiv:2006.11287).

    Args:
        positions: Of particles, shape (n_snapshots, n_particles, n_dimensions); or of several runs,
            shape (n_runs, n_times, n_particles, n_dimensions).
        accelerations: Of the same shape. By default they are the second derivatives of a spline through
            `positions`, whose snapshots, or those of each run, are then at `times`; the outermost are
            left out.
        times: Shape (n_times,), increasing.
        properties: What messages may depend on besides displacement and distance, such as masses: by name,
            of shape (n_particles,), or with the leading axes of `positions`.
        hidden: What a property is called that nobody has observed, such as a charge. It is a number of each
            particle, the same in all snapshots, to which what the particle does to others is proportional; so
            it is found up to a factor.
        training: How the network is trained; the defaults of `Training` where there is none.
        tolerance: Share of the messages' variance that directions which carry information may leave out.
        estimator: How to search; it is cloned for each axis.
        n_rows: Pairs, drawn at random, that are searched for an equation.

    Returns:
        The law; it is empty where the network explains less than half of the variance of accelerations in the
        fifth of the snapshots, the last ones, that it has not seen.

    Raises:
        ValueError: If shapes do not fit, values are not finite, two particles are at one place, there are
            fewer than twenty snapshots, or the hidden property is given.
    """
    training = training or Training()
    if hidden in (properties or {}):
        raise ValueError(f"{hidden!r} is hidden and among the properties: leave it out of one of them")
    pairs, columns = _pairs(positions, accelerations, times, properties or {}, hidden)
    n_seen = len(pairs.table) - int(_SHARE_UNSEEN * len(pairs.table))
    seen, unseen = pairs.of(slice(None, n_seen)), pairs.of(slice(n_seen, None))
    network = trained(seen, training, hidden is not None)
    with torch.no_grad():
        predicted = network(torch.as_tensor(unseen.table, dtype=torch.float32)).sum(dim=2).numpy()
        rows = torch.as_tensor(pairs.table.reshape(-1, len(columns)), dtype=torch.float32)
        messages, pulls = network.messages(rows).double().numpy(), network(rows).double().numpy()
    n_axes = pulls.shape[1]
    skill = r_squared(predicted.reshape(-1, n_axes), unseen.accelerations.reshape(-1, n_axes))
    shares, found_hidden = shares_of_variance(messages), _hidden(network, hidden)
    if found_hidden is not None:
        pairs, seen, unseen = (one.revealed(found_hidden.to_numpy()) for one in (pairs, seen, unseen))
    chosen = np.random.default_rng(training.seed).permutation(len(pulls))[:n_rows]
    table = pd.DataFrame(pairs.table.reshape(-1, len(columns))[chosen], columns=columns)
    found: tuple[Pull, ...] = ()
    if skill >= LEAST_EXPLAINED:
        searched = [_searched(estimator, table, values) for values in pulls[chosen].T]
        found = tuple(chosen_pull(searched, tuple(columns), axis, seen, unseen) for axis in range(n_axes))
    for axis, values in zip(_AXES, pulls[chosen].T, strict=False):
        table[f"pull_{axis}"] = values
    return Law(network, skill, shares, n_informative(shares, tolerance), found, table, found_hidden)


def _hidden(network: GraphNetwork, name: str | None) -> pd.Series | None:
    """Strengths of particles, whose factor is arbitrary, in units of their root mean square."""
    if network.strengths is None:
        return None
    values = network.strengths.detach().double().numpy()
    values = values / np.sqrt(np.mean(values**2)) * np.sign(values[np.argmax(np.abs(values))])
    return pd.Series(values, name=name, index=pd.RangeIndex(len(values), name="particle"))


def _searched(estimator: SymbolicRegressor | None, table: pd.DataFrame, values: Array) -> SymbolicRegressor:
    return (SymbolicRegressor() if estimator is None else clone(estimator)).fit(table, values)


def _pairs(
    positions: ArrayLike,
    accelerations: ArrayLike | None,
    times: ArrayLike | None,
    properties: Mapping[str, ArrayLike],
    hidden: str | None,
) -> tuple[Pairs, list[str]]:
    """Ordered pairs (i, j) of particles, and names of the columns of their table.

    Those of a hidden property hold the numbers of both particles.
    """
    places = np.asarray(positions, dtype=np.float64)
    if places.ndim not in {3, 4} or not 1 <= places.shape[-1] <= len(_AXES) or places.shape[-2] < 2:
        raise ValueError(
            f"positions have shape {places.shape}: give (n_snapshots, n_particles, n_dimensions) or "
            "(n_runs, n_times, n_particles, n_dimensions), of two particles or more and three axes or fewer"
        )
    given = properties if hidden is None else {**properties, hidden: np.arange(places.shape[-2])}
    own = {name: _property(name, values, places) for name, values in given.items()}
    if accelerations is None:
        targets, inner = _second_derivatives(places, times)
        places, own = places[..., inner, :, :], {name: values[..., inner, :] for name, values in own.items()}
    else:
        targets = np.asarray(accelerations, dtype=np.float64)
    if targets.shape != places.shape:
        raise ValueError(f"accelerations have shape {targets.shape}, but positions {places.shape}")
    n_particles, n_axes = places.shape[-2:]
    flat, targets = places.reshape(-1, n_particles, n_axes), targets.reshape(-1, n_particles, n_axes)
    if not np.isfinite(flat).all() or not np.isfinite(targets).all():
        raise ValueError("positions or accelerations are not finite: leave such snapshots out")
    if len(flat) < _LEAST_SNAPSHOTS:
        raise ValueError(f"{len(flat)} snapshots are too few: give {_LEAST_SNAPSHOTS} at least")
    first, second = _ordered(n_particles)
    apart = flat[:, second] - flat[:, first]
    distance = np.linalg.norm(apart, axis=-1)
    if not distance.all():
        raise ValueError("two particles are at one place: leave such snapshots out")
    columns = [f"d{axis}" for axis in _AXES[:n_axes]] + ["r"]
    parts = [apart, distance[..., None]]
    for name, values in own.items():
        by_snapshot = values.reshape(-1, n_particles)
        columns += [f"{name}_i", f"{name}_j"]
        parts += [by_snapshot[:, first, None], by_snapshot[:, second, None]]
    table = np.concatenate(parts, axis=-1)
    return Pairs(table.reshape(len(flat), n_particles, n_particles - 1, -1), targets), columns


def _ordered(n_particles: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    first, second = np.nonzero(~np.eye(n_particles, dtype=bool))
    return first, second


def _property(name: str, values: ArrayLike, places: Array) -> Array:
    own = np.asarray(values, dtype=np.float64)
    try:
        return np.broadcast_to(own, places.shape[:-1])
    except ValueError:
        raise ValueError(
            f"the property {name!r} has shape {own.shape}: give one value for each particle, "
            f"{places.shape[-2:-1]}, or for each in each snapshot, {places.shape[:-1]}"
        ) from None


def _second_derivatives(places: Array, times: ArrayLike | None) -> tuple[Array, slice]:
    """Accelerations at the times but the outermost, and which times these are."""
    if times is None:
        raise ValueError("give accelerations, or the times of positions, from which they are derived")
    at = np.asarray(times, dtype=np.float64)
    n_times, inner = places.shape[-3], slice(_N_ENDS, -_N_ENDS)
    if at.shape != (n_times,) or n_times <= _DEGREE + 2 * _N_ENDS or (np.diff(at) <= 0).any():
        raise ValueError(
            f"times have shape {at.shape}: give {n_times} that increase, more than {_DEGREE + 2 * _N_ENDS}"
        )
    spline = make_interp_spline(at, np.moveaxis(places, -3, 0), k=_DEGREE)
    return np.moveaxis(spline.derivative(2)(at), 0, -3)[..., inner, :, :], inner
