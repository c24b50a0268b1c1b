"""Curves of one variable are fitted as well as SciPy fits them from the truth."""

import numpy as np
import pytest
from scipy.optimize import curve_fit
from tasks import root

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.search.curves.fitting import best_fits, filled
from nsr.search.curves.rationals import polynomials, rational_fits
from nsr.search.curves.series import SERIES, grown
from nsr.search.curves.starts import Features, starts_of
from nsr.search.curves.table import CURVES

SPREAD, DECADES, NEAR_ONE = np.linspace(0.05, 3, 60), np.geomspace(0.01, 30, 60), np.linspace(0.8, 1.3, 60)
# A variable and true constants for each form, in the order of the form.
TRUTHS = {
    "a*x^n": (SPREAD, (2.0, 1.37)),
    "c + a*x^n": (SPREAD, (1.0, 2.0, 0.63)),
    "a*(x + s)^n": (SPREAD, (2.0, 0.4, -1.3)),
    "c + a*(x + s)^n": (SPREAD, (1.0, 2.0, 0.4, -1.3)),
    "c + a*(s - x)^n": (SPREAD, (1.0, 2.0, 3.3, 0.63)),
    "a*exp(k*x)": (SPREAD, (2.0, -1.1)),
    "c + a*exp(k*x)": (SPREAD, (0.5, 2.0, -1.1)),
    "a*(1 - exp(k*x))": (SPREAD, (2.0, -1.1)),
    "c + d*x + a*exp(k*x)": (SPREAD, (0.5, 0.3, 2.0, -2.1)),
    "a*exp(-(x/t)^n)": (SPREAD, (2.0, 1.3, 1.7)),
    "a*(1 - exp(-(x/t)^n))": (SPREAD, (2.0, 1.3, 1.7)),
    "a*x^n*exp(k*x)": (SPREAD, (2.0, 1.3, -1.7)),
    "c + a*(1 - exp(k*(m - x)))^2": (NEAR_ONE, (0.1, 2.0, 9.0, 0.95)),
    "a*exp(b/x)": (NEAR_ONE, (2e4, -9.0)),
    "a*exp(b/(x + s))": (NEAR_ONE, (300.0, -3.0, -0.2)),
    "c + a/(x + s)": (NEAR_ONE, (3.0, -1.0, -0.3)),
    "1/(a + b*log(x) + c*log(x)^3)": (np.linspace(1, 30, 60), (0.5, 0.3, 0.01)),
    "a*x^3/(exp(k*x) - 1)": (SPREAD, (2.0, 2.3)),
    "a*x/(x + k)": (SPREAD, (2.0, 0.7)),
    "c + a*x/(x + k)": (SPREAD, (0.4, 2.0, 0.7)),
    "d*x + a*x/(x + k)": (SPREAD, (0.4, 2.0, 0.2)),
    "a*x/(x + k) + b*x/(x + m)": (DECADES, (2.0, 0.1, 1.5, 4.0)),
    "a*x/(x + k + m*x^2)": (SPREAD, (2.0, 0.5, 0.8)),
    "a/(1 + (k/x)^n)": (DECADES, (2.0, 0.7, 2.4)),
    "c + a/(1 + (x/k)^n)": (DECADES, (0.5, 9.0, 1.8, -2.7)),
    "c + a/(1 + (x/k)^n)^m": (DECADES, (0.5, 9.0, 1.8, 2.7, 0.5)),
    "a*(1 - (1 + k*x)^(-2))": (SPREAD, (2.0, 0.7)),
    "a*tanh(k*x)": (SPREAD, (2.0, 0.7)),
    "a/sqrt((x^2 - m)^2 + b*x^2)": (SPREAD, (2.0, 1.7, 0.3)),
    "a/(1 + exp(k*(m - x)))": (SPREAD, (2.0, 3.1, 1.2)),
    "c + a/(1 + exp(k*(m - x)))": (SPREAD, (0.4, 2.0, 3.1, 1.2)),
    "a/(1 + exp(k*(m - x)))^n": (SPREAD, (2.0, 5.1, 1.2, 0.4)),
    "a*exp(-exp(k*(m - x)))": (SPREAD, (2.0, 3.1, 1.2)),
    "c + a*exp(-exp(k*(m - x)))": (SPREAD, (0.4, 2.0, 3.1, 1.2)),
    "c + a*atan(k*(x - m))": (SPREAD, (0.4, 2.0, 5.0, 1.2)),
    "a*exp(-(log(x/m)/w)^2)": (SPREAD, (2.0, 0.8, 0.5)),
    "c + a*exp(-k*x)*sin(w*x + p)": (np.linspace(0, 20, 120), (0.4, 2.0, 0.15, 2.3, 0.6)),
    "a*(exp(-k*x) - exp(-m*x))": (SPREAD, (2.0, 0.6, 3.0)),
}
BY_FORM = {curve.form: curve for curve in CURVES}


def values(form, x, constants):
    return Program([filled(form, constants)]).values(x[:, None])[0]


def best_of_scipy(form, x, y, truth):
    with np.errstate(all="ignore"):
        constants, _ = curve_fit(lambda u, *c: values(form, u, c), x, y, p0=truth, maxfev=20_000, xtol=1e-12)
    return float(np.mean((values(form, x, constants) - y) ** 2))


@pytest.mark.parametrize("text", TRUTHS)
def test_a_curve_is_found_without_noise(text):
    x, truth = TRUTHS[text]
    curve = BY_FORM[text]
    y = values(curve.skeleton, x, truth)
    (fit,) = best_fits(curve.skeleton, starts_of(curve, Features.of(x, y)), root(x[:, None], y), Clock())
    assert fit.loss < 1e-12 * np.var(y)


@pytest.mark.parametrize("text", TRUTHS)
def test_a_curve_is_fitted_as_well_as_from_the_truth(text, rng):
    x, truth = TRUTHS[text]
    curve = BY_FORM[text]
    y = values(curve.skeleton, x, truth)
    y = y + 0.03 * np.std(y) * rng.standard_normal(len(y))
    (fit,) = best_fits(curve.skeleton, starts_of(curve, Features.of(x, y)), root(x[:, None], y), Clock())
    assert fit.loss < 1.001 * best_of_scipy(curve.skeleton, x, y, truth)


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_the_table_declares_what_it_says(curve):
    assert curve.skeleton.tokens.count("C") == len(curve.constants) == len(set(curve.constants))
    started = " ".join(curve.starts).split()
    assert set(started) <= set(curve.constants)


def test_a_saturation_from_a_baseline_has_one_name_however_it_is_written():
    """A dose response of Emax, which is Antoine's equation of the logarithm of a pressure as well."""
    y = values(BY_FORM["c + a/(x + s)"].skeleton, SPREAD, (4.0, -6.0, 0.8))
    names = set()
    for curve in (one for one in CURVES if len(one.constants) == 3):
        starts = starts_of(curve, Features.of(SPREAD, y))
        fits = best_fits(curve.skeleton, starts, root(SPREAD[:, None], y), Clock(), name=curve.name)
        names |= {fit.name for fit in fits if fit.loss < 1e-20 * np.var(y)}
    (name,) = names
    assert "Menten" in name
    assert "Antoine" in name


def test_numbers_of_a_form_stay():
    curve = BY_FORM["a/(1 + exp(k*(m - x)))"]
    y = values(curve.skeleton, SPREAD, (2.0, 3.1, 1.2))
    (fit,) = best_fits(
        curve.skeleton, starts_of(curve, Features.of(SPREAD, y)), root(SPREAD[:, None], y), Clock()
    )
    assert 1.0 in fit.expression.tokens
    assert sorted(fit.constants) == pytest.approx([1.2, 2.0, 3.1])


def losses_of_sums(kind, x, y):
    state = root(x[:, None], y)
    chosen = [series for series in SERIES if series.term.name == kind]
    return min(fit.loss for fits in grown(state, Clock(), chosen) for fit in fits)


@pytest.mark.parametrize("noise", [0.0, 0.02])
@pytest.mark.parametrize(
    ("kind", "x", "y"),
    [
        ("exponential", np.linspace(0, 3, 40), lambda x: 2 * np.exp(-0.5 * x) + 3 * np.exp(-4 * x) + 0.5),
        (
            "Gaussian peak",
            np.linspace(0, 250, 150),
            lambda x: (
                98 * np.exp(-0.01 * x)
                + 100 * np.exp(-(((x - 90) / 15) ** 2))
                + 70 * np.exp(-(((x - 160) / 20) ** 2))
            ),
        ),
        (
            "Lorentzian peak",
            np.linspace(-5, 5, 150),
            lambda x: 1 + 3 / (1 + ((x - 1) / 0.5) ** 2) + 2 / (1 + ((x + 2) / 0.9) ** 2),
        ),
        (
            "wave",
            np.linspace(0, 10, 200),
            lambda x: 5 + 2 * np.sin(5.7 * x + 1) + np.sin(12.1 * x) + 0.4 * np.sin(1.9 * x + 2),
        ),
    ],
)
def test_sums_grow_to_the_true_one(kind, x, y, noise, rng):
    exact = y(x)
    error = noise * np.std(exact) * rng.standard_normal(len(x))
    expected = max(float(np.var(error)), 1e-12 * float(np.var(exact)))
    assert losses_of_sums(kind, x, exact + error) < 1.01 * expected


@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_a_ratio_of_cubics_is_found(noise, rng):
    x = np.linspace(-3, 2.2, 60)
    y = (1288 + 1491 * x + 583 * x**2 + 75 * x**3) / (1 + 0.966 * x + 0.398 * x**2 + 0.05 * x**3)
    error = noise * np.std(y) * rng.standard_normal(len(x))
    found = rational_fits(root(x[:, None], y + error), Clock())
    expected = max(float(np.var(error)), 1e-12 * float(np.var(y)))
    assert min(fit.loss for fit in found if len(fit.constants) == 7) < 1.01 * expected


def test_polynomials_are_those_of_numpy(rng):
    x = rng.uniform(300, 400, 50)
    y = np.sin(x / 20) + 0.1 * rng.standard_normal(50)
    forms = polynomials(root(x[:, None] / 100, y))
    assert len(forms) == 10
    for degree, form in enumerate(list(forms.values())[:6], start=1):
        expected = np.polynomial.Polynomial.fit(x, y, degree)(x)
        assert Program([form]).values(x[:, None] / 100)[0] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("tau", "is_one"), [(0.7, True), (1e9, False)])
def test_a_fit_at_a_limit_of_its_form_has_no_name(tau, is_one, rng):
    """An exponential approach of which rows show the straight beginning alone is a straight line."""
    x = np.linspace(0.1, 3, 50)
    y = -2 * tau * np.expm1(-x / tau) + (0.01 * rng.standard_normal(50) if is_one else 0)
    (curve,) = (curve for curve in CURVES if curve.form == "a*(1 - exp(k*x))")
    (fit,) = best_fits(curve.skeleton, [(1.0, -0.5 / tau)], root(x[:, None], y), Clock(), name=curve.name)
    assert fit.name == (curve.name if is_one else "")
