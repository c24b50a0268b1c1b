"""One law, constants that differ by group."""

import numpy as np
import pandas as pd
import pytest
import scipy.optimize
from effort import IDLE
from untrained import UNTRAINED

import nsr
from nsr import SymbolicRegressor

# Amplitude and rate of each group; the background is the same for all.
TRUTH = {"A": (3.1, 0.7), "B": (1.2, 1.3), "C 3": (5.0, 0.4)}
BACKGROUND = 0.37


def decays(rng, noise=0.0):
    frames = []
    for group, (amplitude, rate) in TRUTH.items():
        x = rng.uniform(0.5, 5, 25)
        y = amplitude * np.exp(-rate * x) + BACKGROUND + noise * rng.standard_normal(25)
        frames.append(pd.DataFrame({"x": x, "sample": group, "y": y}))
    table = pd.concat(frames, ignore_index=True)
    return table[["x", "sample"]], table["y"]


def small(**parameters):
    return SymbolicRegressor(
        checkpoint=UNTRAINED, n_candidates=16, category="sample", settings=IDLE, time_limit=3, **parameters
    )


@pytest.fixture(scope="module")
def noisy():
    X, y = decays(np.random.default_rng(1), 0.01)
    return small(guesses="a*exp(-k*x) + b").fit(X, y), X, y


@pytest.mark.filterwarnings("ignore:.*in the guess")
def test_which_constants_differ_is_found_and_what_they_are(noisy):
    model, X, y = noisy
    assert model.best_["equation"].startswith("a*exp(-k*x) + 0.3")
    constants = model.constants_[model.constants_["equation"] == model.best_index_]

    def curve(x, *p):
        place = pd.Categorical(X["sample"], list(TRUTH)).codes
        return np.array(p[:3])[place] * np.exp(-np.array(p[3:6])[place] * x) + p[6]

    start = [*(a for a, _ in TRUTH.values()), *(k for _, k in TRUTH.values()), BACKGROUND]
    values, covariance = scipy.optimize.curve_fit(curve, X["x"], y, start)
    assert constants["name"].tolist() == ["a"] * 3 + ["k"] * 3 + ["b"]
    assert constants["group"].tolist() == [*TRUTH, *TRUTH, ""]
    np.testing.assert_allclose(constants["value"], values, rtol=1e-4)
    np.testing.assert_allclose(constants["error"], np.sqrt(np.diag(covariance)), rtol=1e-3)
    report = str(model.report())
    assert "sample  a" in report
    assert "C 3" in report


def test_predictions_are_by_group(noisy):
    model, X, _ = noisy
    new = pd.DataFrame({"x": [1.0, 1.0, 2.0], "sample": ["C 3", "B", "A"]})
    truth = [TRUTH[g][0] * np.exp(-TRUTH[g][1] * x) + BACKGROUND for x, g in new.itertuples(index=False)]
    values, bounds = model.predict(new, interval=0.999)
    np.testing.assert_allclose(values, truth, rtol=0.02)
    assert np.all((bounds[:, 0] < truth) & (truth < bounds[:, 1]))
    with pytest.raises(ValueError, match="group 'D' of column 'sample' was not in the fit"):
        model.predict(pd.DataFrame({"x": [1.0], "sample": ["D"]}))
    with pytest.raises(ValueError, match="category='sample' is not a column"):
        model.predict(new[["x"]])
    assert np.all(np.isfinite(model.predict(X, index=0)))


def test_what_is_read_back_says_the_same(noisy, tmp_path):
    model, X, _ = noisy
    model.save(tmp_path / "result.json")
    again = nsr.load(tmp_path / "result.json")
    assert repr(again).splitlines()[1:] == repr(model).splitlines()[1:]
    np.testing.assert_array_equal(again.predict(X, return_std=True), model.predict(X, return_std=True))
    pd.testing.assert_frame_equal(again.constants_, model.constants_)
    assert str(again.report()) == str(model.report())


def test_functions_of_python_and_numpy_know_the_groups(noisy):
    model, X, _ = noisy
    of_numbers, of_arrays = {}, {}
    exec(model.python(), of_numbers)
    exec(model.numpy(), of_arrays)
    np.testing.assert_allclose([of_numbers["f"](*row) for row in X.to_numpy()], model.predict(X))
    np.testing.assert_allclose(of_arrays["f"](X["x"].to_numpy(), X["sample"]), model.predict(X))
    assert {str(symbol) for symbol in model.sympy().free_symbols} == {"x", "a", "k"}
    assert "e^{- k x}" in model.latex()
    for write in (model.c, model.excel, model.julia, model.matlab, model.torch, model.onnx, model.jax):
        with pytest.raises(ValueError, match="ask for one group"):
            write()


def test_one_group_is_an_ordinary_front(noisy):
    model, X, _ = noisy
    own, rows = model.of_group("C 3"), X["sample"] == "C 3"
    np.testing.assert_allclose(own.predict(X.loc[rows, ["x"]]), model.predict(X[rows]))
    bounds = own.predict(X.loc[rows, ["x"]], interval=0.9)[1], model.predict(X[rows], interval=0.9)[1]
    np.testing.assert_allclose(*bounds)
    assert own.c().startswith("#include <math.h>")
    assert "group" not in own.constants_
    assert len(own.constants_[own.constants_["equation"] == own.best_index_]) == 3
    with pytest.raises(ValueError, match="no group 'D'"):
        model.of_group("D")
    with pytest.raises(ValueError, match="give category="):
        own.of_group("A")


def test_a_law_that_all_groups_share_has_no_constants_by_group(rng):
    X, _ = decays(rng)
    y = 2.5 * np.sqrt(X["x"]) + 1
    model = small().fit(X, y)
    assert model.best_["equation"] in ("2.5*sqrt(x) + 1", "1 + 2.5*sqrt(x)")
    chosen = model.constants_[model.constants_["equation"] == model.best_index_]
    assert not len(chosen)  # they are round


def test_limits_hold_in_every_group(rng):
    X, y = decays(rng, 0.01)
    model = small(guesses="a*exp(-k*x) + b", without="exp", max_constants=2).fit(X, y)
    assert not any("exp" in equation for equation in model.equations_["equation"])
    assert all(len(model._read(e).differs) <= 2 for e in model.expressions_)


def test_constants_that_differ_count_in_the_complexity_that_is_limited(noisy, rng):
    model, *_ = noisy
    most = model.best_["complexity"] - 1
    X, y = decays(rng, 0.01)
    limited = small(max_complexity=most).fit(X, y)
    assert limited.equations_["complexity"].max() <= most


def test_the_order_of_rows_and_of_columns_changes_nothing_of_the_groups(noisy):
    model, X, _ = noisy
    turned = X[["sample", "x"]].iloc[::-1]
    np.testing.assert_array_equal(model.predict(turned)[::-1], model.predict(X))


@pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")
def test_bounds_that_no_group_can_keep_to_are_told(rng):
    X = pd.DataFrame({"x": rng.uniform(-2, -1, 40), "group": np.repeat(["a", "b"], 20)})
    counts = rng.poisson(5, 40)  # of which nothing negative is the mean
    model = SymbolicRegressor(
        checkpoint=UNTRAINED, category="group", loss="poisson", constant_bounds=(-3, -1), required="x",
        operators="add", time_limit=0.5, settings=IDLE,
    )  # fmt: skip
    with pytest.raises(ValueError, match="no equation by group"):
        model.fit(X, counts)
