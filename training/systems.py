"""Observed systems as training problems: local slopes in, right-hand sides out."""

from __future__ import annotations

import numpy as np

from generators.functions import Problems
from generators.systems import Observations, System
from nsr.expressions.simplify import strip_scale
from nsr.ode.slopes import as_targets, local_slopes


def as_problems(observations: Observations, n_rows: int, seed: int) -> Problems[System]:
    """What the network sees of systems, and the systems up to each component's scale.

    Args:
        observations: B systems.
        n_rows: Rows of slopes of each.
        seed: Of the rows.
    """
    rows = local_slopes(observations.times, observations.states, n_rows, np.random.default_rng(seed))
    systems = [tuple(strip_scale(component) for component in system) for system in observations.systems]
    n_states = np.array([len(system) for system in systems], dtype=np.int64)
    return Problems(rows.states.astype(np.float32), as_targets(rows), n_states, systems)
