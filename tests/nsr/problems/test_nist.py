import numpy as np
import pytest

from generators.holdout import Holdout
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.problems.nist import read_certified_fits
from nsr.problems.suites import load

FITS = {fit.name: fit for fit in read_certified_fits()}
# Residuals of 1e-13 beside values of 2.5 lie below what parameters of eleven digits reproduce.
BELOW_ROUNDING = {"Lanczos1"}


def test_all_27_sets_are_there():
    assert len(FITS) == 27
    levels = [fit.difficulty for fit in FITS.values()]
    assert [levels.count(level) for level in ("lower", "average", "higher")] == [8, 11, 8]


@pytest.mark.parametrize("name", FITS)
def test_the_certified_parameters_leave_the_certified_residuals(name):
    fit = FITS[name]
    residual = fit.y - Program([fit.expression]).values(fit.X)[0]
    own = float(residual @ residual)
    if name in BELOW_ROUNDING:
        assert own < 1e-20
    else:
        assert own == pytest.approx(fit.residual_sum, rel=2e-7 if name != "Lanczos2" else 1e-4)


@pytest.mark.parametrize("name", FITS)
def test_the_certified_parameters_have_the_certified_errors(name):
    """Standard deviations follow from the Jacobian by finite differences of the form's text."""
    fit = FITS[name]
    values = np.array([value for value, _ in fit.parameters.values()])
    steps = 1e-5 * np.array([error for _, error in fit.parameters.values()])
    if name in BELOW_ROUNDING:
        steps = 1e-6 * values

    def predicted(parameters):
        changed = dict(zip(fit.parameters, parameters, strict=True))
        text = fit.form
        for parameter, value in changed.items():
            text = text.replace(parameter, f"({float(value)!r})")
        return Program([parse(text, fit.variable_names)]).values(fit.X)[0]

    jacobian = np.column_stack(
        [(predicted(values + step) - predicted(values - step)) / (2 * step.sum()) for step in np.diag(steps)]
    )
    variance = fit.residual_sum / (len(fit.y) - len(values))
    norms = np.linalg.norm(jacobian, axis=0)
    inverse = np.linalg.pinv(jacobian / norms, rcond=1e-12)
    errors = np.sqrt(variance * np.sum(inverse**2, axis=1)) / norms
    assert errors == pytest.approx([error for _, error in fit.parameters.values()], rel=1e-2)


def test_the_equations_are_held_out():
    held = Holdout.default()
    assert all(held.contains(problem.expression) for problem in load("nist"))
    assert held.contains(parse("2.5*(1 - exp(-0.3*x_0))"))
