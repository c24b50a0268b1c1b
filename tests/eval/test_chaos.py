"""Chaotic systems, maps, driven systems and order 2 as they are measured."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from eval import chaos
from eval.other_motions import MOTIONS
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse

NAMES = ["x_0", "x_1"]


def system(*texts):
    return tuple(parse(text, NAMES) for text in texts)


def test_errors_are_shares_of_the_spread(rng):
    X = rng.standard_normal((500, 2))
    true = system("2*x_0", "x_1 - x_0")
    assert chaos.field_error(true, true, X) == 0
    assert chaos.field_error(system("2.02*x_0", "x_1 - x_0"), true, X) == pytest.approx(0.01, rel=0.1)
    assert chaos.field_error(system("log(x_0)", "x_1"), true, X) == np.inf


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("problem", MOTIONS, ids=lambda problem: problem.name)
def test_motions_are_what_their_equations_say(problem):
    times, states = problem.observe(0.0, 0)
    right = Program(list(problem.system)).values(problem.variables())
    n = len(problem.equations)
    if problem.motion.is_discrete:
        assert_allclose(right.T[:-1], states[1:], rtol=1e-9, atol=1e-9)
        return

    def rates(t, x):
        row = np.append(x, t)[None] if problem.motion.has_time else x[None]
        own = Program(list(problem.system)).values(row)[:, 0]
        return own if problem.motion.order == 1 else np.concatenate((x[n:], own))

    # Chaos lets two solvers part later on.
    end = times[40]
    found = solve_ivp(rates, (0, end), problem.initial, t_eval=times[:40], rtol=1e-9, atol=1e-11)
    assert_allclose(found.y.T[:, :n], states[:40], rtol=1e-5, atol=1e-5)


def test_a_run_counts_exact_fields(monkeypatch, capsys):
    logistic = [problem for problem in MOTIONS if problem.name.startswith("logistic map")]
    monkeypatch.setattr(chaos, "MOTIONS", logistic)
    chaos.main(noise="0", motions=True, time_limit=4.0)
    assert "| 0 | nsr | 100 | 100 | 100 | 1 |" in capsys.readouterr().out
