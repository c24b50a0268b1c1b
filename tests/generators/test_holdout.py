"""The holdout knows every benchmark's equation again, however it is dressed up."""

import numpy as np
import pytest

from generators.holdout import Holdout
from nsr.expressions.expression import Expression, apply, constant, is_variable, variable
from nsr.expressions.parsing import parse
from nsr.expressions.simplify import simplify, strip_scale
from nsr.problems.problem import Problem
from nsr.problems.suites import Suite, load, load_systems, register

HOLDOUT = Holdout.default()
SEEDS = range(4)


def benchmarks() -> dict[str, Expression]:
    found = {p.name: p.expression for s in ("feynman", "strogatz", "classical") for p in load(s)}
    for problem in load_systems("odebench"):
        found |= {f"{problem.name} [{i}]": component for i, component in enumerate(problem.system)}
    return found


BENCHMARKS = benchmarks()


class Disguise:
    """Rewrites an expression at random without changing its skeleton."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.names = self.rng.permutation(10)

    def __call__(self, expression: Expression) -> Expression:
        positions = expression.free_positions
        values = [self.number() if abs(c) != 1 else c for c in expression.constants]
        disguised = self.rewrite(expression.with_constants(values) if positions else expression, True)
        return apply("mul", constant(self.number()), disguised)

    def number(self) -> float:
        return float(np.round(np.exp(self.rng.normal()) + 0.05, 3))

    def rewrite(self, e: Expression, may_scale: bool) -> Expression:
        """Another form of e; constants may scale its parts unless a logarithm is above."""
        token = e.tokens[0]
        if isinstance(token, str) and is_variable(token):
            result = variable(int(self.names[int(token[2:])]))
        elif token == "pow":
            base, exponent = e.children
            fixed = not isinstance(exponent.tokens[0], str)
            result = apply(
                "pow", self.rewrite(base, may_scale), exponent if fixed else self.rewrite(exponent, False)
            )
        elif len(e) == 1:
            return e
        else:
            parts = [self.rewrite(child, may_scale and token != "log") for child in e.children]
            result = self.another_form(str(token), parts)
        if may_scale and self.rng.random() < 0.2:
            return apply("mul", constant(self.number()), result)
        return result

    def another_form(self, token: str, parts: list[Expression]) -> Expression:
        a, b = parts[0], parts[-1]
        negated = apply("neg", b)
        forms = {
            "add": [apply("add", b, a), apply("sub", a, negated)],
            "sub": [apply("add", negated, a), apply("neg", apply("sub", b, a))],
            "mul": [apply("mul", b, a), apply("div", a, apply("inv", b))],
            "div": [apply("mul", apply("inv", b), a), apply("mul", a, apply("pow", b, constant(-1.0)))],
            "neg": [apply("mul", constant(-1.0), a)],
            "inv": [apply("div", constant(1.0), a), apply("pow", a, constant(-1.0))],
            "sqrt": [apply("pow", a, constant(0.5))],
            "square": [apply("mul", a, a), apply("pow", a, constant(2.0))],
            "cube": [apply("mul", apply("square", a), a), apply("pow", a, constant(3.0))],
            "exp": [apply("inv", apply("exp", apply("neg", a)))],
            "cos": [apply("cos", apply("neg", a))],
            "sin": [apply("neg", apply("sin", apply("neg", a)))],
        }.get(token, [])
        forms.append(apply(token, *parts))
        return forms[int(self.rng.integers(len(forms)))]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_disguised_copies_of_every_benchmark_are_caught(name):
    original = BENCHMARKS[name]
    assert HOLDOUT.contains(original)
    for seed in SEEDS:
        copy = Disguise(seed)(original)
        assert HOLDOUT.contains(copy), copy
        assert HOLDOUT.contains(simplify(copy)), copy
        assert HOLDOUT.contains(strip_scale(simplify(copy))), copy


@pytest.mark.parametrize(
    ("benchmark", "copy"),
    [
        ("I.10.7", "m*c/sqrt(c**2 - v**2)"),
        ("I.16.6", "c*c*(u + v)/(c*c + u*v)"),
        ("I.27.6", "a*b/(2*a + b*c)"),
        ("I.12.11", "q*a + 3*q*v*b*sin(w)"),
        ("I.44.4", "n*k*t*log(v) - n*k*t*log(w)"),
        ("Nguyen-7", "log((x**2 + 1)*(x + 1))"),
        ("Nguyen-12", "x**3*(2*x - 1) + y*(3*y - 1)"),
        ("Livermore-16", "7*x**0.23"),
    ],
)
def test_other_ways_to_write_a_benchmark_are_caught(benchmark, copy):
    assert Holdout([BENCHMARKS[benchmark]]).contains(parse(copy, sorted(set("abcmnqtuvwxyk") & set(copy))))


@pytest.mark.parametrize(
    "relative",
    [
        "a*sqrt(1 - b/c)",
        "a*b*exp(c*d)/w",
        "a*(b + c)*sin(w)",
        "a*b/(c**3 + b**3)",
        "exp(-a)*sin(b)*c**3",
        "a - b**4",
    ],
)
def test_relatives_of_benchmarks_may_train(relative):
    assert not HOLDOUT.contains(parse(relative, ["a", "b", "c", "d", "w"]))


def test_names_of_suites_and_groups_are_taken_once(own_suites):
    for name in ("feynman", "odebench", "classical"):
        with pytest.raises(ValueError, match=f"there is a suite '{name}' already"):
            register(Suite(name, Problem, "benchmark", list))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a*b + b*c", "a*b + c*d"),
        ("a*b + b*c + c*a + d*e + e*f + f*d", "a*b + b*c + c*d + d*e + e*f + f*a"),
        ("sin(a)*b + cos(b)*a", "sin(a)*b + cos(a)*b"),
        ("a**2/b", "a/b**2"),
        ("log(a + b)", "log(a) + b"),
        ("1/(1 + a)", "1 + a"),
        ("sin(a)", "asin(a)"),
    ],
)
def test_different_skeletons_stay_apart(one, other):
    names = list("abcdef")
    assert not Holdout([parse(one, names)]).contains(parse(other, names))
