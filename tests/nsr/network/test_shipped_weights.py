"""The weights that ship: they load, and they know equations that they were never shown."""

import numpy as np
import pytest
import torch

from nsr.clock import Clock
from nsr.expressions.canonical import skeleton_key
from nsr.expressions.parsing import parse
from nsr.network.checkpoint import DEFAULT_CHECKPOINT, from_pretrained
from nsr.network.guess import guess, likely
from nsr.ode.neural import by_systems
from nsr.ode.settings import OdeSettings
from nsr.ode.task import OdeTask
from nsr.ode.trajectories import Trajectory


@pytest.fixture(scope="module")
def functions():
    return from_pretrained(DEFAULT_CHECKPOINT)


def skeletons(expressions):
    return [skeleton_key(expression) for expression in expressions]


def test_the_network_for_functions_guesses_a_product_of_powers(functions):
    X = np.random.default_rng(0).uniform(1, 5, (200, 2))
    y = 3 * X[:, 0] * X[:, 1] ** 2
    guesses = guess(functions, X, y, n_candidates=256, seed=0)
    assert len(guesses) > 5  # well-formed: every one was decoded
    assert all(set(expression.variables) <= {0, 1} for expression in guesses)
    assert skeleton_key(parse("x_0*x_1**2")) in skeletons(guesses)
    assert guess(functions, X, y, n_candidates=256, seed=0) == guesses


def test_the_guess_follows_the_data(functions):
    X = np.random.default_rng(0).uniform(1, 5, (200, 2))
    guesses = guess(functions, X, X[:, 0] + np.sin(X[:, 1]), n_candidates=64, seed=0)
    assert skeleton_key(parse("x_0*x_1**2")) not in skeletons(guesses)
    assert skeleton_key(parse("x_0 + sin(x_1)")) in skeletons(guesses)


def test_the_likeliest_form_is_the_law_with_most_of_the_probability(functions):
    X = np.random.default_rng(0).uniform(1, 5, (200, 2))
    pairs = likely(functions, X, 3 * X[:, 0] ** 3 / X[:, 1] ** 2, n_candidates=64, seed=0)
    probabilities = [probability for _, probability in pairs]
    assert skeleton_key(pairs[0][0]) == skeleton_key(parse("2*x_0**3/x_1**2"))
    assert probabilities[0] > 0.5
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) <= 1


def test_the_network_for_systems_guesses_growth_and_decay():
    times = np.linspace(0, 5, 100)
    trajectory = Trajectory(times, np.column_stack((3 * np.exp(-0.7 * times), np.exp(0.4 * times))))
    found = by_systems(
        from_pretrained("nsr-ode"), OdeTask((trajectory,), OdeSettings(), seed=0, n_threads=1), 32, Clock()
    )
    assert len(found) == 2
    for place, expressions in enumerate(found):
        assert skeleton_key(parse(f"2*x_{place}")) in skeletons(expressions)
        assert all(set(e.variables) <= {0, 1} for e in expressions)


@pytest.mark.parametrize("name", [DEFAULT_CHECKPOINT, "nsr-ode"])
def test_weights_are_finite_and_written_to_be_read_alone(name):
    pretrained = from_pretrained(name)
    assert not pretrained.model.training
    assert pretrained.tokenizer.vocab_size == pretrained.config.vocab_size
    assert all(torch.isfinite(weights).all() for weights in pretrained.model.state_dict().values())
