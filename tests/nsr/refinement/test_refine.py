"""Refinement against known constants, NumPy's linear solver and SciPy's optimisers."""

import numpy as np
import pytest
import sympy
import torch
from scipy import optimize

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.expressions.operators import Operator
from nsr.refinement import optimizers
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.refine import METHODS, Effort, refine
from nsr.task import Task

X = np.random.default_rng(0).uniform(0.5, 2.0, (80, 2))
SKELETONS = [
    Expression(("add", "mul", "C", "exp", "mul", "C", "x_0", "C")),
    Expression(("div", "mul", "C", "x_0", "add", "C", "square", "x_1")),
    Expression(("mul", "C", "sin", "add", "mul", "C", "x_1", "C")),
    Expression(("sqrt", "add", "square", "mul", "C", "x_0", "square", "add", "x_1", "C")),
    Expression(("mul", "C", "pow", "x_0", "C")),
    Expression(("log", "add", "mul", "C", "x_0", "C")),
]


def refined_by(
    expressions,
    X,
    y,
    *,
    restarts=8,
    points=None,
    iterations=None,
    seed=0,
    n_threads=1,
    clock=Clock(),
    **options,
):
    task = Task(X, y, SQUARED_ERROR, seed=seed, n_threads=n_threads)
    return refine(expressions, task, Effort(restarts, points, iterations), clock, **options)


def values(expression, table=X):
    return Program([expression]).values(table)[0]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("skeleton", SKELETONS, ids=lambda s: " ".join(map(str, s.tokens)))
def test_known_constants_are_found_from_random_starts(skeleton, method, rng):
    y = values(skeleton.with_constants(rng.uniform(0.7, 1.6, len(skeleton.free_positions))))
    refined = refined_by([skeleton], X, y, method=method, restarts=32, random_first=True)
    assert refined.loss[0] <= 1e-12 * np.mean(y**2)
    np.testing.assert_allclose(values(skeleton.with_constants(refined.constants[0])), y, rtol=1e-4)


@pytest.mark.parametrize("skeleton", SKELETONS, ids=lambda s: " ".join(map(str, s.tokens)))
def test_on_noisy_data_all_methods_do_as_well_as_scipy(skeleton):
    rng = np.random.default_rng(3)
    truth = rng.uniform(0.7, 1.6, len(skeleton.free_positions))
    y = values(skeleton.with_constants(truth)) + 0.05 * rng.standard_normal(len(X))
    start = truth * (1 + 0.05 * rng.standard_normal(len(truth)))
    program = Program([skeleton.with_constants(start)])

    def residuals(constants):
        return program.values(X, constants[None])[0] - y

    def loss(constants):
        return np.mean(residuals(constants) ** 2)

    best = np.mean(optimize.least_squares(residuals, start, method="lm").fun ** 2)
    assert optimize.minimize(loss, start, method="BFGS").fun >= best * (1 - 1e-6)
    for method in METHODS:
        refined = refined_by(program, X, y, method=method, restarts=1)
        assert refined.loss[0] <= best * (1 + 1e-5)
        assert refined.fits == 1


def test_linear_constants_are_solved_exactly_at_once(rng):
    expression = Expression(("add", "mul", "C", "x_0", "sub", "mul", "C", "sin", "x_1", "div", "C", "x_0"))
    y = rng.standard_normal(len(X))
    refined = refined_by([expression], X, y, restarts=1, iterations=1)
    table = np.column_stack((X[:, 0], np.sin(X[:, 1]), -1 / X[:, 0]))
    solution, *_ = np.linalg.lstsq(table, y, rcond=None)
    np.testing.assert_allclose(refined.constants[0], solution, rtol=1e-9)


def test_redundant_constants_do_no_harm():
    expression = Expression(("add", "mul", "C", "add", "mul", "C", "x_0", "C", "C"))
    y = 3 * X[:, 0] + 1
    assert refined_by([expression], X, y, restarts=4).loss[0] < 1e-20


@pytest.mark.parametrize("size", [1e-150, 1e-30, 1e30, 1e120])
@pytest.mark.parametrize("method", ["varpro", "lm"])
def test_tiny_and_huge_targets_are_fitted(size, method):
    inner = Expression(("mul", "C", "exp", "mul", "C", "x_0"))
    y = size * np.exp(1.3 * X[:, 0])
    expression = inner if method == "varpro" else Expression(("mul", size, *inner.tokens))
    refined = refined_by([expression], X, y, method=method, restarts=8)
    assert refined.loss[0] <= 1e-12 * np.mean(y**2)


def test_structural_exponents_stay():
    expression = Expression(("mul", "C", "pow", "x_0", 3.0))
    refined = refined_by([expression], X, 2.5 * X[:, 0] ** 3)
    assert Program([expression]).expressions_with(refined.constants)[0].tokens[-1] == 3.0
    assert refined.constants[0] == pytest.approx([2.5])


def test_a_start_outside_the_domain_is_replaced_and_costs_no_restart():
    # The logarithm is finite on all points only for a positive constant.
    expression = Expression(("mul", "C", "log", "mul", -1.0, "x_0"))
    refined = refined_by([expression], X, 2 * np.log(1.5 * X[:, 0]), restarts=1)
    assert refined.loss[0] < 1e-12
    assert refined.fits == 1


def test_what_is_never_finite_has_infinite_loss():
    expressions = [Expression(("log", "neg", "exp", "mul", "C", "x_0")), Expression(("mul", "C", "x_0"))]
    refined = refined_by(expressions, X, X[:, 0], restarts=2)
    assert refined.loss[0] == np.inf
    assert refined.loss[1] < 1e-20


def test_an_expression_without_constants_gets_its_loss():
    refined = refined_by([Expression(("x_0",)), Expression(("mul", "C", "x_1"))], X, X[:, 0] + 1)
    assert refined.loss[0] == pytest.approx(1)


def test_a_zero_target_is_fitted():
    assert refined_by([Expression(("mul", "C", "x_0"))], X, np.zeros(len(X))).loss[0] < 1e-20


def test_after_the_deadline_nothing_is_begun():
    expression = Expression(("mul", 2.0, "x_0"))
    refined = refined_by([expression] * 40, X, X[:, 0], clock=Clock.of(-1))
    assert np.all(refined.loss == np.inf)
    assert np.all(refined.constants == 2.0)
    assert refined.fits == 0


def test_a_skeleton_stops_at_its_first_success_and_keeps_its_own_constants_as_first_start():
    expression = Expression(("mul", 2.0, "sin", "mul", 3.0, "x_0"))
    assert refined_by([expression], X, values(expression), restarts=8).fits == 1


def test_threads_change_nothing_and_the_seed_decides():
    y = values(SKELETONS[2].with_constants((1.2, 2.5, 0.3)))
    batch = [*SKELETONS] * 8
    one, two = refined_by(batch, X, y, restarts=2), refined_by(batch, X, y, restarts=2, n_threads=2)
    np.testing.assert_array_equal(one.constants, two.constants)
    other = refined_by(batch, X, y, restarts=2, seed=1)
    assert not np.array_equal(one.constants, other.constants)


def test_the_loss_is_that_of_all_points_when_few_are_fitted(rng):
    y = X[:, 0] * 2 + rng.standard_normal(len(X))
    refined = refined_by([Expression(("mul", "C", "x_0"))], X, y, points=20)
    assert refined.loss[0] == pytest.approx(np.mean((refined.constants[0, 0] * X[:, 0] - y) ** 2))
    assert refined.loss[0] >= refined_by([Expression(("mul", "C", "x_0"))], X, y).loss[0]


def test_many_points_in_several_blocks_give_the_same_fit():
    table = np.random.default_rng(5).uniform(0.5, 2, (1500, 2))
    y = values(SKELETONS[0].with_constants((1.1, 0.8, 0.4)), table)
    for method in METHODS:
        refined = refined_by([SKELETONS[0]], table, y, method=method)
        assert refined.loss[0] <= 1e-12 * np.mean(y**2)


def test_registered_operators_are_refined_too(registered):
    registered(Operator("softplus_", 1, torch.nn.functional.softplus, lambda a: sympy.log(1 + sympy.exp(a))))
    skeleton = Expression(("mul", "C", "softplus_", "add", "mul", "C", "x_0", "C"))
    y = values(skeleton.with_constants((2.0, 1.5, -1.0)))
    refined = refined_by([skeleton, Expression(("mul", "C", "x_0"))], X, y, restarts=8)
    assert refined.loss[0] < 1e-10
    assert refined.loss[1] > refined.loss[0]


@pytest.mark.parametrize("method", METHODS)
def test_equations_of_variables_that_the_data_lack_are_refused(method):
    with pytest.raises(ValueError, match="x_7 is missing"):
        refined_by([Expression(("mul", "C", "x_7"))], X, np.ones(len(X)), method=method)


def test_weighted_rows_give_the_weighted_least_squares_of_numpy(rng):
    expression = Expression(("add", "mul", "C", "x_0", "mul", "C", "sin", "x_1"))
    y, weights = rng.standard_normal(len(X)), rng.uniform(0.1, 5.0, len(X))
    refined = refine([expression], Task(X, y, SQUARED_ERROR, weights), Effort(restarts=1))
    root = np.sqrt(weights)
    table = np.column_stack((X[:, 0], np.sin(X[:, 1]))) * root[:, None]
    solution, squares, *_ = np.linalg.lstsq(table, y * root, rcond=None)
    np.testing.assert_allclose(refined.constants[0], solution, rtol=1e-9)
    assert refined.loss[0] == pytest.approx(squares[0] / weights.sum())


def test_nonlinear_constants_feel_the_weights_as_scipy_says(rng):
    expression = Expression(("mul", "C", "exp", "mul", "C", "x_0"))
    y = np.exp(0.7 * X[:, 0]) + 0.3 * rng.standard_normal(len(X))
    sigma = rng.uniform(0.1, 2.0, len(X))
    refined = refine([expression], Task(X, y, SQUARED_ERROR, 1 / sigma**2), Effort(restarts=8))
    expected, _ = optimize.curve_fit(lambda x, a, k: a * np.exp(k * x), X[:, 0], y, p0=(1, 1), sigma=sigma)
    np.testing.assert_allclose(refined.constants[0], expected, rtol=1e-4)


def test_a_single_long_optimisation_ends_with_the_clock(rng):
    """Without it this one would take hours: 150 constants, each of which moves all others."""
    n = 150
    table = rng.uniform(0.5, 2.0, (4_000, 1))
    tokens = ["add"] * (n - 1) + ["sin", "mul", "C", "x_0"] * n
    y = rng.standard_normal(len(table))
    long = [Expression(tuple(tokens))]
    refined = refined_by(long, table, y, restarts=10_000, iterations=10_000, clock=Clock.of(1.0))
    assert refined.fits < 10_000


def test_tables_of_any_layout_and_read_only_ones_are_refined_by_the_kernel_that_is_there():
    proportional = [Expression(("mul", "C", "x_0"))]
    refined_by(proportional, X, X[:, 0].copy())
    optimizers.least_squares_kernel.disable_compile()
    try:
        wide = np.column_stack((X, 3 * X[:, 0]))
        wide.flags.writeable = False
        assert refined_by(proportional, wide[:, :1], wide[:, -1]).loss[0] < 1e-20
    finally:
        optimizers.least_squares_kernel.disable_compile(False)
