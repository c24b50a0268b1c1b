"""Emulators: bounds that hold on fresh points, derivatives, calls where they tell most."""

import numpy as np
import pytest
import scipy.special
import torch

import nsr
from nsr.data.notes import DataWarning
from nsr.expressions.parsing import parse
from nsr.understanding.emulators.box import Box, most_doubtful
from nsr.understanding.emulators.emulator import Emulator, conformal_bound
from nsr.understanding.emulators.residual import residual_of
from nsr.understanding.emulators.target import Target

BOX = Box.of({"a": (1.0, 2.0), "b": (0.1, 100.0, "log")})


def emulator(residual=None, is_log=True):
    """One of exp(a)/b, in its logarithm, with a residual of sin(a)*b or without."""
    fitted = parse("a - log(b)", ["a", "b"])
    X = BOX.points(np.random.default_rng(0).random((60, 2)))
    learned = None
    if residual is not None:
        learned = residual_of(residual, BOX.unit(X), np.sin(3 * BOX.unit(X)).sum(axis=1), 0)
    return Emulator(
        BOX, Target(1, is_log, 1.0), fitted, learned, X, np.exp(X[:, 0]) / X[:, 1], np.arange(60.0)
    )


def test_a_law_is_found_with_few_calls_and_its_bound_holds_on_fresh_points():
    calls = []

    def period(length, amplitude):
        calls.append((length, amplitude))
        return 4 * np.sqrt(length / 9.81) * scipy.special.ellipk(np.sin(amplitude / 2) ** 2)

    ranges = {"length": (0.1, 2.0), "amplitude": (0.05, 1.5)}
    found = nsr.emulate(period, ranges, budget=32, tolerance=1e-3, time_limit=1)
    assert found.n_calls == len(calls) == 32
    np.testing.assert_allclose(found.X, calls)
    X = Box.of(ranges).points(np.random.default_rng(5).random((300, 2)))
    exact = np.array([period(*row) for row in X])
    off = np.abs(found.predict(X) / exact - 1)
    assert found.bound <= 1e-3
    assert np.mean(off <= found.bound) > 0.85
    assert "length" in found.equation
    assert f"{found.n_calls} calls" in repr(found)


def test_the_function_is_asked_until_the_budget_is_used_up_and_what_is_missing_is_said():
    asked = []

    def noisy(x):  # which no equation explains
        asked.append(x)
        return 1 + np.sin(1e4 * x)

    with pytest.warns(DataWarning, match="larger budget"):
        found = nsr.emulate(noisy, {"x": (0.0, 1.0)}, budget=48, tolerance=1e-6, time_limit=0.6)
    assert found.n_calls == len(set(asked)) == 48
    assert found.bound > 0.1
    assert len(found.held_out) == 40  # of the last calls, half are where equations disagree


def test_points_are_where_candidates_disagree_and_not_all_at_one_place(rng):
    pool = rng.random((500, 2))
    spread = np.where(pool[:, 0] > 0.8, 1.0, 0.01)
    chosen = pool[most_doubtful(pool, spread, rng.random((10, 2)), 8)]
    assert np.all(chosen[:, 0] > 0.8)
    gaps = np.linalg.norm(chosen[:, None] - chosen, axis=2)[np.triu_indices(8, 1)]
    assert gaps.min() > 0.05
    # Without any disagreement they fill what is empty.
    far = pool[most_doubtful(pool, np.zeros(500), pool[pool[:, 1] < 0.5], 1)]
    assert far[0, 1] > 0.8


def test_boxes_and_the_unit_cube(rng):
    unit = rng.random((50, 2))
    points = BOX.points(unit)
    np.testing.assert_allclose(BOX.unit(points), unit, atol=1e-12)
    np.testing.assert_allclose(points[:, 1], 0.1 * 1000 ** unit[:, 1])


@pytest.mark.parametrize("residual", [None, "gaussian_process", "neural"])
def test_the_torch_module_has_the_same_values_and_gradients_are_differences(residual):
    own, X = emulator(residual), BOX.points(np.random.default_rng(3).random((20, 2)))
    with torch.no_grad():
        np.testing.assert_allclose(own.torch()(torch.tensor(X)).numpy(), own.predict(X), rtol=1e-6)
    step = 1e-6 * X
    for place in range(2):
        moved = step * np.eye(2)[place]
        slope = (own.predict(X + moved) - own.predict(X - moved)) / (2 * moved[:, place])
        np.testing.assert_allclose(own.gradient(X)[:, place], slope, rtol=1e-3)


@pytest.mark.parametrize("kind", ["gaussian_process", "neural"])
def test_residuals_are_learned(rng, kind):
    def function(U):
        return 3 + np.sin(4 * U[:, 0]) * U[:, 1]

    U, new = rng.random((150, 2)), rng.random((100, 2))
    learned = residual_of(kind, U, function(U), 0)
    np.testing.assert_allclose(learned.values(new), function(new), atol=0.05)
    np.testing.assert_allclose(learned.refitted(U, 2 * function(U)).values(new), 2 * function(new), atol=0.1)


def test_the_equation_is_that_of_the_value():
    own = emulator()
    X = own.X[:5]
    text = own.equation
    values = [float(eval(text, {"exp": np.exp, "log": np.log, "a": a, "b": b})) for a, b in X]  # of our own
    np.testing.assert_allclose(own.predict(X), values)
    assert "jnp.exp" in own.jax()
    with pytest.raises(ValueError, match="residual=None"):
        emulator("gaussian_process").jax()


@pytest.mark.parametrize(
    ("y", "sign", "is_log"),
    [([1.0, 2.0], 1, False), ([-1.0, -200.0], -1, True), ([-1.0, 1.0], 0, False), ([1.0, 0.0], 0, False)],
)
def test_values_of_one_sign_count_in_shares_and_over_decades_by_logarithm(y, sign, is_log):
    values = np.array(y)
    target = Target.of(values)
    assert (target.sign, target.is_log) == (sign, is_log)
    np.testing.assert_allclose(target.undone(target.fitted(values)), values)
    scale = np.abs(values) if sign else np.std(values)
    np.testing.assert_allclose(target.errors(values + 0.1, values), 0.1 / scale)


def test_a_bound_of_errors_holds_for_new_ones(rng):
    held = [rng.exponential() <= conformal_bound(rng.exponential(size=59)) for _ in range(2000)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)
    assert conformal_bound(np.arange(18.0)) == np.inf


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"ranges": {}}, "no inputs"),
        ({"ranges": {"x": (1.0, 1.0)}}, "low < high"),
        ({"ranges": {"x": (0.0, 1.0, "log")}}, "positive for log"),
        ({"ranges": {"x": (1.0, 2.0, "ln")}}, "'log'"),
        ({"budget": 10}, "at least 20"),
        ({"residual": "forest"}, "'gaussian_process' or 'neural'"),
        ({"function": lambda x: np.log(-x)}, "no finite value at {'x'"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_bad_input_is_named(more, said):
    with pytest.raises(ValueError, match=said):
        nsr.emulate(**{"function": abs, "ranges": {"x": (1.0, 2.0)}, **more})


def test_inputs_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="in the order a, b"):
        emulator().predict([1.0, 2.0])
