"""Symbolic solutions by SRBench's definition, judged in a process that can be killed.

A model is a symbolic solution when, its numbers rounded to three decimals, it differs from the truth by
a constant or by a constant factor (arXiv:2107.14351, section 4.2). SRBench asks SymPy and gives up after
an hour; here SymPy has seconds, and what it cannot decide is compared by numbers on points far beyond
the data. Symbols are real, and positive where the data are, so that sqrt(x^2) is x there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sympy

from eval.problems import Problem
from eval.sandbox import Sandbox, SandboxError
from nsr.export.sympy import from_sympy, to_sympy
from nsr.program import Program

TIME_LIMIT = 30.0
# SRBench tries the symbolic check only on models that explain half of the variance.
SMALLEST_R2 = 0.5
_DECIMALS = 3
_NEGLIGIBLE = 1e-4
_N_WIDE = 256
# Values on wide points that agree to this share of their spread count as one function.
_SAME = 1e-5


@dataclass(frozen=True)
class Verdict:
    """What the check found.

    Attributes:
        symbolic: Whether the model is a symbolic solution.
        complexity: Nodes of the rounded and simplified model.
        by_numbers: Whether SymPy ran out of time and wide points decided.
    """

    symbolic: bool
    complexity: int
    by_numbers: bool = False


def judge(
    problem: Problem, model: sympy.Expr, r2: float, sandbox: Sandbox, time_limit: float = TIME_LIMIT
) -> Verdict:
    """Judges a model.

    Args:
        problem: Its truth and its ranges.
        model: What was found, over the symbols `x_0`, `x_1`, ...
        r2: The model's R2 on the test rows.
        sandbox: Where SymPy works.
        time_limit: Seconds that SymPy has.
    """
    truth = to_sympy(problem.expression)
    positive = [low > 0 for low, _ in problem.ranges]
    try:
        verdict: Verdict = sandbox.run(
            by_sympy, truth, model, positive, r2 > SMALLEST_R2, time_limit=time_limit
        )
    except SandboxError:  # too slow, too large, or an error of SymPy's own
        symbolic = r2 > SMALLEST_R2 and by_numbers(problem, model)
        verdict = Verdict(symbolic, count_nodes(rounded(model)), by_numbers=True)
    return verdict


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
    difference, ratio = rounded(truth - model), rounded(truth / model)
    for form in (difference, ratio):
        if is_constant(form) or is_constant(sympy.simplify(form, ratio=1)):
            return Verdict(True, complexity)
    simplified_difference = rounded(sympy.simplify(difference, ratio=1))
    return Verdict(is_constant(simplified_difference), complexity)


def by_numbers(problem: Problem, model: sympy.Expr) -> bool:
    """Whether difference or ratio of truth and model is constant on points far beyond the data.

    Each variable is drawn from five times its range, on the same side of zero where the range is.
    """
    low, high = np.array(problem.ranges, dtype=float).T
    width = high - low
    wide_low = np.where(low >= 0, low / 5, low - 2 * width)
    X = np.random.default_rng(0).uniform(wide_low, high + 4 * width, (_N_WIDE, len(low)))
    try:
        program = Program([problem.expression, from_sympy(rounded(model))])
    except ValueError:  # a function that no operator of ours computes
        return False
    values = program.values(X)
    expected, found = values[:, np.isfinite(values[0])]
    if len(expected) < _N_WIDE // 8 or not np.all(np.isfinite(found)) or np.ptp(found) == 0:
        return False
    ratio = found[expected != 0] / expected[expected != 0]
    is_shifted = np.std(expected - found) <= _SAME * np.std(expected)
    is_scaled = len(ratio) > 0 and np.ptp(ratio) <= _SAME * np.abs(np.median(ratio))
    return bool(is_shifted or is_scaled)


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
    numbers = {
        number: sympy.Integer(0)
        if abs(number) < _NEGLIGIBLE
        else sympy.Float(round(float(number), _DECIMALS), 15)
        for number in expression.atoms(sympy.Float)
    }
    return expression.xreplace(numbers)


def is_constant(expression: sympy.Expr) -> bool:
    """Whether a form is a finite number, without further simplification."""
    return not expression.free_symbols and bool(expression.is_finite)


def count_nodes(expression: sympy.Expr) -> int:
    """Nodes of SymPy's tree: SRBench's simplified complexity once the expression is simplified."""
    return sum(1 for _ in sympy.preorder_traversal(expression))
