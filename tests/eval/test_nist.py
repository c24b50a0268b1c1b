from dataclasses import replace

import numpy as np
import pytest
from tasks import root

from eval.nist import fit_set, has_form, judged, n_constants, residual_ratio, summary
from nsr.clock import Clock
from nsr.expressions.parsing import parse
from nsr.problems.nist import read_certified_fits
from nsr.regressor import SymbolicRegressor
from nsr.search.curves.partners import curves_with_partners
from nsr.search.curves.single import single_curves

FITS = {fit.name: fit for fit in read_certified_fits()}

# Searches see variables of the order of 1.
SCALES = {"ENSO": 100.0, "Gauss3": 100.0, "MGH17": 100.0, "Misra1b": 100.0, "Nelson": 100.0}
WAVES = "3*sin(0.52*x_0 + 1.4) + 1.7*sin(0.142*x_0 - 1.9) + 1.5*sin(0.234*x_0 + 0.1)"


# NIST writes each wave as a sine and a cosine of the same period, which here are two constants.
@pytest.mark.parametrize("name", [name for name in FITS if name != "ENSO"])
def test_the_certified_equation_has_the_certified_form(name):
    fit = FITS[name]
    assert has_form(fit.expression, fit)
    assert residual_ratio(fit.expression, fit) == pytest.approx(1.0, rel=1e-3)
    assert n_constants(fit.expression, fit.X) <= len(fit.parameters) + 1


@pytest.mark.parametrize(
    ("name", "text", "is_right"),
    [
        ("Misra1a", "200 - 200*exp(-0.0005*x_0)", True),  # in other words, and one constant more
        ("Misra1d", "1/(0.002 + 7/x_0)", True),
        ("Rat42", "70/(1 + 14*exp(-0.06*x_0))", True),
        ("Rat42", "70*exp(-3*exp(-0.05*x_0))", False),
        ("Chwirut2", "280/(x_0 + 1.4)**2", False),
        ("ENSO", f"10 + {WAVES}", True),
        ("Eckerle4", "1.5*exp(-0.03*(x_0 - 451)**2) + 0.1 + 0.002*x_0", False),  # two constants more
    ],
)
def test_other_equations_have_it_if_their_family_contains_the_fit(name, text, is_right):
    assert has_form(parse(text), FITS[name]) == is_right


def test_constants_that_cannot_be_told_apart_count_once():
    X = np.linspace(1, 2, 20)[:, None]
    assert n_constants(parse("2*(3*x_0 + 1)"), X) == 2
    assert n_constants(parse("2*exp(x_0*1.1 + 0.3)"), X) == 2
    assert n_constants(parse("x_0**2"), X) == 0


@pytest.mark.parametrize(
    "name", ["Bennett5", "ENSO", "Gauss3", "MGH17", "Misra1b", "Nelson", "Rat43", "Thurber"]
)
def test_textbook_curves_reach_the_certified_fit(name):
    fit = FITS[name]
    state = root(fit.X / SCALES.get(name, 1.0), fit.y)
    curves = single_curves if state.n_variables == 1 else curves_with_partners
    scaled = replace(fit, X=state.X)
    found = [own.expression for batch in curves(state, Clock()) for own in batch]
    near = [form for form in found if residual_ratio(form, scaled) < 1.01]
    assert any(n_constants(form, state.X) <= len(fit.parameters) + 1 for form in near)


def test_a_front_is_judged_row_by_row():
    fit = FITS["DanWood"]
    row = judged([parse("2.5"), parse("2*x_0"), fit.expression], 1, fit)
    assert (row["chosen_form"], row["front_form"], row["reached"]) == (False, True, True)
    assert row["chosen_ratio"] > 10
    assert row["best_ratio"] == pytest.approx(1.0)


def test_a_set_is_fitted_and_counted():
    estimator = SymbolicRegressor(stages=("curves",), time_limit=900)
    row = fit_set(FITS["Lanczos1"], estimator)
    assert row["front_form"]
    assert row["reached"]
    assert summary([row])["form_chosen_or_on_front"] == 1
