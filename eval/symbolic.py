"""Symbolic solutions by SRBench's definition, judged in a process that can be killed.

A model is a symbolic solution when, its numbers rounded to three decimals, it differs from the truth by
a constant or by a constant factor (arXiv:2107.14351, section 4.2). SRBench asks SymPy and gives up after
an hour; here SymPy has seconds. Where its simplification finds no constant although the values on the data
say that there is one, `eval.identities` looks for a proof; and what is not finished in time is compared by
numbers on points far beyond the data. Symbols are real, and positive where the data are, so that sqrt(x^2)
is x there. Suites whose variables span decades are judged by `eval.digits`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import sympy
from numpy.typing import NDArray

from eval.digits import by_digits
from eval.identities import differ_by_constant, differ_by_factor
from eval.sandbox import Sandbox, SandboxError
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.expressions.sympy_form import from_sympy, to_sympy
from nsr.problems.problem import Problem

TIME_LIMIT = 30.0
# SRBench tries the symbolic check only on models that explain half of the variance.
SMALLEST_R2 = 0.5
_DECIMALS = 3
# A decimal stands for a fraction of at most this denominator that it is, to this share of its size.
_LARGEST_DENOMINATOR, _FRACTION = 1_000, 1e-14
_NEGLIGIBLE = 1e-4
_N_POINTS = 256
# Values on points that agree to this share of their spread count as one function.
_SAME = 1e-5


@dataclass(frozen=True)
class Verdict:
    """What the check found.

    Attributes:
        symbolic: Whether the model is a symbolic solution.
        complexity: Nodes of the rounded and simplified model.
        by_numbers: Whether points far beyond the data decided, as SymPy or the proof ran out of time, or
            numbers are of all sizes.
        by_identities: Whether SymPy's simplification did not see the solution and `eval.identities` did.
    """

    symbolic: bool
    complexity: int
    by_numbers: bool = False
    by_identities: bool = False


def judge(
    problem: Problem, model: sympy.Expr, r2: float, sandbox: Sandbox, time_limit: float = TIME_LIMIT
) -> Verdict:
    """Judges a model: SymPy's simplification first, then identities, and numbers once time is over.

    Numbers decide also where simplification had ended without a constant and the proof had not ended.

    Args:
        problem: Its truth and its ranges.
        model: What was found, over the symbols `x_0`, `x_1`, ...
        r2: The model's R2 on the test rows.
        sandbox: Where SymPy works.
        time_limit: Seconds for simplification and proof together.
    """
    if problem.distributions:
        return Verdict(r2 > SMALLEST_R2 and by_digits(problem, model), count_nodes(model), by_numbers=True)
    try:
        verdict: Verdict = sandbox.run(by_algebra, problem, model, r2 > SMALLEST_R2, time_limit=time_limit)
    except SandboxError:  # too slow, too large, or an error of SymPy's own
        symbolic = r2 > SMALLEST_R2 and by_numbers(problem, model)
        verdict = Verdict(symbolic, count_nodes(rounded(model)), by_numbers=True)
    return verdict


def by_algebra(problem: Problem, model: sympy.Expr, compare: bool) -> Verdict:
    """Judges a model by SymPy's simplification and, where that finds no constant, by identities.

    Args:
        problem: Its truth and its ranges.
        model: The model.
        compare: Whether to compare at all, or only measure the model's complexity.
    """
    truth = to_sympy(problem.expression)
    forms = [(truth, model)]
    if truth.has(sympy.pi):  # which few methods know as such
        forms.append((with_decimals(truth), with_decimals(model)))
    positive = [low > 0 for low, _ in problem.ranges]
    verdicts = []
    for form in forms:
        verdicts.append(by_sympy(*form, positive, compare))
        if verdicts[-1].symbolic or not compare:
            return verdicts[-1]
    proven = any(by_identities(*form, problem.ranges) for form in forms)
    proven = proven or by_identities(truth, model, problem.ranges, exact_rationals)
    return replace(verdicts[0], symbolic=proven, by_identities=proven)


def by_sympy(truth: sympy.Expr, model: sympy.Expr, positive: Sequence[bool], compare: bool) -> Verdict:
    """Judges a model by SymPy's simplification.

    Args:
        truth: The true equation.
        model: The model.
        positive: Whether each variable is positive on the data.
        compare: Whether to compare at all, or only measure the model's complexity.
    """
    truth, model = with_signs(truth, positive), with_signs(model, positive)
    model = sympy.simplify(rounded(model), ratio=1)
    complexity = count_nodes(model)
    if not compare or not model.free_symbols or model.has(sympy.nan, sympy.zoo, sympy.oo):
        return Verdict(False, complexity)
    difference = sympy.simplify(rounded(truth - model), ratio=1)
    if is_constant(rounded(difference)):
        return Verdict(True, complexity)
    ratio = sympy.simplify(rounded(truth / model), ratio=1)
    # A factor below what is negligible has been rounded to zero, with all that it multiplied.
    return Verdict(is_constant(ratio) and ratio != 0, complexity)


def by_identities(
    truth: sympy.Expr,
    model: sympy.Expr,
    ranges: Sequence[tuple[float, float]],
    as_rationals: Callable[[sympy.Expr], sympy.Expr] | None = None,
) -> bool:
    """Whether truth and model are proven to differ by a constant or a factor on the data.

    Values on points of the data's ranges come first: they spare most models the algebra, and tell the signs
    that the algebra leaves open.

    Args:
        truth: The true equation.
        model: The model.
        ranges: Lowest and highest value of each variable.
        as_rationals: Makes rationals of their numbers, rounded as the benchmark does by default.
    """
    X = near_points(ranges)
    as_rationals = as_rationals or rounded_to_rationals
    truth, model = as_rationals(truth), as_rationals(model)
    try:
        is_shifted, is_scaled = compare_values(from_sympy(truth), from_sympy(model), X)
    except ValueError:  # a function that no operator of ours computes
        return False
    positive = [low > 0 for low, _ in ranges]
    truth, model = with_signs(truth, positive), with_signs(model, positive)
    return (is_scaled and differ_by_factor(truth, model)) or (is_shifted and differ_by_constant(truth, model))


def with_decimals(expression: sympy.Expr) -> sympy.Expr:
    """The expression with decimal numbers in place of multiples of pi."""
    return expression.replace(
        lambda node: node.has(sympy.pi) and not node.free_symbols and bool(node.is_real),
        lambda node: sympy.Float(node, 17),
    )


def by_numbers(problem: Problem, model: sympy.Expr) -> bool:
    """Whether difference or ratio of truth and model is constant on points far beyond the data."""
    X = far_points(problem.ranges)
    try:
        return any(compare_values(problem.expression, from_sympy(rounded(model)), X))
    except ValueError:  # a function that no operator of ours computes
        return False


def near_points(ranges: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Points of the ranges, shape (n_points, n_variables)."""
    low, high = np.array(ranges, dtype=float).T
    return np.random.default_rng(0).uniform(low, high, (_N_POINTS, len(low)))


def far_points(ranges: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Points of five times the ranges, on the same side of zero where the range is."""
    low, high = np.array(ranges, dtype=float).T
    width = high - low
    wide_low = np.where(low >= 0, low / 5, low - 2 * width)
    return np.random.default_rng(0).uniform(wide_low, high + 4 * width, (_N_POINTS, len(low)))


def compare_values(truth: Expression, model: Expression, X: NDArray[np.float64]) -> tuple[bool, bool]:
    """Whether the difference, and whether the ratio, of truth and model is constant on points.

    Points where the truth has no finite value do not count; if they are most of them, neither is constant.
    """
    values = Program([truth, model]).values(X)
    expected, found = values[:, np.isfinite(values[0])]
    if len(expected) < len(X) // 8 or not np.all(np.isfinite(found)) or np.ptp(found) == 0:
        return False, False
    with np.errstate(over="ignore"):
        ratio = found[expected != 0] / expected[expected != 0]
    is_shifted = np.std(expected - found) <= _SAME * np.std(expected)
    is_scaled = len(ratio) > 0 and np.ptp(ratio) <= _SAME * np.abs(np.median(ratio))
    return bool(is_shifted), bool(is_scaled)


def with_signs(expression: sympy.Expr, positive: Sequence[bool]) -> sympy.Expr:
    """The expression over symbols that are positive where the data are, and real elsewhere."""
    known = {f"x_{i}": is_positive for i, is_positive in enumerate(positive)}
    signed = {
        symbol: sympy.Symbol(symbol.name, positive=True)
        if known.get(symbol.name)
        else sympy.Symbol(symbol.name, real=True)
        for symbol in expression.free_symbols
    }
    return expression.xreplace(signed)


def rounded(expression: sympy.Expr) -> sympy.Expr:
    """The expression with its decimal numbers rounded to three places, and negligible ones zero."""
    numbers = expression.atoms(sympy.Float)
    return expression.xreplace({number: sympy.Float(_round(number), 15) for number in numbers})


def rounded_to_rationals(expression: sympy.Expr) -> sympy.Expr:
    """The expression with its decimal numbers rounded as `rounded` does, and then exact."""
    numbers = expression.atoms(sympy.Float)
    return expression.xreplace({number: sympy.Rational(str(_round(number))) for number in numbers})


def exact_rationals(expression: sympy.Expr) -> sympy.Expr:
    """The expression with the fraction that each decimal number stands for, which rounding may part.

    Rounded to three decimals, 1/3 is no longer half of 2/3.
    """
    numbers = expression.atoms(sympy.Float)
    return expression.xreplace({number: _fraction(float(number)) for number in numbers})


def _fraction(value: float) -> sympy.Rational:
    near = Fraction(value).limit_denominator(_LARGEST_DENOMINATOR)
    is_same = abs(float(near) - value) <= _FRACTION * abs(value)
    return sympy.Rational(near.numerator, near.denominator) if is_same else sympy.Rational(str(value))


def _round(number: sympy.Float) -> float:
    return 0.0 if abs(number) < _NEGLIGIBLE else round(float(number), _DECIMALS)


def is_constant(expression: sympy.Expr) -> bool:
    """Whether a form is a finite number, without further simplification."""
    return not expression.free_symbols and bool(expression.is_finite)


def count_nodes(expression: sympy.Expr) -> int:
    """Nodes of SymPy's tree: SRBench's simplified complexity once the expression is simplified."""
    return sum(1 for _ in sympy.preorder_traversal(expression))
