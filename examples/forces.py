"""Force laws out of a graph network, after Cranmer et al. (arXiv:2006.11287).

`python -m examples.forces spring` (or `gravity`, `charge`, `hidden-charge`, `noise`) lets four particles move
in a plane, trains a graph network to the accelerations that their trajectories show, and finds equations for
its messages. What is found is compared with the law itself, also at distances that the trajectories do not
reach. Of hidden charges, which are those of the same six particles in all runs, the network is told nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

import nsr
from examples.measured import Output, save
from nsr.understanding.distillation.graph_network import Training
from nsr.understanding.distillation.message_passing import Law
from nsr.understanding.explained import r_squared

Array = NDArray[np.float64]

_N_AXES, _NEAREST, _FARTHEST = 2, 0.4, 8.0
# Steps of the integrator between observed times, and observed times of each run.
_STEP, _STEPS_BETWEEN, _N_TIMES = 0.005, 8, 14


class Kind(StrEnum):
    """What particles do to each other."""

    SPRING = "spring"
    GRAVITY = "gravity"
    CHARGE = "charge"
    HIDDEN_CHARGE = "hidden-charge"
    NOISE = "noise"


# The acceleration towards the other particle, by distance and the properties of both.
LAWS: dict[Kind, Callable[[Array, Array, Array], Array]] = {
    Kind.SPRING: lambda r, own, other: 2 * (r - 1) + 0 * own * other,
    Kind.GRAVITY: lambda r, own, other: other / r**2 + 0 * own,
    Kind.CHARGE: lambda r, own, other: -own * other / r**2,
    Kind.HIDDEN_CHARGE: lambda r, own, other: -own * other / r**2,
}
# What the property is called, and between which values it lies.
PROPERTIES = {
    Kind.SPRING: ("mass", 0.5, 2.0), Kind.GRAVITY: ("mass", 0.5, 2.0), Kind.CHARGE: ("charge", -1.5, 1.5),
    Kind.HIDDEN_CHARGE: ("charge", -1.5, 1.5), Kind.NOISE: ("mass", 0.5, 2.0),
}  # fmt: skip


def population(kind: Kind) -> tuple[int, float]:
    """How many particles there are, and how far from the origin along each axis they may begin."""
    return (6, 2.5) if kind is Kind.HIDDEN_CHARGE else (4, 2.0)


def accelerations(kind: Kind, positions: Array, values: Array) -> Array:
    """Of particles at `positions` (n, n_particles, n_axes), with properties `values` (n, n_particles)."""
    apart = positions[:, None] - positions[:, :, None]
    r = np.linalg.norm(apart, axis=-1) + np.eye(positions.shape[1])
    pulls = LAWS[kind](r, values[:, :, None], values[:, None])[..., None] * apart / r[..., None]
    return np.asarray(pulls.sum(axis=2))


def nearest(positions: Array) -> Array:
    """The least distance of two particles in each run, shape (n,)."""
    apart = np.linalg.norm(positions[:, None] - positions[:, :, None], axis=-1)
    return np.asarray((apart + 1e9 * np.eye(positions.shape[1])).min(axis=(1, 2)))


def simulated(kind: Kind, n_runs: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Trajectories by the velocity Verlet method, without runs in which two particles come close.

    Returns:
        Positions, shape (n, n_times, n_particles, n_axes); times; and properties, shape (n, 1, n_particles).
    """
    n_particles, widest = population(kind)
    places = rng.uniform(-widest, widest, (4 * n_runs, n_particles, _N_AXES))
    places = places[nearest(places) > _NEAREST][:n_runs]
    speeds = rng.normal(size=places.shape)
    n_drawn = 1 if kind is Kind.HIDDEN_CHARGE else len(places)
    drawn = rng.uniform(*PROPERTIES[kind][1:], (n_drawn, n_particles))
    values = np.broadcast_to(drawn, places.shape[:-1])
    apart, seen = nearest(places), [places]
    pull = accelerations(kind, places, values)
    for _ in range(_N_TIMES - 1):
        for _ in range(_STEPS_BETWEEN):
            speeds = speeds + _STEP / 2 * pull
            places = places + _STEP * speeds
            pull = accelerations(kind, places, values)
            speeds = speeds + _STEP / 2 * pull
            apart = np.minimum(apart, nearest(places))
        seen.append(places)
    kept = apart > _NEAREST
    times = _STEP * _STEPS_BETWEEN * np.arange(_N_TIMES)
    return np.stack(seen, axis=1)[kept], times, values[kept][:, None]


def learned(
    kind: Kind, n_runs: int, training: Training, estimator: nsr.SymbolicRegressor, seed: int
) -> tuple[Law, Array]:
    """The law that the graph network has learned, and properties of the last run, shape (n_particles,).

    Accelerations of `noise` are drawn at random.
    """
    rng = np.random.default_rng(seed)
    name = PROPERTIES[kind][0]
    if kind is Kind.NOISE:
        n_particles, widest = population(kind)
        places = rng.uniform(-widest, widest, (n_runs, n_particles, _N_AXES))
        values = rng.uniform(*PROPERTIES[kind][1:], places.shape[:-1])
        observed = {"positions": places, "accelerations": rng.normal(size=places.shape)}
    else:
        places, times, values = simulated(kind, n_runs, rng)
        observed = {"positions": places, "times": times}
    is_hidden = kind is Kind.HIDDEN_CHARGE
    law = nsr.distill.message_passing(
        **observed, properties={} if is_hidden else {name: values}, hidden=name if is_hidden else None,
        training=training, estimator=estimator,
    )  # fmt: skip
    return law, values[-1].ravel()


def beyond(kind: Kind, law: Law, values: Array, seed: int, n: int = 2000) -> tuple[float, float]:
    """Shares of the law's variance that equations and network explain between distances of 0.4 and 8.

    Args:
        kind: Says what the law is.
        law: What was learned.
        values: Properties of the particles, shape (n_particles,); new ones are drawn unless they are hidden.
        seed: Of the pairs.
        n: How many pairs.
    """
    import torch

    rng = np.random.default_rng(seed + 1000)
    r, turn = rng.uniform(_NEAREST, _FARTHEST, n), rng.uniform(0, 2 * np.pi, n)
    apart = r[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])
    if law.hidden is None:
        own = for_network = in_law = rng.uniform(*PROPERTIES[kind][1:], (n, 2))
    else:
        for_network = rng.permuted(np.tile(np.arange(len(values)), (n, 1)), axis=1)[:, :2]
        own, in_law = values[for_network], law.hidden.to_numpy()[for_network]
    true = LAWS[kind](r, *own.T)[:, None] * apart / r[:, None]
    table = np.column_stack([apart, r, in_law])
    ours = np.column_stack([pull.predict(table) for pull in law.pulls])
    inputs = torch.tensor(np.column_stack([apart, r, for_network]), dtype=torch.float32)
    with torch.no_grad():
        theirs = law.network(inputs).double().numpy()
    # Of accelerations in units of their size there, so that the nearest pairs do not decide alone.
    size = np.linalg.norm(true, axis=1, keepdims=True).clip(1e-3)
    return r_squared(ours / size, true / size), r_squared(theirs / size, true / size)


def main(
    kind: Annotated[Kind, typer.Argument(help="what particles do to each other")] = Kind.SPRING,
    runs: Annotated[int, typer.Option(help="trajectories to simulate")] = 3000,
    steps: Annotated[int, typer.Option(help="of training")] = Training.n_steps,
    time_limit: Annotated[float, typer.Option(help="seconds to search, for each axis")] = 40.0,
    seed: Annotated[int, typer.Option(help="of trajectories, network and search")] = 0,
    output: Output = None,
) -> None:
    """Print the law that was found, and how it holds where no particle has been."""
    estimator = nsr.SymbolicRegressor(time_limit=time_limit, random_state=seed)
    law, values = learned(kind, runs, Training(n_steps=steps, seed=seed), estimator, seed)
    print(law)
    figures = {"law": kind.value, "seed": seed, "runs": runs, "steps": steps, "skill": law.skill}
    figures |= {"directions": law.n_directions, **law.equations}
    if law.hidden is not None:
        figures |= {"charges": values.tolist(), "hidden": law.hidden.tolist()}
        figures["correlation"] = float(np.corrcoef(values, law.hidden)[0, 1])
        print(f"correlation with the true charges: {figures['correlation']:.6f}")
    if law.pulls:
        figures["equations_beyond"], figures["network_beyond"] = beyond(kind, law, values, seed)
        print(
            f"at distances of 0.4 to 8, the equations explain {figures['equations_beyond']:.4%} of the law, "
            f"the network {figures['network_beyond']:.2%}"
        )
    save(figures, output)


if __name__ == "__main__":
    typer.run(main)
