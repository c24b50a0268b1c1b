import math
from dataclasses import replace

import numpy as np
import pytest
from tasks import task

from nsr.clock import Clock
from nsr.expressions.parsing import parse
from nsr.expressions.rewriting import rewritten
from nsr.refinement import crossvalidation
from nsr.refinement.alternatives import alternatives, with_free_constants
from nsr.refinement.candidates import as_found_by, fitted, named, scored
from nsr.refinement.choice import chosen_front
from nsr.refinement.crossvalidation import HeldOut, held_out_losses
from nsr.refinement.refine import Effort
from nsr.refinement.selection import without_duplicates
from nsr.refinement.snapping import snap

EFFORT = Effort(restarts=4)
CURVES = {
    "saturation": "10*x_0/(x_0 + 2)",
    "approach": "10*(1 - exp(-0.4*x_0))",
    "straight line": "x_0 + 3.1",
    "also saturation": "10.1 - 20.1/(x_0 + 2)",
}


@pytest.fixture
def observed(rng):
    """Few rows of a saturation curve, on which noise hides much."""
    x = np.linspace(0.5, 8, 12)
    return task(x[:, None], 10 * x / (x + 2) + 0.3 * rng.standard_normal(12))


def curve(name, one):
    (candidate,) = fitted([parse(CURVES[name])], one, EFFORT, Clock())
    return named(candidate, name, one)


def names(found):
    return [candidate.name for candidate in found]


def test_curves_that_the_data_cannot_tell_from_the_front_are_shown(observed):
    saturation, approach, line = (curve(n, observed) for n in ("saturation", "approach", "straight line"))
    assert names(alternatives([saturation], [approach, line, saturation], HeldOut(observed))) == ["approach"]


def test_the_likelier_of_two_curves_comes_first_however_long_it_is(observed):
    line, saturation, approach = (curve(n, observed) for n in ("straight line", "saturation", "approach"))
    worse, better = sorted((saturation, approach), key=lambda c: -c.loss)
    worse = replace(worse, bits=better.bits - 5)
    assert names(alternatives([line], [worse, better], HeldOut(observed))) == [better.name, worse.name]


def test_what_has_no_name_is_not_an_alternative(observed):
    saturation, approach = curve("saturation", observed), curve("approach", observed)
    (unnamed,) = scored([approach.expression], observed)
    assert alternatives([saturation], [unnamed], HeldOut(observed)) == []


def test_a_curve_in_other_words_is_shown_once(observed):
    saturation, other = curve("saturation", observed), curve("also saturation", observed)
    moved = saturation.expression.with_constants([1.0005 * c for c in saturation.expression.constants])
    near = named(scored([moved], observed)[0], "saturation", observed)
    assert names(alternatives([saturation], [saturation, near], HeldOut(observed))) == []
    line = curve("straight line", observed)
    assert names(alternatives([line], [other, other], HeldOut(observed))) == [other.name]


def test_a_curve_with_likelier_constants_than_its_namesake_is_shown_too(rng):
    """Radiated energy by temperature (Daniel and Wood), in kind: few rows take a fourth power for less."""
    x = np.linspace(1.3, 1.7, 6)
    own = task(x[:, None], 0.77 * x**3.86 + 0.01 * rng.standard_normal(6))
    fourth, free = (fitted([parse(t)], own, EFFORT, Clock())[0] for t in ("0.7*x_0**4", "0.77*x_0**3.86"))
    fourth, free = named(fourth, "power law", own), named(free, "power law", own)
    assert alternatives([fourth], [fourth, free], HeldOut(own)) == [free]
    assert alternatives([free], [fourth, free], HeldOut(own)) == []


def test_of_a_curve_in_several_sizes_the_likeliest_for_its_constants_is_shown(rng):
    """A term more leaves less of the rows by chance; the sum with the product is what Akaike chooses."""
    X = rng.uniform(1, 5, (60, 2))
    own = task(X, 5 + 0.4 * X[:, 0] - 2 * X[:, 1] + X[:, 0] * X[:, 1] + 0.8 * rng.standard_normal(60))
    texts = ["3 + 1.1*x_0*x_1", "5.1 + 0.41*x_0 - 2.1*x_1 + 1.1*x_0*x_1"]
    sizes = [fitted([parse(text)], own, EFFORT, Clock())[0] for text in texts]
    (longer,) = fitted([parse(f"{texts[1]} + 0.13*x_0**3*x_1**3")], own, EFFORT, Clock())
    assert longer.loss < sizes[1].loss
    pool = [named(one, "linear model of second order", own) for one in (*sizes, longer)]
    (mean,) = scored([parse("9.3")], own)
    assert alternatives([mean], pool, HeldOut(own)) == [pool[1]]


def test_curves_that_leave_much_more_on_few_rows_are_not_shown(rng):
    x = np.linspace(1.3, 1.7, 6)
    own = task(x[:, None], 0.77 * x**3.86 + 0.01 * rng.standard_normal(6))
    texts = {"power law": "0.77*x_0**3.86", "root": "24*sqrt(x_0) - 24"}
    power, root = (named(fitted([parse(t)], own, EFFORT, Clock())[0], n, own) for n, t in texts.items())
    assert 10 * power.loss < root.loss < 0.05 * own.null_loss
    assert alternatives([power], [root], HeldOut(own)) == []


def test_exact_data_have_no_alternatives():
    x = np.linspace(0.5, 8, 12)
    exact = task(x[:, None], 10 * x / (x + 2))
    pool = [curve(name, exact) for name in ("saturation", "approach", "straight line")]
    front = chosen_front([*scored([parse("6")], exact), *pool], exact)
    assert front.candidates[front.best].name == "saturation"
    assert "approach" not in names(front.candidates)


def test_the_choice_is_as_it_would_be_without_alternatives(observed):
    pool = [*scored([parse("6")], observed), *(curve(name, observed) for name in CURVES)]
    unnamed = scored([candidate.expression for candidate in pool], observed)
    front, plain = chosen_front(pool, observed), chosen_front(unnamed, observed)
    assert front.candidates[front.best].expression == plain.candidates[plain.best].expression
    assert len(front.candidates) > len(plain.candidates)


def test_no_equation_is_fitted_without_rows_twice(observed, monkeypatch):
    fitted_without = []

    def recorded(expressions, *others):
        fitted_without.extend(expressions)
        return held_out_losses(expressions, *others)

    monkeypatch.setattr(crossvalidation, "held_out_losses", recorded)
    pool = [*scored([parse("6")], observed), *(curve(name, observed) for name in CURVES)]
    front = chosen_front(pool, observed)
    assert any(row.name and row in pool for row in front.candidates)
    assert len(set(fitted_without)) == len(fitted_without) > 2


def test_losses_do_not_depend_on_what_else_was_asked_for(observed):
    expressions = [curve(name, observed).expression for name in CURVES]
    one_by_one = HeldOut(observed)
    for expression in reversed(expressions):
        one_by_one.losses([expression])
    expected = held_out_losses(expressions, observed)
    np.testing.assert_allclose(one_by_one.losses(expressions), expected, rtol=1e-9)


def test_a_name_describes_a_curve_in_the_bits_of_its_constants(observed):
    """Two curves with two constants each are described in as many bits, whatever their nodes."""
    short, long = (parse(text) for text in ("9.71*x_0 + 3.14159", "9.71*exp(-exp(x_0*3.14159))"))
    bits = []
    for form in (short, long):
        (one,) = scored([form], observed)
        loss_bits = observed.loss.bits(one.loss, observed.null_loss, observed.n_rows)
        bits.append(named(one, "curve", observed).bits - loss_bits)
    free = [0.5 * math.log2(observed.n_rows) + 4]  # at least, for each of the constants
    assert min(bits) > 2 * free[0]
    (one,) = scored([long], observed)
    assert named(one, "curve", observed).bits < one.bits
    assert named(one, "", observed) == one


def test_names_stay_with_other_forms(observed):
    found = curve("approach", observed)
    (other,) = as_found_by([found], scored([parse("10 - 10*exp(-0.4*x_0)")], observed), observed)
    assert other.name == "approach"
    x = np.linspace(0, 3, 40)
    exact = task(x[:, None], 2 * np.exp(-3 * x))
    near = named(scored([parse("2.0000001*exp(-3.0000001*x_0)")], exact)[0], "exponential", exact)
    snapped = snap(near, exact)
    assert snapped is not None
    assert snapped.name == "exponential"
    assert sorted(snapped.expression.constants) == [-3.0, 2.0]


def test_a_name_outlives_the_same_equation_without_one(observed):
    saturation = curve("saturation", observed)
    (unnamed,) = scored([saturation.expression], observed)
    assert names(without_duplicates([unnamed, saturation], observed)) == ["saturation"]


@pytest.mark.parametrize(("second_rate", "is_rejected"), [(2.0, False), (3.0, True)])
def test_ties_between_constants_are_loosened_where_the_data_reject_them(second_rate, is_rejected, rng):
    """A square of an exponential less a constant has two rates, of which one is twice the other."""
    x = np.linspace(0, 4, 60)
    y = 3 * np.exp(-second_rate * x) - 4 * np.exp(-x) + 2 + 0.02 * rng.standard_normal(60)
    own = task(x[:, None], y)
    (tied,) = fitted([parse("2.1*(exp(-1.1*x_0) - 0.7)**2 + 0.4")], own, Effort(), Clock())
    others = fitted(rewritten(tied.expression), own, Effort(), Clock())
    (called,) = fitted([parse("2.1*exp(-2.1*x_0) - 3.9*exp(-1.1*x_0) + 2.1")], own, Effort(), Clock())
    called = named(called, "2 exponentials", own)
    found = with_free_constants(tied, [tied, *others, called], own)
    assert found == (called if is_rejected else None)


def test_the_constants_that_the_data_say_stand_beside_round_ones(observed):
    free = curve("saturation", observed)
    (rounded,) = as_found_by([free], scored([parse("10*x_0/(x_0 + 2)")], observed), observed)
    line = curve("straight line", observed)
    assert with_free_constants(rounded, [line, rounded, free], observed) == free
    assert with_free_constants(free, [line, rounded, free], observed) is None
    nameless = scored([c.expression for c in (rounded, free, line)], observed)
    assert with_free_constants(nameless[0], nameless, observed) == nameless[1]
    front = chosen_front([*scored([parse("6")], observed), rounded, free], observed)
    assert {rounded, free} <= set(front.candidates)
