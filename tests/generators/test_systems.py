"""Systems: their trajectories solve them, they move, they are varied, and none is a benchmark's."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from generators.holdout import SystemHoldout
from generators.systems import SystemConfig, SystemGenerator, SystemSampler
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.expressions.simplify import length
from nsr.network.tokenizer import Tokenizer
from nsr.problems.suites import load_systems

CLEAN = SystemConfig(min_points=40, max_points=40, noise_share=0.0)
OBSERVED = SystemGenerator(CLEAN, seed=1).batch(60)


def test_trajectories_solve_their_systems():
    n_followed = 0
    observed = zip(OBSERVED.times, OBSERVED.states, OBSERVED.systems, strict=True)
    for times, states, system in islice(observed, 23):
        program, n = Program(system), len(system)
        with np.errstate(all="ignore"):
            expected = solve_ivp(
                lambda _, x, program=program: program.values(x[None])[:, 0],
                (times[0], times[-1]),
                states[0, :n],
                method="LSODA",
                t_eval=np.minimum(times, times[-1]),
                rtol=1e-9,
                atol=1e-11,
            )
        # What is sensitive parts later; and where the domain ends SciPy's method does not try a smaller step.
        is_there = np.isfinite(expected.y).all(axis=0)
        half = len(times) // 2
        reached = half if is_there.all() else min(half, int(np.argmin(is_there)))
        n_followed += reached == half
        scale = np.abs(expected.y[:, :reached]).max()
        np.testing.assert_allclose(states[:reached, :n], expected.y.T[:reached], atol=2e-2 * scale)
    assert n_followed >= 20


def test_every_state_moves_and_stays_in_bounds():
    for states, system in zip(OBSERVED.states, OBSERVED.systems, strict=True):
        own = states[:, : len(system)]
        assert np.all(np.ptp(own, axis=0) > 0)
        assert np.abs(own).max() < 1e3
        assert not states[:, len(system) :].any()


def test_times_begin_at_zero_and_ascend_evenly_or_not():
    steps = np.diff(OBSERVED.times, axis=1)
    assert np.all(OBSERVED.times[:, 0] == 0)
    assert np.all(steps > 0)
    even = np.ptp(steps, axis=1) < 1e-9 * OBSERVED.times[:, -1]
    assert 0.4 < even.mean() < 0.8


def test_systems_are_varied_and_can_be_written():
    tokenizer = Tokenizer()
    sizes = [len(system) for system in OBSERVED.systems]
    assert {1, 2, 3} <= set(sizes)
    for system in OBSERVED.systems:
        assert max(map(length, system)) <= CLEAN.max_length
        assert tokenizer.decode_system(tokenizer.encode(system)) == system
    assert len(set(OBSERVED.systems)) > 55


def test_no_system_is_a_benchmarks():
    holdout = SystemHoldout.default()
    sampler = SystemSampler(CLEAN, np.random.default_rng(0))
    assert not any(holdout.contains(sampler.sample()) for _ in range(300))


def test_benchmark_systems_are_known_in_other_names_and_constants():
    holdout = SystemHoldout.default()
    assert all(holdout.contains(problem.system) for problem in load_systems("odebench"))
    assert holdout.contains([parse("-0.7*x_0*x_1 + 5*x_0"), parse("x_0*x_1*0.2 - 3*x_1")])  # Lotka, Volterra
    assert not holdout.contains([parse("x_1"), parse("-2*tanh(x_0) + 0.3*x_1")])


def test_noise_is_relative_or_additive_and_a_seed_gives_the_same_again():
    noisy = SystemGenerator(replace(CLEAN, noise_share=1.0, max_noise=0.1), seed=1).batch(60)
    first, again = (SystemGenerator(CLEAN, seed=3).batch(5) for _ in range(2))
    assert noisy.systems == OBSERVED.systems
    error = noisy.states - OBSERVED.states
    with np.errstate(all="ignore"):
        relative = np.nanstd(error / OBSERVED.states, axis=(1, 2))
        additive = np.nanstd(error / OBSERVED.states.std(axis=1, keepdims=True), axis=(1, 2))
    assert np.minimum(relative, additive).max() < 0.13
    assert 0.5 < np.mean(relative < 0.13) < 1
    assert np.median(relative) == pytest.approx(0.05, rel=0.5)
    assert first.systems == again.systems
    np.testing.assert_array_equal(first.states, again.states)


def test_what_runs_away_is_observed_until_before_it_does():
    bounded = SystemGenerator(replace(CLEAN, runaway_share=0.0), seed=1).batch(60)
    growth = [
        np.abs(o.states).max(axis=(1, 2)) / np.abs(o.states[:, 0]).max(axis=1) for o in (OBSERVED, bounded)
    ]
    assert np.mean(growth[0] > 30) > np.mean(growth[1] > 30)
    assert all(np.isfinite(o.states).all() for o in (OBSERVED, bounded))
