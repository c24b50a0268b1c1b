"""Tables as they come: gaps, text, many columns, many rows, noise."""

import numpy as np
import pandas as pd
import pytest
from effort import IDLE
from scipy.optimize import curve_fit
from sklearn.impute import SimpleImputer
from untrained import UNTRAINED

import nsr
from nsr import SymbolicRegressor
from nsr.data.notes import DataWarning


@pytest.fixture
def quick():
    return SymbolicRegressor(checkpoint=UNTRAINED, stages=("families",), n_candidates=16)


@pytest.fixture
def gappy(rng):
    X = rng.uniform(1, 3, (80, 3))
    y = 2 * X[:, 0] * X[:, 1]
    X[:5, 0] = np.nan
    X[10, 2] = np.nan
    y[20:22] = np.nan
    return X, y


def test_gaps_are_refused_with_a_remedy(quick, gappy):
    with pytest.raises(ValueError, match="missing='drop'"):
        quick.fit(*gappy)
    with pytest.raises(ValueError, match="did you mean 'drop'"):
        quick.set_params(missing="drp").fit(*gappy)


def test_rows_with_gaps_are_left_out(quick, gappy):
    X, y = gappy
    with pytest.warns(DataWarning, match=r"8 of 80 rows are left out.*x_0 \(5\), the target \(2\)"):
        quick.set_params(missing="drop").fit(X, y)
    assert quick.best_["equation"] == "2*x_0*x_1"
    predicted, bounds = quick.predict(X, interval=0.9)
    assert np.flatnonzero(np.isnan(predicted)).tolist() == [0, 1, 2, 3, 4]
    assert np.isnan(bounds[:5]).all()


def test_gaps_are_filled_as_scikit_learn_does(quick, gappy, tmp_path):
    X, y = gappy
    told = pytest.warns(DataWarning, match="6 missing values are replaced by the medians")
    with pytest.warns(DataWarning, match="2 of 80 rows"), told:
        quick.set_params(missing="impute").fit(X, y)
    medians = SimpleImputer(strategy="median").fit(X)
    quick.save(tmp_path / "result.json")
    for model in (quick, nsr.load(tmp_path / "result.json")):
        np.testing.assert_allclose(model.predict(X), model.predict(medians.transform(X)))


@pytest.mark.filterwarnings("ignore:column 'sex'")
def test_text_is_part_of_a_law_and_of_its_file(quick, rng, tmp_path):
    table = pd.DataFrame({"mass": rng.uniform(1, 3, 80), "sex": rng.choice(["male", "female"], 80)})
    y = 2 * table["mass"] + 5 * (table["sex"] == "male")
    quick.fit(table, y)
    assert quick.n_features_in_ == 2
    assert "sex_male" in quick.best_["equation"]
    quick.save(tmp_path / "result.json")
    np.testing.assert_allclose(nsr.load(tmp_path / "result.json").predict(table), y)
    with pytest.raises(ValueError, match="which it did not in the fit"):
        quick.predict(table.assign(sex="x"))


def test_a_law_of_three_is_found_among_three_hundred_columns(quick, rng, tmp_path):
    X = rng.uniform(1, 3, (400, 300))
    y = 2.17 * X[:, 10] * X[:, 133] / X[:, 277]
    quick.set_params(stages=("families", "reduction"), required=["x_200"])
    with pytest.warns(DataWarning, match="300 columns"):
        quick.set_params(required=[]).fit(X, y)
    assert quick.best_["equation"] == "2.17*x_10*x_133/x_277"
    best = quick.relevance_.head(3)
    assert set(best["column"]) == {"x_10", "x_133", "x_277"}
    assert best["kept"].all()
    assert quick.relevance_["kept"].sum() < 40
    quick.save(tmp_path / "result.json")
    pd.testing.assert_frame_equal(nsr.load(tmp_path / "result.json").relevance_, quick.relevance_)


def decay(rng, n_rows):
    x = rng.uniform(0, 2, n_rows)
    return x, 3.17 * np.exp(-1.37 * x) + 0.05 * rng.normal(size=n_rows)


def test_constants_are_fitted_to_all_rows(quick, rng, monkeypatch):
    monkeypatch.setattr("nsr.data.preparation.MAX_ROWS", 200)
    monkeypatch.setattr("nsr.refinement.blocks.ROWS_AT_A_TIME", 300)
    for module in ("gauss_newton", "uncertainty"):
        monkeypatch.setattr(f"nsr.refinement.{module}.ROWS_AT_A_TIME", 300)
    x, y = decay(rng, 1_000)
    quick.set_params(stages=("evolution",), guesses="a*exp(b*x_0)", settings=IDLE)
    with pytest.warns(DataWarning, match="fitted to all rows"):
        quick.fit(x[:, None], y)
    values, covariance = curve_fit(lambda x, a, b: a * np.exp(b * x), x, y, (3, -1))
    row = next(i for i, c in enumerate(quick.reports_) if c.names == ("a", "b"))
    own = quick.constants_[quick.constants_["equation"] == row]
    np.testing.assert_allclose(own["value"], values, rtol=1e-5)
    np.testing.assert_allclose(own["error"], np.sqrt(np.diag(covariance)), rtol=1e-3)
    assert quick.equations_["loss"][row] == pytest.approx(np.mean((y - quick.predict(x[:, None], row)) ** 2))


def test_constants_of_a_denoised_search_are_of_the_raw_target(quick, rng):
    x, y = decay(rng, 100)
    quick.set_params(stages=("evolution",), guesses="a*exp(b*x_0)", settings=IDLE, denoise=True)
    with pytest.warns(DataWarning, match="smoothing spline"):
        quick.fit(x[:, None], y)
    values, _ = curve_fit(lambda x, a, b: a * np.exp(b * x), x, y, (3, -1))
    row = next(i for i, c in enumerate(quick.reports_) if c.names == ("a", "b"))
    own = quick.constants_[quick.constants_["equation"] == row]
    np.testing.assert_allclose(own["value"], values, rtol=1e-5)
