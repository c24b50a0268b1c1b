"""Right-hand sides that the networks write: one that knows systems, and one that knows functions."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from nsr.clock import Clock
from nsr.data.scaling import Scaler
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.simplify import simplify, strip_scale
from nsr.network.checkpoint import Pretrained
from nsr.network.decoding import sample
from nsr.network.guess import distinct, guess
from nsr.ode.slopes import Slopes, as_targets, local_slopes
from nsr.ode.trajectories import Trajectory

Array = NDArray[np.float64]

_N_VIEWS = 8
# Rows of each view, shared by all trajectories.
_N_ROWS = 256


def by_systems(
    pretrained: Pretrained,
    trajectories: Sequence[Trajectory],
    n_candidates: int,
    seed: int,
    deadline: float = math.inf,
) -> list[list[Expression]]:
    """Asks a network that knows systems.

    Each view draws its own rows and order of states, as in `nsr.network.guess`.

    Args:
        pretrained: The network and its tokenizer.
        trajectories: Observations.
        n_candidates: Systems to sample.
        seed: Of the views and of the sampling.
        deadline: Of `time.monotonic`; systems that have not ended by then are left out.

    Returns:
        For each component, right-hand sides, one per skeleton, the most often sampled first, each with a
        constant factor in front; none if the network knows fewer states.
    """
    n_states = trajectories[0].states.shape[1]
    if n_states > pretrained.config.max_variables:
        return [[] for _ in range(n_states)]
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(n_states) for _ in range(min(_N_VIEWS, n_candidates))]
    views = [_rows(trajectories, rng) for _ in orders]
    scaler = Scaler.fit(np.concatenate([t.states for t in trajectories]), np.ones(1))
    size = np.sqrt(np.mean(np.concatenate([view.slopes[0] for view in views]) ** 2, axis=0))
    n_samples = -(-n_candidates // len(orders))
    sequences = _sampled(pretrained, views, orders, scaler.x_scale, n_samples, seed, deadline)
    found: list[list[Expression]] = [[] for _ in range(n_states)]
    for order, systems in zip(orders, sequences, strict=True):
        renamed = {place: variable(int(state)) for place, state in enumerate(order)}
        for ids in systems:
            for state, component in zip(order.tolist(), pretrained.tokenizer.decode_system(ids), strict=True):
                body = strip_scale(simplify(scaler.undo_variables(component.substitute(renamed))))
                found[state].append(apply("mul", constant(float(size[state]) or 1.0), body))
    return [distinct(expressions) for expressions in found]


def by_functions(
    pretrained: Pretrained,
    trajectories: Sequence[Trajectory],
    n_candidates: int,
    seed: int,
    deadline: float = math.inf,
) -> list[list[Expression]]:
    """Asks a network that knows functions for each derivative as a function of the states.

    Args:
        pretrained: The network and its tokenizer.
        trajectories: Observations.
        n_candidates: Sequences to sample for each component.
        seed: Of the sampling.
        deadline: Of `time.monotonic`, shared by the components; sequences that have not ended are left out.

    Returns:
        As `by_systems`.
    """
    states, slopes = smoothed(trajectories)
    if states.shape[1] > pretrained.config.max_variables:
        return [[] for _ in slopes.T]
    found = []
    for place, column in enumerate(slopes.T):
        now = time.monotonic()
        until = now + (deadline - now) / (slopes.shape[1] - place)
        found.append(
            guess(pretrained, states, column, n_candidates=n_candidates, seed=seed, clock=Clock(until))
        )
    return found


def smoothed(trajectories: Sequence[Trajectory]) -> tuple[Array, Array]:
    """Smoothed states and their derivatives at the times of observation, both (T, D)."""
    pairs = [trajectory.derivatives() for trajectory in trajectories]
    return np.concatenate([states for states, _ in pairs]), np.concatenate([slopes for _, slopes in pairs])


def _rows(trajectories: Sequence[Trajectory], rng: np.random.Generator) -> Slopes:
    """Slopes of all trajectories as one row of a batch, each with its share of `_N_ROWS`."""
    n_each = -(-_N_ROWS // len(trajectories))
    parts = [local_slopes(t.times[None], t.states[None], n_each, rng) for t in trajectories]
    return Slopes(*(np.concatenate([getattr(p, name) for p in parts], axis=1) for name in vars(parts[0])))


@torch.inference_mode()
def _sampled(
    pretrained: Pretrained,
    views: Sequence[Slopes],
    orders: Sequence[NDArray[np.int64]],
    scale: Array,
    n_samples: int,
    seed: int,
    deadline: float,
) -> list[list[list[int]]]:
    """Token sequences of systems for each view."""
    model = pretrained.model
    device = next(model.parameters()).device
    n_states, width = len(scale), pretrained.config.max_variables
    X = np.zeros((len(views), views[0].states.shape[1], n_states), np.float32)
    y = np.zeros((*X.shape[:2], 1 + width), np.float32)
    for place, (view, order) in enumerate(zip(views, orders, strict=True)):
        X[place] = (view.states[0] / scale)[:, order]
        y[place, :, [0, *(1 + np.arange(n_states))]] = as_targets(view)[0][:, [0, *(1 + order)]].T
    counts = torch.full((len(views),), n_states, device=device)
    memory = model.encode(torch.from_numpy(X).to(device), torch.from_numpy(y).to(device), counts)
    generator = torch.Generator(device=device).manual_seed(seed)
    return sample(
        model,
        pretrained.tokenizer,
        memory,
        counts,
        n_samples=n_samples,
        generator=generator,
        n_components=counts,
        clock=Clock(deadline),
    )
