"""Problems: what the equations say, in range, finite, reproducible, and no benchmark."""

import hashlib
import itertools
import math
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import sympy

from generators.constants import draw_constants
from generators.equations import rounded
from generators.functions import FunctionConfig, FunctionGenerator, Problems
from generators.holdout import Holdout
from generators.supports import Supports
from nsr.data.scaling import Scaler
from nsr.expressions.expression import Expression
from nsr.expressions.operators import OPERATORS
from nsr.expressions.parsing import parse
from nsr.expressions.simplify import length
from nsr.network import p10
from nsr.network.tokenizer import Tokenizer

CLEAN = FunctionConfig(min_points=40, max_points=40, noise_share=0.0)
N_PROBLEMS = 1000
PROBLEMS = FunctionGenerator(FunctionConfig(min_points=60, max_points=60), seed=7).batch(N_PROBLEMS)


def by_sympy(expression: Expression) -> sympy.Expr:
    """The SymPy form, straight from the operator table."""
    stack: list[sympy.Expr] = []
    for token in reversed(expression.tokens):
        if not isinstance(token, str):
            stack.append(sympy.Float(token))
        elif token in OPERATORS:
            stack.append(OPERATORS[token].sympy(*[stack.pop() for _ in range(OPERATORS[token].arity)]))
        else:
            stack.append(sympy.Symbol(token))
    return stack[0]


def test_no_problem_is_a_benchmarks():
    holdout = Holdout.default()
    assert not any(holdout.contains(expression) for expression in PROBLEMS.expressions)


def test_values_cannot_turn_a_skeleton_into_a_benchmark(monkeypatch):
    generator = FunctionGenerator(CLEAN, seed=0)
    power = Expression(("exp", "mul", "C", "log", "x_0"))
    relative = Expression(("mul", "x_0", "exp", "mul", "C", "x_1"))
    skeletons = itertools.cycle([power, relative])
    monkeypatch.setattr(generator.equations.skeletons, "sample", lambda: next(skeletons))
    assert not any(Holdout.default().contains(e) for e in generator.batch(200).expressions)


def test_shapes_and_types():
    n_columns = int(PROBLEMS.n_variables.max())
    assert PROBLEMS.X.shape == (N_PROBLEMS, 60, n_columns)
    assert PROBLEMS.y.shape == (N_PROBLEMS, 60)
    assert PROBLEMS.X.dtype == PROBLEMS.y.dtype == np.float32
    assert len(PROBLEMS.expressions) == N_PROBLEMS
    assert 1 <= PROBLEMS.n_variables.min() <= n_columns <= 10


def test_data_are_finite_and_the_target_has_unit_size_and_varies():
    assert np.all(np.isfinite(PROBLEMS.X))
    assert np.all(np.isfinite(PROBLEMS.y))
    np.testing.assert_allclose(np.sqrt(np.mean(PROBLEMS.y.astype(float) ** 2, axis=1)), 1, rtol=1e-4)
    assert PROBLEMS.y.std(axis=1).min() > 5e-4


def test_absent_columns_are_zero_and_present_ones_are_not():
    for X, n in zip(PROBLEMS.X, PROBLEMS.n_variables, strict=True):
        assert not X[:, n:].any()
        assert np.all(X[:, :n].std(axis=0) > 0)


def test_equations_use_the_first_variables_and_some_have_one_to_spare():
    used = np.array([len(expression.variables) for expression in PROBLEMS.expressions])
    spare = PROBLEMS.n_variables - used
    assert all(e.variables == tuple(range(n)) for e, n in zip(PROBLEMS.expressions, used, strict=True))
    assert set(spare) == {0, 1}
    assert 0.03 < spare.mean() < 0.15


def test_clean_targets_are_what_sympy_computes_up_to_scale():
    problems = FunctionGenerator(CLEAN, seed=3).batch(120)
    for X, y, expression in zip(problems.X, problems.y, problems.expressions, strict=True):
        symbols = [sympy.Symbol(f"x_{i}") for i in expression.variables]
        function = sympy.lambdify(symbols, by_sympy(expression), modules="numpy")
        variables = X.T[: len(symbols)].astype(float)
        with np.errstate(all="ignore"):
            values = function(*variables)
            # The generator computes in float32, which costs digits where terms cancel or waves are fast.
            nudges = 1 + 2.0**-22 * np.eye(len(symbols))
            changes = [np.abs(function(*variables * nudge[:, None]) - values) for nudge in nudges]
        size = np.sqrt(np.mean(values**2))
        rounding = np.median(np.sum(changes, axis=0)) / size
        assert np.median(np.abs(values / size - y)) < 1e-3 + 4 * rounding, expression


def test_half_of_the_problems_are_noisy():
    clean = FunctionGenerator(replace(CLEAN, noise_share=0.0), seed=11).batch(400)
    noisy = FunctionGenerator(replace(CLEAN, noise_share=0.5), seed=11).batch(400)
    assert clean.expressions == noisy.expressions
    error = np.sqrt(np.mean((clean.y - noisy.y) ** 2, axis=1))
    touched = error > 1e-4
    assert 0.4 < touched.mean() < 0.6
    assert error.max() < 0.2
    assert np.median(error[touched]) == pytest.approx(1e-2, rel=0.6)


def test_targets_can_be_written_within_the_budget_and_read_back():
    tokenizer = Tokenizer()
    for expression in PROBLEMS.expressions[:500]:
        ids = tokenizer.encode(expression)
        assert len(ids) == length(expression) <= FunctionConfig().expressions.max_length
        assert tokenizer.decode(ids) == expression


def test_scaling_leaves_the_variables_as_they_are():
    for X, y, n in list(zip(PROBLEMS.X, PROBLEMS.y, PROBLEMS.n_variables, strict=True))[:300]:
        assert np.all(Scaler.fit(X[:, :n], y).x_scale == 1)


def test_numbers_of_points_cover_the_range():
    generator = FunctionGenerator(FunctionConfig(min_points=10, max_points=50), seed=0)
    counts = [generator.batch(2).X.shape[1] for _ in range(40)]
    assert 10 <= min(counts) < 15
    assert 40 < max(counts) <= 50
    assert generator.batch(1).X.shape[0] == 1


def test_given_equations_come_first_and_fresh_ones_fill_up():
    given = [parse("2*x_0 + x_1"), parse("log(-x_0**2)"), parse("x_0*exp(-3*x_1)")]
    problems = FunctionGenerator(CLEAN, seed=0).batch(100, given * 4)
    assert problems.expressions[:8] == [given[0], given[2]] * 4  # the logarithm is nowhere defined
    assert len(problems.expressions) == 100
    assert len({y.tobytes() for y in problems.y}) == 100


def same(a: Problems, b: Problems) -> bool:
    arrays = all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ("X", "y", "n_variables"))
    return arrays and a.expressions == b.expressions


def test_a_seed_gives_the_same_problems_again():
    first, again = (FunctionGenerator(CLEAN, seed=5) for _ in range(2))
    batches = [first.batch(50) for _ in range(2)]
    assert all(same(batch, again.batch(50)) for batch in batches)
    assert not same(*batches)
    assert not same(batches[0], FunctionGenerator(CLEAN, seed=6).batch(50))


def test_problems_do_not_depend_on_the_order_of_hashes():
    code = (
        "import hashlib; from generators.functions import FunctionConfig, FunctionGenerator\n"
        "b = FunctionGenerator(FunctionConfig(min_points=10, max_points=10), 5).batch(200)\n"
        "print(hashlib.sha256(b.y.tobytes() + repr(b.expressions).encode()).hexdigest())"
    )
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    elsewhere = subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout
    b = FunctionGenerator(FunctionConfig(min_points=10, max_points=10), 5).batch(200)
    assert hashlib.sha256(b.y.tobytes() + repr(b.expressions).encode()).hexdigest() == elsewhere.strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3.14159*x_0 + 1e-5", "3.14*x_0 + 1e-5"), ("x_0**2.5 - 99951", "x_0**2.5 - 100000")],
)
def test_rounding_leaves_three_digits_and_the_structure(text, expected):
    assert rounded(parse(text)) == parse(expected)


def test_constants_that_p10_cannot_say_are_refused():
    assert rounded(Expression(("add", "x_0", 1e105))) is None
    assert rounded(Expression(("add", "x_0", 1e-150))) is None


def test_constants_are_round_or_heavy_tailed():
    values = draw_constants(np.random.default_rng(0), 20_000)
    assert np.all(np.isfinite(values))
    assert np.all(np.abs(values) >= 1e-3)
    assert np.mean(values < 0) == pytest.approx(1 / 3, abs=0.02)
    whole = np.abs(values) == np.round(np.abs(values))
    assert np.mean(whole) == pytest.approx(0.35, abs=0.03)
    assert 0.002 < np.mean(np.abs(values) > 30) < 0.01
    assert np.mean(np.isclose(np.abs(values), math.pi)) > 0.01
    spoken = p10.decode(*p10.encode(values))
    np.testing.assert_allclose(spoken, values, rtol=5.1e-3)


def test_supports_are_mostly_positive_boxes_and_some_of_every_kind():
    n_variables = np.full(2000, 3)
    supports = Supports(np.random.default_rng(0), n_variables)
    points = supports.draw(100, 5, np.arange(2000))
    assert points.shape == (2000, 5, 100)
    assert points.dtype == np.float32
    assert not points[:, 3:].any()
    columns = points[:, :3].reshape(-1, 100)
    assert 0.5 < np.mean(columns.min(axis=1) > 0) < 0.85
    assert np.mean(columns.max(axis=1) / np.maximum(columns.min(axis=1), 1e-9) > 50) > 0.02
    assert np.all(np.isfinite(columns))


def test_supports_give_some_problems_more_points_of_the_same_kind():
    n_variables = np.array([1, 3, 2, 4])
    supports = Supports(np.random.default_rng(4), n_variables)
    first = supports.draw(4000, 4, np.arange(4))
    more = supports.draw(4000, 4, np.array([1, 3]))
    np.testing.assert_allclose(first[[1, 3]].mean(axis=2), more.mean(axis=2), rtol=0.3, atol=0.3)
    assert not np.array_equal(first[[1, 3]], more)
    assert supports.draw(5, 4, np.array([], dtype=int)).shape == (0, 4, 5)
