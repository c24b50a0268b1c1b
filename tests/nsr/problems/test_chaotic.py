"""The table of chaotic systems."""

from __future__ import annotations

import json

import numpy as np
import pytest

from generators.holdout import SystemHoldout
from nsr.ode.integrate import Systems
from nsr.problems.formulas import TABLES
from nsr.problems.suites import load_systems

PROBLEMS = load_systems("chaotic")
SHIFT = 1e-7


def test_systems_with_their_sources_are_held_out():
    rows = json.loads((TABLES / "chaotic.json").read_text())
    assert len({row["name"] for row in rows}) == len(rows) == 33
    assert all(row["source"] for row in rows)
    holdout = SystemHoldout.default()
    assert all(holdout.contains(problem.system) for problem in PROBLEMS)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_neighbours_part_and_stay_in_bounds(problem):
    """The largest Lyapunov exponent is positive (Benettin and others, Meccanica 15, 1980)."""
    compiled, period = Systems([problem.system]), problem.time_span[1] / 12
    states = np.array([problem.initial_values[0]] * 2)
    states[1] += SHIFT / np.sqrt(states.shape[1])
    grown = []
    for _ in range(60):
        states = compiled.integrate(
            states, np.tile([0.0, period], (2, 1)), index=np.zeros(2, np.int64), rtol=1e-9, max_steps=10**6
        )[:, -1]
        apart = states[1] - states[0]
        grown.append(np.log(np.linalg.norm(apart) / SHIFT))
        states[1] = states[0] + apart * SHIFT / np.linalg.norm(apart)
    assert np.mean(grown[10:]) > 0.02
    assert np.all(np.abs(states) < 1e3)
