"""The memory of the algebra: what is in it already, and who else computes, changes no result."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nsr.expressions import algebra, arenas
from nsr.expressions.expression import Expression
from nsr.expressions.parsing import parse
from nsr.expressions.simplify import simplify, strip_scale

TEXTS = [
    "3*x_0 + x_1*x_0 - x_0",
    "exp(x_0 + 2)*exp(-x_1)/x_1",
    "log(3*x_0**2) + sin(0.5)",
    "sqrt(x_0**2*x_1)/(2*x_2 - 2*x_3)",
    "abs(-x_0)*cos(-2*x_1)**2",
    "max(x_1, x_0) - min(x_0, x_1)",
    "(x_0 - x_1)**3/(x_1 - x_0)",
]


def forms() -> list[Expression]:
    return [strip_scale(simplify(parse(text))) for text in TEXTS]


def test_results_do_not_depend_on_what_was_simplified_before(monkeypatch):
    expected = forms()
    assert forms() == expected
    monkeypatch.setattr(arenas, "_USUAL_NODES", 10)  # hardly any two expressions share an arena
    assert forms() == expected
    TEXTS.reverse()
    assert forms() == expected[::-1]


def test_threads_do_not_meet():
    expected = forms()
    with ThreadPoolExecutor(4) as pool:
        assert all(found == expected for found in pool.map(lambda _: forms(), range(20)))


def test_equal_sums_and_products_are_one_node_whatever_they_were_built_from():
    x, y, z = (algebra.from_expression(parse(f"x_{i}")) for i in range(3))
    one = algebra.multiply([algebra.add([x, y, z]), algebra.power(y, 2.0)])
    other = algebra.multiply([y, algebra.add([z, algebra.add([y, x])]), y])
    assert one == other
    assert sorted([z, algebra.power(x, 2.0), one, y, x])[:3] == [x, y, z]


@pytest.mark.parametrize("n", [1_000, 40_000])
def test_what_has_no_room_stays_as_it_is(n):
    indices = np.arange(n) % 250
    long = Expression((*["add"] * (n - 1), *[f"x_{i}" for i in indices]))
    found = simplify(long)
    assert found == long if n > 1_000 else len(found) < len(long)
    assert forms() == forms()
