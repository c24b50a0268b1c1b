"""How guesses have fared, against SciPy's fits of them."""

import re

import numpy as np
import pandas as pd
import pytest
from effort import IDLE
from scipy.optimize import curve_fit
from tasks import task
from untrained import UNTRAINED

import nsr
from nsr import SymbolicRegressor
from nsr.data.guesses import read_guesses
from nsr.data.names import Names
from nsr.expressions.parsing import parse
from nsr.refinement.candidates import scored
from nsr.refinement.groups import Layout, reported_by_group, with_groups
from nsr.refinement.guessed import fared, fared_by_group
from nsr.refinement.reported import reported


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(5)
    X = pd.DataFrame({"mass": rng.uniform(0.5, 8, 50)})
    y = 3 * X["mass"] ** 2 + 0.1 * rng.standard_normal(50)
    guesses = ("a*mass + b", "k*mass**2", "log(c*mass - 4)")
    model = SymbolicRegressor(
        checkpoint=UNTRAINED, n_candidates=8, settings=IDLE, time_limit=3, guesses=guesses
    )
    return model.fit(X, y), X["mass"].to_numpy(), y.to_numpy()


def test_what_has_lost_is_told_with_its_constants_and_its_loss(fitted):
    model, x, y = fitted
    line, square, undefined = model.guesses_
    values, covariance = curve_fit(lambda x, a, b: a * x + b, x, y)
    (a, b), (a_error, b_error) = values, np.sqrt(np.diag(covariance))
    assert line.constants == f"a = {a:.2f} ± {a_error:.2f}, b = {b:.1f} ± {b_error:.1f}"
    assert line.loss == pytest.approx(np.mean((y - a * x - b) ** 2))
    assert line.ratio == pytest.approx(line.loss / model.best_["loss"])
    assert line.row is None
    assert not line.is_chosen
    assert square.is_chosen
    assert np.isfinite(undefined.loss) or "no value" in undefined.verdict


def test_the_report_and_result_files_say_it_too(fitted, tmp_path):
    model, *_ = fitted
    said = [finding.text for finding in model.report().findings if finding.name == "guess"]
    assert said == [guess.verdict for guess in model.guesses_]
    assert said[1] == "k*mass**2 is what was chosen"
    model.save(tmp_path / "result.json")
    assert nsr.load(tmp_path / "result.json").guesses_ == model.guesses_


@pytest.mark.parametrize("seed", range(3))
def test_a_guess_is_fitted_far_from_numbers_of_the_size_one(seed):
    rng = np.random.default_rng(seed)
    dose = np.repeat([0, 1, 3, 10, 30, 100, 300, 1000, 3000], 4).astype(float)
    y = 8 + 89 / (1 + (dose / 35) ** 1.4) + 2 * rng.standard_normal(36)
    (guess,) = read_guesses("a + (b - a)/(1 + (dose/c)**h)", Names.of(["dose"]))
    own = task(dose[:, None], y, seed=seed)
    (rival,) = scored([parse("90*exp(-0.02*x_0) + 8")], own)
    (told,) = fared([guess], [rival], [reported(rival.expression, own)], 0, own)
    best, _ = curve_fit(lambda x, a, b, c, h: a + (b - a) / (1 + (x / c) ** h), dose, y, (8, 97, 35, 1.4))
    values = dict(one.split(" = ") for one in told.constants.split(", "))
    assert list(values) == ["a", "b - a", "c", "h"]
    found = [float(value.split(" ± ")[0]) for value in values.values()]
    assert found == pytest.approx([best[0], best[1] - best[0], *best[2:]], rel=0.02)


@pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")
def test_guesses_by_group_are_told(rng):
    X = pd.DataFrame({"x": rng.uniform(0.5, 5, 60), "sample": np.repeat(["a", "b"], 30)})
    y = np.repeat([2.0, 5.0], 30) * X["x"] ** 2 + 0.05 * rng.standard_normal(60)
    model = SymbolicRegressor(
        checkpoint=UNTRAINED, n_candidates=8, settings=IDLE, time_limit=3, category="sample",
        guesses=["p*x + q", "p*x**2"],
    ).fit(X, y)  # fmt: skip
    line, square = model.guesses_
    assert square.is_chosen
    assert line.ratio > 10
    assert line.verdict.startswith("p*x + q has the loss")
    ends = [np.polyfit(X["x"][own], y[own], 1) for own in (X["sample"] == "a", X["sample"] == "b")]
    slopes = re.search(r"p = (\S+) ± \S+ \(a\), (\S+) ± \S+ \(b\)", line.constants)
    assert slopes
    assert [float(own) for own in slopes.groups()] == pytest.approx([end[0] for end in ends], rel=0.05)


@pytest.mark.parametrize("n_groups", [2, 9])
def test_of_many_groups_the_lowest_and_the_highest_constants_are_told(n_groups, rng):
    codes = np.repeat(np.arange(n_groups), 20)
    layout = Layout(1, n_groups)
    x = rng.uniform(1, 2, len(codes))
    own = task(np.column_stack((x, layout.columns(codes))), (1 + codes) * x + 3)
    found = with_groups(
        parse("2*x_0 + 3"), np.column_stack((1.0 + np.arange(n_groups), np.full(n_groups, 3.0))), [0], layout
    )
    labels = [f"g{number}" for number in range(n_groups)]
    line = reported_by_group(found, own, ("a", "b"), labels).in_a_line
    assert ("g1)" in line) == (n_groups == 2)
    assert "(g0)" in line
    assert f"(g{n_groups - 1})" in line
    assert (" from " in line) == (n_groups > 2)


def test_of_a_guess_by_group_that_was_not_kept_nothing_is_said_but_that(rng):
    x, groups = rng.uniform(1, 2, 30), np.eye(2)[np.arange(30) % 2]
    own = task(np.column_stack((x, groups)), 3 * x)
    (found,) = scored([parse("3*x_0")], own)
    guesses = read_guesses("a*x + b*x**2", Names.of(["x"]))  # has values everywhere
    (told,) = fared_by_group(guesses, [found], [], 0, own, ["A", "B"])
    assert told.verdict == "a*x + b*x**2 is not among what was kept, and its loss is not known"
    assert told.row is None
    assert np.isnan(told.loss)
