import numpy as np
import pytest

from nsr.data.names import Names
from nsr.data.templates import read_template
from nsr.expressions.parsing import parse
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.search.template_parts import Board
from nsr.search.templates import _varied
from nsr.task import Task

NAMES = Names.of(["x_0", "x_1"])


@pytest.mark.parametrize(
    ("text", "f", "y"),
    [
        ("exp(f(x_0)) + g(x_1)", np.sin, lambda f, g: np.exp(f) + g),
        ("f(x_0)/(2 + g(x_1)**2)", lambda x: x**2, lambda f, g: f / (2 + g**2)),
    ],
)
def test_what_the_others_leave_for_a_part_is_the_part(rng, text, f, y):
    X = rng.uniform(0.5, 2, (60, 2))
    task = Task(X, y(f(X[:, 0]), X[:, 1]), SQUARED_ERROR)
    board = Board.of(task, read_template(text, NAMES, {}))
    for wrong, near in (
        ("0.9*x_0", 0.5),
        ("x_0**2", 1.0),
    ):  # one step of Newton's from a part that is not right
        left = board.left_for(board.template.filled([parse(wrong), parse("x_1")], []), 0)
        before = np.abs(
            wrong.count("**") * X[:, 0] ** 2 + 0.9 * X[:, 0] * (1 - wrong.count("**")) - f(X[:, 0])
        )
        order = np.argsort(X[:, 0])
        np.testing.assert_array_equal(np.sort(left.X[:, 0]), X[order, 0])
        truth = f(left.X[:, 0])
        assert np.mean(np.abs(left.y - truth)) <= near * np.mean(before) + 1e-12


def test_left_to_a_part_is_exact_where_the_form_is_linear_in_it(rng):
    X = rng.uniform(0.5, 2, (60, 2))
    task = Task(X, X[:, 0] ** 2 * np.exp(-X[:, 1]), SQUARED_ERROR)
    board = Board.of(task, read_template("f(x_0)*exp(-g(x_1))", NAMES, {}))
    left = board.left_for(board.template.filled([parse("3*x_0 - 1"), parse("x_1")], []), 0)
    np.testing.assert_allclose(left.y, left.X[:, 0] ** 2)
    assert left.weights is not None


def test_forms_lose_what_other_parts_can_take_up():
    found = {str(form.tokens) for form in _varied([parse("3*sin(x_0) + 2.5")])}
    for text in ("3*sin(x_0) + 2.5", "3*sin(x_0)", "sin(x_0)"):
        assert any(
            sorted(map(str, parse(text).skeleton().tokens)) == sorted(map(str, form.skeleton().tokens))
            for form in _varied([parse("3*sin(x_0) + 2.5")])
        ), (text, found)
