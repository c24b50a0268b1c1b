"""Poles between the rows: they go where they are not needed, and stay where they are the law."""

from dataclasses import replace

import numpy as np
import pytest
from tasks import task

from nsr.clock import Clock
from nsr.evaluate.domains import is_safe
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.refinement.candidates import fitted, scored
from nsr.refinement.choice import chosen_front, rows_of
from nsr.refinement.refine import Effort
from nsr.refinement.safety import explains_as_much, without_needless_poles


def refined(texts, own):
    return fitted([parse(text) for text in texts], own, Effort(), Clock())


def chosen(pool, own):
    front = chosen_front(without_needless_poles(pool, own), own)
    return front.candidates[front.best]


def test_between_masses_over_decades_no_pole_is_chosen(rng):
    """Sleep falls with the logarithm of mass; a pole between two rows fits one of them better."""
    mass = np.sort(10 ** rng.uniform(-2, 3.5, (60, 1)), axis=0)
    y = 10 - 0.8 * np.log(mass[:, 0]) + 1.5 * rng.standard_normal(60)
    own = task(mass, y)
    (law,) = refined(["10.3 - 0.7*log(x_0)"], own)
    off = y - Program([law.expression]).values(mass)[0]
    place = int(np.argmax(np.abs(off[:-1])))
    beside = float(mass[place, 0] + 1e-3 * (mass[place + 1, 0] - mass[place, 0]))
    gain = float(off[place] * (mass[place, 0] - beside))
    a, b = (repr(value) for value in law.expression.constants)
    (wild,) = scored([parse(f"{a} - {b}*log(x_0) + {gain!r}/(x_0 - {beside!r})")], own)
    assert wild.loss < 0.97 * law.loss
    assert is_safe(wild.expression, mass).is_wrong
    found = chosen([law, wild, *refined(["9.9 + 0.1*x_0"], own)], own)
    assert found == law
    assert without_needless_poles([law, wild], own) == [law]


@pytest.mark.parametrize("noise", [0.0, 1e-3, 0.1])
def test_laws_with_poles_stay_chosen(noise, rng):
    """Beside the pole one row has nearly all of the variance, and yet no other equation explains as much."""
    table = rng.uniform(1, 5, (300, 3))
    y = table[:, 0] / (table[:, 1] - table[:, 2])
    own = task(table, y + noise * rng.standard_normal(300))
    pool = refined(
        [
            "1.1*x_0/(x_1 - x_2)",
            "1.1*x_0 + 0.1",
            "1.3*(x_1 - x_2)",
            "1.2*x_0*(x_1 - x_2)/(1.1 + (x_1 - x_2)**2)",
        ],
        own,
    )
    found = chosen(pool, own)
    assert is_safe(found.expression, table).is_wrong
    assert found.loss < 2 * noise**2 + 1e-12


def test_a_law_that_ends_within_the_box_stays_beside_what_says_as_much_in_many_words(rng):
    """The rows themselves never are where a difference under a root is negative."""
    table = rng.uniform(1, 5, (3000, 2))
    table = table[table[:, 0] > table[:, 1]]
    y = np.sqrt(table[:, 0] - table[:, 1])
    own = task(table, y + 0.01 * rng.standard_normal(len(y)))
    (law,) = refined(["1.1*sqrt(x_0 - x_1)"], own)
    (long,) = scored(
        [parse("sqrt(abs(x_0 - x_1)) + 0.0001*sin(x_0) + 0.0001*cos(x_1) + 0.0001*x_0*x_1")], own
    )
    assert is_safe(law.expression, table).is_wrong
    assert not is_safe(long.expression, table).is_wrong
    assert law.bits < long.bits - 20
    assert chosen([law, long], own) == law
    assert without_needless_poles([law, replace(long, bits=law.bits + 5)], own)[0] != law


def test_a_law_with_a_pole_beyond_the_rows_stays_beside_what_has_no_value_there_or_takes_more_words(rng):
    """At pi, which is as near to the rows as the next ones may be, 1/sin(x)^2.0003 is infinite as well."""
    x = np.sort(rng.uniform(0.4, 2.8, 2000))[:, None]
    own = task(x, np.sin(x[:, 0]) ** -2 + 0.1 * rng.standard_normal(2000))
    law, twin, long = scored(
        [
            parse("1/sin(x_0)**2"),
            parse("1/sin(x_0)**2.0003"),
            parse("1/(sin(x_0)**2 + 1e-7) + 1e-6*x_0 + 1e-6*cos(x_0)"),
        ],
        own,
    )
    assert not is_safe(law.expression, x).is_wrong
    assert law.bits < min(twin.bits, long.bits - 20)
    assert law in without_needless_poles([law, twin, long], own)
    assert law not in without_needless_poles([law, replace(long, bits=law.bits + 5)], own)


def test_a_safe_equation_that_a_pole_kept_off_the_front_comes_back(rng):
    x = np.linspace(0, 10, 101)[:, None]
    own = task(x, 2 * x[:, 0] + rng.standard_normal(101))
    (line,) = refined(["1.1*x_0 + 0.1"], own)
    (wild,) = scored([parse("2*x_0 + 0.001/(x_0 - 5.05)")], own)
    wild = replace(wild, loss=0.99 * line.loss, bits=line.bits - 5)
    assert rows_of([wild, line], own)[-1] == wild
    assert without_needless_poles([wild, line], own) == [line]


def test_nothing_is_let_go_where_something_is_exact():
    x = np.linspace(0, 10, 30)[:, None]
    own = task(x, 1 / (x[:, 0] - 5.05))
    pool = scored([parse("1/(x_0 - 5.05)"), parse("x_0"), parse("1/(x_0 - 5.0501)")], own)
    assert without_needless_poles(pool, own) == pool


def test_as_much_is_explained_unless_the_mean_or_most_rows_say_no(rng):
    own = task(np.ones((200, 1)), np.zeros(200))
    losses = rng.exponential(size=200)
    one_row = losses.copy()
    one_row[7] += 50
    assert explains_as_much(losses, losses, own)
    assert explains_as_much(one_row, losses, own)
    assert not explains_as_much(losses + 0.1 * rng.exponential(size=200), losses, own)
    assert not explains_as_much(np.where(np.arange(200) == 7, 1e6, losses + 0.1), losses, own)
    few = task(np.ones((4, 1)), np.zeros(4))
    assert explains_as_much(np.array([1.0, 0, 9, 0]), np.array([0.0, 1, 0, 0]), few)


def test_where_everything_has_a_pole_something_is_left(rng):
    x = np.linspace(-1, 1, 40)[:, None]
    own = task(x, rng.standard_normal(40))
    pool = refined(["1.1/(x_0 - 0.013)", "1.2*x_0/(x_0 - 0.11)"], own)
    assert len(without_needless_poles(pool, own)) == len(pool)


def test_no_pole_stands_close_to_the_rows_and_a_root_may_end_there(rng):
    """The next row may be a little beyond those seen: there a value is wanted, or none, but not infinity."""
    x = np.sort(rng.uniform(1, 9, 60))[:, None]
    own = task(x, 2 * x[:, 0] + rng.standard_normal(60))
    (line,) = refined(["1.1*x_0 + 0.1"], own)
    (wild,) = scored([parse("2*x_0 + 0.001/(x_0 - 10)")], own)
    (far,) = scored([parse("2*x_0 + 0.001/(x_0 - 100)")], own)
    (root,) = scored([parse("2*x_0 + 0.001*sqrt(10 - x_0)")], own)
    near = [replace(c, loss=0.99 * line.loss, bits=line.bits - 5) for c in (wild, far, root)]
    assert [bool(without_needless_poles([c, line], own)[0] == c) for c in near] == [False, True, True]
