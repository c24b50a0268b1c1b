"""How guesses have fared, against SciPy's fits of them."""

import numpy as np
import pandas as pd
import pytest
from effort import IDLE
from scipy.optimize import curve_fit
from untrained import UNTRAINED

import nsr
from nsr import SymbolicRegressor


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
