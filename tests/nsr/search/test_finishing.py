import numpy as np
import pytest

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.expressions.simplify import simplify
from nsr.refinement.candidates import fitted, named, ranked, scored
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.refine import Effort
from nsr.search.curves.table import CURVES
from nsr.search.finishing import finished
from nsr.search.settings import FinishingSettings
from nsr.task import Task


def test_parts_that_are_level_on_all_rows_are_numbers():
    rng = np.random.default_rng(1)
    X = rng.uniform((1, 1, 3), (5, 2, 10), (2_000, 3))
    y = X[:, 0] / np.sqrt(2 - (X[:, 1] / X[:, 2]) ** 2)
    task = Task(X, y + 0.001 * y.std() * rng.standard_normal(2_000), SQUARED_ERROR)
    pool = scored(
        [parse("x_0/sqrt(1/tanh(x_2**2) + atan(exp(x_2**2))*2/pi - (x_1/x_2)**2)"), parse("0.7*x_0")], task
    )
    found = finished(pool, task, Clock(), FinishingSettings())
    assert ranked(found)[0].expression == simplify(parse("x_0/sqrt(2 - (x_1/x_2)**2)"))


def test_a_curve_whose_exponent_is_one_has_the_name_no_more():
    """Hill's with an exponent of one is Michaelis and Menten's, which is told by its own name."""
    rng = np.random.default_rng(1)
    x = np.geomspace(0.1, 60, 24)
    task = Task(x[:, None], 12 * x / (3.5 + x) + 0.2 * rng.standard_normal(24), SQUARED_ERROR)
    (hill,) = fitted([parse("3.4/(1/x_0**1.03 + 0.29)")], task, Effort(), Clock())
    found = finished([named(hill, "Hill", task)], task, Clock(), FinishingSettings())
    told = {("pow" in candidate.expression.tokens, candidate.name) for candidate in found}
    assert told == {(True, "Hill"), (False, "")}


@pytest.mark.parametrize(
    ("truth", "start", "is_one"),
    [
        # Exponentials die away or grow for ever; where one of two comes to rest, it is a constant.
        ("20 + 68*exp(-0.045*x_0)", "75*exp(-0.04*x_0) + 13*exp(0.006*x_0)", lambda f: not 1 < f(1e9) < 100),
        # What has a saturation comes to rest.
        ("0.002*x_0**4", "0.002/(1/x_0**4.02 + 0.00001) - 0.1", lambda f: f(1e90) == pytest.approx(f(1e80))),
        # Steps of Newton's law of cooling shrink by one factor.
        (
            "20 + 68*exp(-0.045*x_0)",
            "68*exp(-0.045*x_0) + 20.001",
            lambda f: (f(30) - f(20)) / (f(20) - f(10)) == pytest.approx((f(90) - f(80)) / (f(80) - f(70))),
        ),
        # A ratio of polynomials with all its coefficients begins at their first ones' ratio.
        (
            "30*x_0/(x_0**3 + 4000)",
            "(30*x_0 + 0.001)/(x_0*(x_0*(x_0 + 0.01) + 0.02) + 4000)",
            lambda f: f(0) != 0,
        ),
    ],
)
def test_what_has_a_name_is_the_curve_of_that_name(truth, start, is_one, rng):
    """A part that vanishes, or a constant that comes to be two, makes it another one that fits as well."""
    x = np.linspace(1, 60, 21)
    y = Program([parse(truth)]).values(x[:, None])[0]
    task = Task(x[:, None], y + 0.005 * np.std(y) * rng.standard_normal(21), SQUARED_ERROR)
    (curve,) = fitted([parse(start)], task, Effort(), Clock())
    found = finished([named(curve, "the curve", task)], task, Clock(), FinishingSettings())
    own = {one.expression for one in found if one.name}
    assert own
    for form in own:
        assert is_one(lambda x, form=form: float(Program([form]).values(np.array([[float(x)]]))[0, 0]))


def test_a_curve_whose_offset_is_zero_has_the_name_that_it_has_without(rng):
    x = np.geomspace(0.5, 400, 30)
    task = Task(x[:, None], 3.4 * x**0.74 * (1 + 0.05 * rng.standard_normal(30)), SQUARED_ERROR)
    (curve,) = fitted([parse("3.4*x_0**0.74 + 0.001")], task, Effort(), Clock())
    with_offset, without = [next(c.name for c in CURVES if c.form == form) for form in ("c + a*x^n", "a*x^n")]
    found = finished([named(curve, with_offset, task)], task, Clock(), FinishingSettings())
    told = {("add" in one.expression.tokens or "sub" in one.expression.tokens, one.name) for one in found}
    assert told >= {(True, with_offset), (False, without)}
    assert (False, with_offset) not in told


def test_a_product_of_powers_stays_one_where_some_are_one(rng):
    X = rng.uniform(1, 5, (60, 2))
    y = Program([parse("0.28*x_0*x_1**2")]).values(X)[0]
    task = Task(X, y * (1 + 0.02 * rng.standard_normal(60)), SQUARED_ERROR)
    (powers,) = fitted([parse("0.28*x_0**1.01*x_1**2.01")], task, Effort(), Clock())
    found = finished([named(powers, "powers", task)], task, Clock(), FinishingSettings())
    assert any(one.name and "pow" not in one.expression.tokens for one in found)


def test_constants_are_round_where_other_words_would_be_longer(rng):
    """With a round exponent a power of a ratio is also a ratio of powers, which takes more symbols."""
    X = rng.uniform((1, 1, 1.3), (5, 1.5, 2.5), (4000, 3))
    y = Program([parse("x_0*((x_1/x_2)**14 - (x_1/x_2)**7)")]).values(X)[0]
    task = Task(X, y + 0.1 * np.sqrt(np.mean(y**2)) * rng.standard_normal(len(y)), SQUARED_ERROR)
    found = [parse("x_0*((x_1/x_2)**14.1 - (x_1/x_2)**7.1)")]
    pool = fitted(found, task, Effort(restarts=1, points=None, iterations=30), Clock())
    best = ranked(finished(pool, task, Clock(), FinishingSettings()))[0]
    assert Program([best.expression]).values(X)[0] == pytest.approx(y, rel=1e-12, abs=1e-12)
