import time

import pytest
import sympy

from eval.problems import load
from eval.sandbox import Sandbox
from eval.symbolic import by_numbers, by_sympy, judge
from nsr.export.sympy import to_sympy
from nsr.parsing import parse

PROBLEMS = {problem.name: problem for problem in load("feynman")}

# The truth in other words, with constants as a fit finds them, an added constant or a factor.
DISGUISED = [
    ("I.12.1", "1.00004*x_1*x_0 + 2.5"),
    ("I.6.20a", "0.79788*exp(-0.49998*x_0*x_0)"),
    ("I.10.7", "x_0*x_2/sqrt((x_2 - x_1)*(x_2 + x_1))"),
    ("I.8.14", "sqrt(x_0**2 - 2*x_0*x_1 + x_1**2 + (x_3 - x_2)**2)"),
    ("I.11.19", "0.3 + x_2*x_5 + x_0*x_3 + x_4*x_1"),
    ("I.12.4", "0.0795775*x_0/(x_1*x_2*x_2)"),
    ("I.14.3", "2*x_0*x_1*x_2"),
    ("I.14.4", "x_0*x_1*x_1"),
    ("I.16.6", "(x_1 + x_2)/(1 + x_1*x_2*x_0**-2)"),
    ("I.18.12", "-x_0*x_1*sin(-x_2)"),
    ("I.24.6", "x_0*x_3*x_3*(x_1**2 + x_2**2)"),
    ("I.25.13", "1.0002*x_0/x_1 - 7"),
    ("I.27.6", "x_0*x_1/(x_1 + x_0*x_2)"),
    ("I.29.4", "exp(log(x_0) - log(x_1))"),
    ("I.34.27", "0.5*x_0*x_1"),
    ("I.39.10", "4*x_0*x_1"),
    ("I.39.22", "x_0*x_1*x_3/x_2"),
    ("I.43.31", "x_0*x_1*x_2 - 0.00003*x_0"),
    ("I.47.23", "x_0**0.5*x_1**0.5/x_2**0.5"),
    ("II.3.24", "0.25*x_0/(3.14159265*x_1*x_1)"),
]
# Close on the data, but another form.
NEAR_MISSES = [
    ("I.12.1", "x_0*x_1 + 0.02*x_0"),
    ("I.6.20a", "0.4*exp(-0.5*x_0**2.05)"),
    ("I.10.7", "x_0*(1 + 0.5*x_1**2/x_2**2)"),
    ("I.8.14", "sqrt((x_1 - x_0)**2 + (x_3 - x_2)**2 + 0.01)"),
    ("I.11.19", "x_0*x_3 + x_1*x_4 + 0.99*x_2*x_5"),
    ("I.12.4", "0.0795775*x_0/(x_1*x_2**2.01)"),
    ("I.14.3", "x_0*x_1*x_2 + 0.1*x_2"),
    ("I.14.4", "0.5*x_0*x_1**2.02"),
    ("I.16.6", "x_1 + x_2"),
    ("I.18.12", "x_0*x_1*(sin(x_2) + 0.01)"),
    ("I.24.6", "0.25*x_0*x_3**2*(x_1**2 + 1.02*x_2**2)"),
    ("I.25.13", "x_0/(x_1 + 0.01)"),
    ("I.27.6", "1/(1/x_0 + 1.01*x_2/x_1)"),
    ("I.29.4", "x_0/x_1 + 0.003*x_0"),
    ("I.34.27", "x_0*x_1**1.01/6.28"),
    ("I.39.10", "1.5*x_0*x_1 + 0.01*x_1"),
    ("I.39.22", "x_0*x_1*x_3/x_2 + 0.01*x_1"),
    ("I.43.31", "x_0*x_1*(x_2 + 0.01)"),
    ("I.47.23", "sqrt(x_0*x_1/x_2) + 0.004*x_0"),
    ("II.3.24", "x_0/(12.566*x_1**2 + 0.05)"),
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


def test_the_check_can_be_killed_and_numbers_decide(sandbox):
    sandbox.run(time.sleep, 0.0, time_limit=60)  # the process has started
    problem = PROBLEMS["I.12.1"]
    verdict = judge(problem, model_of("x_0*x_1"), 1.0, sandbox, time_limit=1e-3)
    assert verdict.by_numbers
    assert verdict.symbolic
    assert not judge(problem, model_of("x_0*x_1 + 0.02*x_0"), 1.0, sandbox, time_limit=1e-3).symbolic


def test_poor_models_are_not_compared(sandbox):
    verdict = judge(PROBLEMS["I.12.1"], model_of("x_0*x_1"), 0.4, sandbox)
    assert not verdict.symbolic
    assert verdict.complexity == 3
    assert not verdict.by_numbers
