import pytest
import sympy
from judged import DISGUISED, NEAR_MISSES

from eval.identities import differ_by_constant, differ_by_factor
from eval.sandbox import Sandbox, SandboxError
from eval.symbolic import (
    by_algebra,
    by_identities,
    by_numbers,
    by_sympy,
    judge,
    rounded_to_rationals,
    with_signs,
)
from nsr.expressions.parsing import parse
from nsr.expressions.sympy_form import to_sympy
from nsr.problems.problem import Problem
from nsr.problems.suites import load

PROBLEMS = {problem.name: problem for problem in load("feynman")}

# The truth in words that SymPy's simplification does not recognise.
IDENTITIES = [
    ("I.30.3", "x_0*(cos(x_1*x_2) - 1)/(cos(x_1) - 1)"),
    ("I.30.3", "-0.5*x_0*(cos(x_1*x_2) - 1)/sin(0.5*x_1)**2"),
    ("I.34.14", "x_2*sqrt((x_0 + x_1)/(x_0 - x_1))"),
    ("I.34.14", "x_2*sqrt((1 + x_1/x_0)/(1 - x_1/x_0)) + 0.0025"),
    ("I.50.26", "0.25*x_0*((2*x_3*cos(0.99999999999999989*x_1*x_2) + 1)**2 - 1)/x_3"),
    (
        "test_1",
        "x_0**2*x_1**2*x_2**2*x_3**2*x_4**2"
        "/(x_5**2*(-7.9999999999999991*cos(x_6) + 2*cos(2*x_6) + 5.9999999999999991))",
    ),
    ("test_1", "0.25*x_0**2*x_1**2*x_2**2*x_3**2*x_4**2/(x_5**2*(cos(x_6) - 1)**2)"),
    ("test_4", "sqrt(2*x_1 - 2*x_2 - x_3**2/(x_0*x_4**2))/sqrt(x_0)"),
    ("test_4", "x_2*x_3*x_4*sqrt((2*x_0*x_4**2*(x_1 - x_2)/x_3**2 - 1)/(x_0**2*x_2**2*x_4**4))"),
    ("III.9.52", "-12.566370614359172*x_0*x_1*(cos(x_2*(x_4 - x_5)) - 1)/(x_2*x_3*(x_4 - x_5)**2)"),
    ("I.29.16", "sqrt((x_0 - x_1)**2 + 4*x_0*x_1*sin(0.5*(x_2 - x_3))**2) + 0.25"),
    ("test_14", "x_0*(-x_2 + x_3**3*(0.75*tanh(0.5*log(x_4/2)) + 0.25)/x_2**2)*cos(x_1)"),
]
NO_IDENTITIES = [
    ("I.30.3", "x_0*(cos(x_1*x_2) - 1)/(cos(2*x_1) - 1)"),
    ("I.30.3", "x_0*(cos(0.999*x_1*x_2) - 1)/(cos(x_1) - 1)"),
    ("I.30.3", "x_0*(cos(x_1*x_2) - 1)/sin(0.5*x_1)"),
    ("I.34.14", "x_2*sqrt((x_0 + 1.0006*x_1)/(x_0 - x_1))"),
    ("I.34.14", "x_2*sqrt((x_0 + x_1)/(x_0 - x_1) + 0.001)"),
    ("I.50.26", "0.25*x_0*((2*x_3*cos(x_1*x_2) + 1)**2 - 1.01)/x_3"),
    ("I.50.26", "x_0*(cos(x_1*x_2)**2 + x_3*cos(x_1*x_2)**2)"),
    ("test_1", "x_0**2*x_1**2*x_2**2*x_3**2*x_4**2/(x_5**2*(6.001 - 8*cos(x_6) + 2*cos(2*x_6)))"),
    ("test_1", "0.25*x_0**2*x_1**2*x_2**2*x_3**2*x_4**2/(x_5**2*(cos(x_6) - 1))"),
    ("test_4", "sqrt(2*x_1 - 2*x_2 - 1.001*x_3**2/(x_0*x_4**2))/sqrt(x_0)"),
    ("III.9.52", "x_0*x_1*(cos(x_2*(x_4 - x_5)) - 1)/(x_2*x_3*(x_4 - x_5))"),
    ("III.8.54", "0.5 - 0.5*cos(12.57*x_0*x_1/x_2)"),
    # A constant and a factor at once.
    ("test_10", "asin((x_1 - x_0*cos(x_2))/(x_1*cos(x_2) - x_0))"),
]
# Truth, model, ranges: the algebra leaves signs open.
SIGNS = [
    ("x_0", "sqrt(x_0**2)", [(1, 2)], True),
    ("x_0", "sqrt(x_0**2)", [(-2, -1)], True),
    ("x_0", "sqrt(x_0**2)", [(-1, 2)], False),
    ("x_0*x_1", "abs(x_0)*x_1", [(-2, 3), (1, 2)], False),
    ("x_0 - x_1", "sqrt((x_0 - x_1)**2)", [(3, 5), (1, 2)], True),
    ("x_0 - x_1", "sqrt((x_0 - x_1)**2)", [(1, 5), (1, 5)], False),
    ("x_0 - x_1", "2 + sqrt((x_0 - x_1)**2)", [(1, 5), (1, 5)], False),
    ("sin(x_0)", "sqrt(1 - cos(x_0)**2)", [(1, 3)], True),
    ("sin(x_0)", "sqrt(1 - cos(x_0)**2)", [(1, 4)], False),
    ("cos(x_0)", "3*sqrt(0.5 + 0.5*cos(2*x_0))", [(2, 4)], True),
    ("cos(x_0)", "cos(x_0)**2", [(-1, 1)], False),
    ("x_0", "x_0/(sin(x_1)**2 + cos(x_1)**2 - 1)", [(1, 2), (1, 2)], False),
]


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as shared:
        yield shared


def model_of(text: str) -> sympy.Expr:
    return to_sympy(parse(text))


def signs(problem):
    return [low > 0 for low, _ in problem.ranges]


@pytest.mark.parametrize(("name", "text"), DISGUISED)
def test_disguised_truths_are_symbolic_solutions(name, text):
    problem = PROBLEMS[name]
    assert by_sympy(to_sympy(problem.expression), model_of(text), signs(problem), True).symbolic


@pytest.mark.parametrize(("name", "text"), NEAR_MISSES)
def test_near_misses_are_not(name, text):
    problem = PROBLEMS[name]
    assert not by_sympy(to_sympy(problem.expression), model_of(text), signs(problem), True).symbolic


@pytest.mark.parametrize(("name", "text"), DISGUISED)
def test_numbers_agree_with_sympy_on_disguised_truths(name, text):
    assert by_numbers(PROBLEMS[name], model_of(text))


@pytest.mark.parametrize(("name", "text"), NEAR_MISSES)
def test_numbers_agree_with_sympy_on_near_misses(name, text):
    assert not by_numbers(PROBLEMS[name], model_of(text))


@pytest.mark.parametrize(("name", "text"), IDENTITIES)
def test_identities_are_proven(name, text):
    problem = PROBLEMS[name]
    assert by_identities(to_sympy(problem.expression), model_of(text), problem.ranges)


@pytest.mark.parametrize(("name", "text"), IDENTITIES[:5])
def test_identities_decide_where_simplification_sees_no_solution(name, text):
    verdict = by_algebra(PROBLEMS[name], model_of(text), True)
    assert verdict.symbolic
    assert verdict.by_identities
    assert not verdict.by_numbers


@pytest.mark.parametrize(("name", "text"), NO_IDENTITIES)
def test_near_identities_are_none(name, text):
    verdict = by_algebra(PROBLEMS[name], model_of(text), True)
    assert not verdict.symbolic
    assert not verdict.by_identities


@pytest.mark.parametrize(("name", "text"), NO_IDENTITIES)
def test_the_algebra_proves_no_near_identity(name, text):
    problem = PROBLEMS[name]
    truth, model = (
        with_signs(rounded_to_rationals(expression), signs(problem))
        for expression in (to_sympy(problem.expression), model_of(text))
    )
    assert not differ_by_factor(truth, model)
    assert not differ_by_constant(truth, model)


@pytest.mark.parametrize(("name", "text"), NEAR_MISSES)
def test_identities_do_not_accept_near_misses(name, text):
    problem = PROBLEMS[name]
    assert not by_identities(to_sympy(problem.expression), model_of(text), problem.ranges)


@pytest.mark.parametrize(("truth", "model", "ranges", "expected"), SIGNS)
def test_signs_are_those_on_the_data(truth, model, ranges, expected):
    assert by_identities(model_of(truth), model_of(model), ranges) == expected


def test_numbers_are_rounded_before_identities_are_sought():
    problem = PROBLEMS["test_14"]
    model = "x_0*(-x_2 + x_3**3*(0.75*tanh(0.5*log(x_4) - {}) + 0.25)/x_2**2)*cos(x_1)"
    truth = to_sympy(problem.expression)
    assert by_identities(truth, model_of(model.format("0.5*log(2)")), problem.ranges)
    assert not by_identities(truth, model_of(model.format("0.34657359")), problem.ranges)


def test_the_algebra_takes_no_division_by_zero_for_a_constant():
    truth, model = (model_of(text) for text in ("x_0", "x_0/(sin(x_1)**2 + cos(x_1)**2 - 1)"))
    assert not differ_by_factor(truth, model)
    assert not differ_by_factor(model, truth)
    assert not differ_by_constant(truth, model)


def test_what_simplification_sees_needs_no_identity():
    verdict = by_algebra(PROBLEMS["I.12.1"], model_of("2*x_0*x_1"), True)
    assert verdict.symbolic
    assert not verdict.by_identities


def test_a_negligible_factor_is_not_taken_for_a_constant_one():
    truth, model = model_of("x_0*x_1"), model_of("20000.5*sin(0.001*x_0)")
    assert not by_sympy(truth, model, [True, True], True).symbolic


@pytest.mark.parametrize("text", ["0", "3.7", "x_0 - x_0", "0.00001*x_0"])
def test_a_constant_is_no_solution(text):
    problem = PROBLEMS["I.12.1"]
    assert not by_sympy(to_sympy(problem.expression), model_of(text), signs(problem), True).symbolic


def test_complexity_is_that_of_sympys_simplified_tree():
    problem = PROBLEMS["I.12.1"]
    for text, _ in [("x_0 + x_0 + x_1", 0), ("sin(x_0)**2 + cos(x_0)**2 + x_1", 0), ("x_0*x_1/x_1", 0)]:
        x = sympy.symbols("x_0 x_1", positive=True)
        simplified = sympy.simplify(sympy.sympify(text, locals={"x_0": x[0], "x_1": x[1]}), ratio=1)
        expected = len(list(sympy.preorder_traversal(simplified)))
        found = by_sympy(to_sympy(problem.expression), model_of(text), [True, True], False)
        assert found.complexity == expected


def test_where_the_check_was_killed_numbers_decide():
    class Killing:
        def run(self, *_, time_limit):
            raise SandboxError(f"killed after {time_limit:.0f} s")

    problem = PROBLEMS["I.12.1"]
    verdict = judge(problem, model_of("x_0*x_1"), 1.0, Killing())
    assert verdict.by_numbers
    assert verdict.symbolic
    assert not judge(problem, model_of("x_0*x_1 + 0.02*x_0"), 1.0, Killing()).symbolic


def test_poor_models_are_not_compared(sandbox):
    verdict = judge(PROBLEMS["I.12.1"], model_of("x_0*x_1"), 0.4, sandbox)
    assert not verdict.symbolic
    assert verdict.complexity == 3
    assert not verdict.by_numbers


def test_pi_may_be_exact_or_a_decimal(sandbox):
    expression = parse("sin(6.283185307179586*x_0)/x_1")
    problem = Problem("wave", "feynman", expression, ("a", "b"), ((1.0, 5.0), (1.0, 5.0)))
    exact = to_sympy(parse("sin(6.283185307179586*x_0)/x_1"))
    assert exact.has(sympy.pi)
    for model, symbolic in ((exact, True), (decimal("6.2831"), True), (decimal("6.3"), False)):
        assert judge(problem, model, 0.99, sandbox).symbolic is symbolic


def decimal(frequency: str) -> sympy.Expr:
    x, y = sympy.symbols("x_0 x_1", real=True)
    return sympy.sin(sympy.Float(frequency) * x) / y


def test_what_is_the_same_before_rounding_is_symbolic(sandbox):
    """Rounded, 1/3 is not half of 2/3; an equation that is the truth in other words is right all the same."""
    expression = parse("1 + x_0*x_1/(1 - x_0*x_1/3)")
    problem = Problem("Clausius", "feynman", expression, ("a", "b"), ((0.1, 1.0), (0.1, 1.0)))
    for text, is_right in (("2.25", True), ("2.26", False)):
        model = model_of(f"1/({text}/(x_0*x_1 + 1.5) - 0.5)")
        assert judge(problem, model, 1.0, sandbox).symbolic == is_right
