import pytest

from eval.digits import by_digits
from nsr.expressions.parsing import parse
from nsr.expressions.sympy_form import to_sympy
from nsr.problems.suites import load

PROBLEMS = {problem.name: problem for problem in load("srsd")}


def text(name: str, formula: str) -> bool:
    return by_digits(PROBLEMS[name], to_sympy(parse(formula)))


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_truth_is_a_solution(name):
    assert by_digits(PROBLEMS[name], to_sympy(PROBLEMS[name].expression))


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("srsd_I.9.18", "x_0*x_1/((x_2 - x_3)**2 + (x_4 - x_5)**2 + (x_6 - x_7)**2)"),  # without G
        ("srsd_I.10.7", "x_0/sqrt(1 - 1.1127e-17*x_1**2)"),
        ("srsd_I.15.3x", "(x_0 - x_1*x_2)/sqrt(1 - (x_1/2.99792e8)**2)"),
        ("srsd_III.19.51", "2.5*x_0*x_1**4/x_2**2"),
        ("srsd_I.12.1", "x_0*x_1 + 3"),
        ("srsd_bonus.18", "x_2**2 + 8.98755e16*x_0/x_1**2"),
    ],
)
def test_other_constants_and_forms_of_the_truth(name, formula):
    assert text(name, formula)


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("srsd_I.9.18", "x_0*x_1/((x_2 - x_3)**2 + (x_4 - x_5)**2)"),
        ("srsd_I.10.7", "x_0*(1 + 5.563e-18*x_1**2)"),  # the first term of the series
        ("srsd_I.10.7", "x_0"),
        ("srsd_I.15.3x", "x_0 - x_1*x_2"),
        ("srsd_III.19.51", "2.5*x_0*x_1**4/x_2**2.01"),
        ("srsd_I.12.1", "x_0*x_1 + 0.02*x_0"),
        ("srsd_bonus.18", "x_2**2 + 9.2e16*x_0/x_1**2"),
        ("srsd_II.11.28", "1 + sqrt(x_0*x_1)"),  # nearly 1, as the truth is
        ("srsd_II.11.28", "1 + 1e-8*x_0"),
        ("srsd_I.12.1", "2.5"),
        ("srsd_I.12.1", "log(0 - x_0)"),
    ],
)
def test_near_misses(name, formula):
    assert not text(name, formula)
