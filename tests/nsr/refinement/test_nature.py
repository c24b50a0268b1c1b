import numpy as np
import pytest

from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.expressions.printing import to_infix
from nsr.refinement.candidates import scored
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.nature import with_names
from nsr.refinement.uncertainty import most_likely
from nsr.task import Task

G, C = 9.81, 299792458.0


def named(text, truth, rng, noise):
    X = np.column_stack((rng.uniform(1, 3, (80, 2)), np.full(80, G), np.full(80, C)))
    y = Program([parse(truth)]).values(X)[0] * (1 + noise * rng.standard_normal(80))
    task = Task(X, y, SQUARED_ERROR)
    (candidate,) = scored([most_likely(parse(text), task)], task)
    found = with_names(candidate, task, [2, 3])
    assert found.complexity == candidate.complexity
    assert found.loss <= 1.2 * candidate.loss + 1e-20
    return to_infix(found.expression, ["x", "y", "g", "c"])


@pytest.mark.parametrize("noise", [0.0, 0.003])
@pytest.mark.parametrize(
    ("text", "truth", "shown"),
    [
        ("4.9012345*x_0**2", "0.5*9.81*x_0**2", "0.5*g*x**2"),
        ("4.43*sqrt(x_0)", "sqrt(2*9.81*x_0)", "sqrt(2*g)*sqrt(x)"),
        ("0.05*x_0**2", "x_0**2/(2*9.81)", "0.5/g*x**2"),
        ("8.99e16*x_0", "299792458**2*x_0", "c**2*x"),
    ],
)
def test_numbers_go_by_the_names_of_what_they_are(text, truth, shown, noise, rng):
    assert named(text, truth, rng, noise) == shown


def test_other_numbers_stay(rng):
    assert "g" not in named("3.4*x_0**2", "3.456*x_0**2", rng, 0.003)
    assert named("2*x_0", "2*x_0", rng, 0.0) == "2*x"


def test_what_data_hardly_fix_gets_no_name_by_chance(rng):
    hits = [
        "g" in named("3*x_0", f"{value}*x_0", rng, 0.1)
        for value in np.exp(rng.uniform(0.5, 3, 40)).round(3).tolist()
    ]
    assert np.mean(hits) <= 0.15
