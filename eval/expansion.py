"""A second judge: SRBench's rule, for equations that are multiplied out before their numbers are rounded.

SRBench rounds each number where it stands, so that 0.0042732*x_0*(234.0167*x_3) + x_1*x_4 becomes
0.936*x_0*x_3 + x_1*x_4, another form than x_0*x_3 + x_1*x_4. Here truth and model are brought to one shape
first: at each level a fraction of sums of products, the largest coefficient of its denominator one, and
numbers taken out of roots, powers, exponentials, logarithms and phases. Then they are rounded to three
decimals, and difference or ratio has to be constant on points far beyond the data, as for
`eval.symbolic.by_numbers`. What is rounded must still be the model on the data: a small coefficient of a
large term is no rounding error.
"""

from __future__ import annotations

import numpy as np
import sympy
from numpy.typing import NDArray

from eval.sandbox import Sandbox, SandboxError
from eval.symbolic import SMALLEST_R2, TIME_LIMIT, compare_values, far_points, near_points, rounded
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.expressions.sympy_form import from_sympy, to_sympy
from nsr.problems.problem import Problem

# Rounding moves values by this share of their spread at most, a constant or a factor left aside.
_MOVED = 0.01
_DECIMALS = 3


def is_expanded_solution(
    problem: Problem, model: sympy.Expr, r2: float, sandbox: Sandbox, time_limit: float = TIME_LIMIT
) -> bool:
    """Judges a model in a process that can be killed; what cannot be multiplied out in time is no solution.

    Args:
        problem: Its truth and its ranges.
        model: What was found, over the symbols `x_0`, `x_1`, ...
        r2: The model's R2 on the test rows.
        sandbox: Where SymPy works.
        time_limit: Seconds.
    """
    if problem.distributions or r2 <= SMALLEST_R2:  # numbers of all sizes are not rounded
        return False
    try:
        return bool(sandbox.run(by_expansion, problem, model, time_limit=time_limit))
    except SandboxError:
        return False


def by_expansion(problem: Problem, model: sympy.Expr) -> bool:
    """Whether a model is the truth up to a constant or a factor, multiplied out and then rounded.

    Args:
        problem: Its truth and its ranges.
        model: What was found, over the symbols `x_0`, `x_1`, ...
    """
    forms = [expanded(form) for form in (to_sympy(problem.expression), model)]
    truth, found = map(rounded, forms)
    # Only a factor is left open where both are told in units of their largest coefficient.
    scaled_truth, scaled_found = (rounded(_scaled(form)[1]) for form in forms)
    try:
        far, near = far_points(problem.ranges), near_points(problem.ranges)
        if any(compare_values(from_sympy(truth), from_sympy(found), far)):
            return _are_one(from_sympy(model), from_sympy(found), near)
        is_scaled = compare_values(from_sympy(scaled_truth), from_sympy(scaled_found), far)[1]
        return is_scaled and _are_one(from_sympy(model), from_sympy(scaled_found), near)
    except ValueError:  # a function that no operator of ours computes
        return False


def expanded(form: sympy.Expr) -> sympy.Expr:
    """The form as a fraction of sums at each level, with decimal numbers.

    Args:
        form: Over real symbols.
    """
    if form.is_Integer or form.is_Symbol:
        return form
    if not form.free_symbols:
        return sympy.N(form, 17) if form.is_real else form
    arguments = [expanded(argument) for argument in form.args]
    if form.is_Add or form.is_Mul:
        return _fraction(form.func(*arguments))
    if form.is_Pow:
        return _power(*arguments)
    if form.func in _TAKEN_OUT:
        return _TAKEN_OUT[form.func](arguments[0])
    return form.func(*arguments)


def _fraction(form: sympy.Expr) -> sympy.Expr:
    top, bottom = sympy.fraction(sympy.together(form))
    factor, bottom = _scaled(sympy.expand(bottom))
    return sympy.expand(top / factor) / bottom


def _power(base: sympy.Expr, exponent: sympy.Expr) -> sympy.Expr:
    if exponent.is_Float and round(2 * float(exponent), _DECIMALS).is_integer():
        exponent = sympy.Rational(round(2 * float(exponent)), 2)
    factor, base = _scaled(base)
    if factor < 0 and not exponent.is_Integer:
        factor, base = -factor, sympy.expand(-base)
    if not exponent.is_Rational:
        return (factor * base) ** exponent
    return _fraction(factor**exponent * base**exponent)


def _scaled(form: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """A number and what it multiplies, the largest coefficient of which is one."""
    coefficients = [term.as_coeff_Mul()[0] for term in sympy.Add.make_args(form)]
    largest = max(coefficients, key=abs)
    return largest, sympy.expand(form / largest)


def _exp(argument: sympy.Expr) -> sympy.Expr:
    number, rest = argument.as_coeff_Add()
    return sympy.Float(sympy.exp(number)) * sympy.exp(rest)


def _log(argument: sympy.Expr) -> sympy.Expr:
    factor, rest = _scaled(argument)
    return sympy.log(sympy.Abs(factor)) + sympy.log(rest if factor > 0 else -rest)


def _sin(argument: sympy.Expr) -> sympy.Expr:
    phase, rest = argument.as_coeff_Add()
    return sympy.cos(phase).n() * sympy.sin(rest) + sympy.sin(phase).n() * sympy.cos(rest)


def _cos(argument: sympy.Expr) -> sympy.Expr:
    phase, rest = argument.as_coeff_Add()
    return sympy.cos(phase).n() * sympy.cos(rest) - sympy.sin(phase).n() * sympy.sin(rest)


_TAKEN_OUT = {sympy.exp: _exp, sympy.log: _log, sympy.sin: _sin, sympy.cos: _cos}


def _are_one(model: Expression, rounded_model: Expression, X: NDArray[np.float64]) -> bool:
    """Whether values are the same to a hundredth of their spread, up to a constant or up to a factor."""
    values = Program([model, rounded_model]).values(X)
    found, after = values[:, np.isfinite(values).all(axis=0)]
    if len(found) < len(X) // 2:
        return False
    factor = np.sum(found * after) / np.sum(after**2)
    left = min(np.std(found - after), np.sqrt(np.mean((found - factor * after) ** 2)))
    return bool(left <= _MOVED * np.std(found))
