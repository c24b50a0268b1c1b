"""What networks write about trajectories comes back in the user's states, order and units."""

import numpy as np
import pytest
import torch

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.expressions.simplify import simplify, strip_scale
from nsr.network.checkpoint import from_pretrained, save_pretrained
from nsr.network.config import ModelConfig
from nsr.network.model import Model
from nsr.network.tokenizer import Tokenizer
from nsr.ode import ODERegressor, neural
from nsr.ode.integrate import Systems
from nsr.ode.neural import by_functions, by_systems
from nsr.ode.settings import DEFAULTS
from nsr.ode.task import OdeTask
from nsr.ode.trajectories import Trajectory

PREDATION = (parse("1.1*x_0 - 0.4*x_0*x_1"), parse("0.1*x_0*x_1 - 0.4*x_1"), parse("0.3*x_0 - 0.2*x_2"))


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    """A tiny network for systems of up to three states."""
    torch.manual_seed(0)
    tokenizer = Tokenizer(3)
    config = ModelConfig(
        tokenizer.vocab_size, max_variables=3, d_model=16, n_heads=2, d_ffn=16, n_latents=4, max_length=60,
        n_targets=4,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("untrained")
    save_pretrained(folder, Model(config), tokenizer)
    return from_pretrained(folder)


def observed(scale: float = 1.0, end: float = 20.0) -> Trajectory:
    times = np.linspace(0, end, 150)
    return Trajectory(times, scale * Systems([PREDATION]).integrate(np.array([[10.0, 5, 1]]), times)[0])


def task(*trajectories: Trajectory) -> OdeTask:
    return OdeTask(trajectories, DEFAULTS, seed=0, n_threads=1)


def test_every_component_gets_expressions_of_the_states_there_are(untrained):
    found = by_systems(untrained, task(observed(), observed(end=5)), 16, Clock())
    assert [len(expressions) > 0 for expressions in found] == [True] * 3
    for expressions in found:
        assert all(set(expression.variables) <= {0, 1, 2} for expression in expressions)
        skeletons = [expression.skeleton() for expression in expressions]
        assert len(set(skeletons)) == len(skeletons)


def test_views_are_undone(untrained, monkeypatch):
    """A network that writes the truth, in whatever order and units it is shown it, is understood."""
    times = np.linspace(0, 20, 150)
    states = 1e6 * Systems([PREDATION]).integrate(np.array([[10.0, 5.0, 1.0]]), times)[0]
    trajectory = Trajectory(times, states)

    def truthful(pretrained, views, orders, scale, n_samples, seed, clock):
        written = []
        for order in orders.copy():
            shown = {
                int(state): parse(f"{scale[state] / 1e6}*x_{place}") for place, state in enumerate(order)
            }
            system = [strip_scale(simplify(PREDATION[state].substitute(shown))) for state in order]
            written.append([pretrained.tokenizer.encode(system)])
        return written

    monkeypatch.setattr(neural, "_sampled", truthful)
    found = by_systems(untrained, task(trajectory), 4, Clock())
    for expressions, truth in zip(found, PREDATION, strict=True):
        expected = Program([truth]).values(states[::10] / 1e6)[0]
        for values in Program(expressions).values(states[::10]):
            np.testing.assert_allclose(values / expected, np.full(15, values[0] / expected[0]), rtol=0.05)


def test_too_many_states_for_the_network_are_no_error(untrained):
    states = np.random.default_rng(0).standard_normal((30, 5))
    assert by_systems(untrained, task(Trajectory(np.arange(30.0), states)), 4, Clock()) == [[]] * 5


def test_smoothed_derivatives_are_the_right_hand_sides():
    states, slopes = task(observed(), observed(end=5)).smoothed
    expected = Program(list(PREDATION)).values(states).T
    assert states.shape == slopes.shape == (300, 3)
    scale = np.abs(expected).max(axis=0)
    assert np.quantile(np.abs(slopes - expected) / scale, 0.95) < 0.02


def test_the_function_network_finds_a_simple_right_hand_side():
    times = np.linspace(0, 5, 150)
    states = np.log(times + 1.6)[:, None]  # solves dx/dt = exp(-x)
    (found,) = by_functions(from_pretrained("nsr-small"), task(Trajectory(times, states)), 64, Clock())
    assert any(simplify(strip_scale(expression)) == parse("exp(-x_0)") for expression in found)


@pytest.mark.parametrize("stages", [(), ("network",), ("library", "sindy")])
def test_unknown_stages_are_refused(stages):
    with pytest.raises(
        ValueError, match="must be some of derivatives, library, curves, systems, functions, variation"
    ):
        ODERegressor(stages=stages).fit(np.arange(20.0), np.random.default_rng(0).random((20, 1)))


def test_each_stage_alone_returns_a_system(untrained):
    times = np.linspace(0, 5, 100)
    states = 3 * np.exp(-0.7 * times)[:, None]
    for stage in ("systems", "functions", "library"):
        model = ODERegressor(stages=(stage,), checkpoint=untrained.name, n_candidates=32).fit(times, states)
        assert model.best_["r2"] > (0.999 if stage != "systems" else 0.5)
