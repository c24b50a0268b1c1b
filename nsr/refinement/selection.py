"""Scores, duplicates, the Pareto front, and the choice of one equation.

An equation is judged by its description length: the bits that the residuals take once the equation is
known, plus the bits to write the equation down (minimum description length; Rissanen 1978). Residuals
below the precision of the data count as exact, so nothing is gained by fitting rounding errors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import joblib
import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import PLACEHOLDER, Expression
from nsr.expressions.round_numbers import nearest_fraction
from nsr.expressions.simplify import length
from nsr.refinement.refine import refine

# Share of the target's variance below which a fit is exact.
EXACT_FVU = 1e-18
# An answer of at most this complexity is as good as right; beyond the larger one it need not be an answer.
SHORT, LONG = 12, 30
# Values that agree to this share of the target's size are the same equation.
_SAME = 1e-9
# Bits for one operator or variable: about as many kinds of them as 2^4.5.
_BITS_PER_NODE = 4.5
_BITS_PER_FREE_CONSTANT = 16.0
_LARGEST_DENOMINATOR = 12


@dataclass(frozen=True)
class Candidate:
    """An equation and its mean squared error on the data.

    Attributes:
        expression: In the user's units.
        loss: Mean squared error.
        stage: What found it, as `nsr.search.engine.Search.run` says; empty where nothing was searched.
    """

    expression: Expression
    loss: float
    stage: str = field(default="", compare=False)

    @property
    def complexity(self) -> int:
        """Nodes of the expression, weighted by `nsr.expressions.operators`."""
        return self.expression.complexity


def is_exact(candidate: Candidate, variance: float) -> bool:
    """Whether an equation leaves no more of a target of this variance than rounding errors do."""
    return candidate.loss <= EXACT_FVU * variance


def constant_bits(value: float, n_points: int) -> float:
    """Bits to write a constant: few for small rationals and their multiples of pi, more for others."""
    if not math.isfinite(value):
        return math.inf
    if value == 0:
        return 1.0
    for bits, factor in ((0.0, 1.0), (3.0, math.pi), (3.0, 1 / math.pi)):
        numerator, denominator = nearest_fraction(value / factor)
        if numerator / denominator * factor == value:  # 3.0000000000000004 is no 3: snapping makes it one
            return bits + 2.0 + math.log2(1 + abs(numerator)) + math.log2(denominator)
    return _BITS_PER_FREE_CONSTANT + 0.5 * math.log2(n_points)


def expression_bits(expression: Expression, n_points: int) -> float:
    """Bits to write an expression down."""
    bits = 0.0
    for token in expression.tokens:
        if isinstance(token, str) and token != PLACEHOLDER:
            bits += _BITS_PER_NODE
        else:
            bits += constant_bits(float(token) if token != PLACEHOLDER else math.e, n_points)
    return bits


def description_length(candidate: Candidate, n_points: int, variance: float) -> float:
    """Bits of residuals and equation, up to a constant that all candidates share.

    Args:
        candidate: What to score.
        n_points: Points that the loss is the mean of.
        variance: Variance of the target.
    """
    if not math.isfinite(candidate.loss):
        return math.inf
    unexplained = max(candidate.loss / variance, EXACT_FVU) if variance > 0 else 1.0
    return 0.5 * n_points * math.log2(unexplained) + expression_bits(candidate.expression, n_points)


def merged(candidates: Sequence[Candidate], X: NDArray[np.float64], scale: float) -> list[Candidate]:
    """One candidate for each function: those with the same values on X keep the shortest form.

    Args:
        candidates: Any order.
        X: Points to compare on, shape (P, D).
        scale: Size of the target; values that agree to a billionth of it are the same.
    """
    usable = [candidate for candidate in candidates if math.isfinite(candidate.loss)]
    if not usable:
        return []
    values = Program([candidate.expression for candidate in usable]).values(X[:64])
    kept: dict[bytes, Candidate] = {}
    for candidate, row in zip(usable, values, strict=True):
        with np.errstate(all="ignore"):
            key = np.nan_to_num(
                np.round(row / (scale * _SAME)), nan=1e300, posinf=1e300, neginf=-1e300
            ).tobytes()
        rival = kept.get(key)
        if rival is None or _effort(candidate) < _effort(rival):
            kept[key] = candidate
    return list(kept.values())


def _effort(candidate: Candidate) -> tuple[float, int]:
    return expression_bits(candidate.expression, 100), length(candidate.expression)


def pareto_front(candidates: Sequence[Candidate], n_points: int, variance: float) -> list[Candidate]:
    """Candidates that no simpler one matches, by rising complexity and falling loss.

    Of equal complexity, the one with the shortest description stands for all: round constants beat refined
    ones that fit the noise a little better. What has the shortest description of all is always among them.

    Args:
        candidates: Any order.
        n_points: Points that the losses are means of.
        variance: Variance of the target.
    """
    usable = [candidate for candidate in candidates if math.isfinite(candidate.loss)]
    if not usable:
        return []
    bits = {candidate: description_length(candidate, n_points, variance) for candidate in usable}
    ordered = sorted(usable, key=lambda c: (bits[c], c.loss, c.complexity, c.expression.tokens[0] == "neg"))
    best = ordered[0]
    ordered = [c for c in ordered if c == best or c.loss > best.loss or c.complexity > best.complexity]
    front: list[Candidate] = []
    for candidate in sorted(ordered, key=lambda c: c.complexity):  # which keeps the order of description
        if not front or (candidate.complexity > front[-1].complexity and candidate.loss < front[-1].loss):
            front.append(candidate)
    return front


def choose(front: Sequence[Candidate], n_points: int, variance: float) -> int:
    """Index of the candidate with the smallest description length."""
    return min(range(len(front)), key=lambda i: description_length(front[i], n_points, variance))


def rescored(
    candidates: Sequence[Candidate], X: NDArray[np.float64], y: NDArray[np.float64]
) -> list[Candidate]:
    """The candidates with their mean squared errors on a table, in the same order."""
    if not candidates:
        return []
    losses = mean_squared_errors([candidate.expression for candidate in candidates], X, y)
    return [replace(c, loss=float(loss)) for c, loss in zip(candidates, losses, strict=True)]


def refitted(
    expressions: list[Expression],
    X: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    restarts: int,
    max_iterations: int,
    seed: int,
    deadline: float,
    max_points: int | None = None,
) -> list[Candidate]:
    """Candidates whose constants `refine` has fitted on all cores, those without a fit left out.

    Args:
        expressions: What to fit.
        X: Variables, shape (P, D).
        y: Target, shape (P,).
        restarts: As `refine` takes them, like the others.
        max_iterations: Likewise.
        seed: Likewise.
        deadline: Likewise.
        max_points: Likewise.
    """
    if not expressions:
        return []
    n_threads = joblib.cpu_count()
    program = Program(expressions, n_threads)
    refined = refine(
        program,
        X,
        y,
        restarts=restarts,
        max_points=max_points,
        max_iterations=max_iterations,
        seed=seed,
        n_threads=n_threads,
        deadline=deadline,
    )
    pairs = zip(program.expressions_with(refined.constants), refined.loss, strict=True)
    return [Candidate(expression, float(loss)) for expression, loss in pairs if np.isfinite(loss)]


def ranked(candidates: Sequence[Candidate], n_points: int, variance: float) -> list[Candidate]:
    """Candidates by rising description length, the best of each skeleton."""
    best: dict[Expression, Candidate] = {}
    for candidate in sorted(candidates, key=lambda c: description_length(c, n_points, variance)):
        best.setdefault(candidate.expression.skeleton(), candidate)
    return list(best.values())


def mean_squared_errors(
    expressions: list[Expression], X: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean squared error of each expression, infinity where one is not finite."""
    with np.errstate(all="ignore"):
        losses = np.mean((Program(expressions).values(X) - y) ** 2, axis=1)
    return np.where(np.isfinite(losses), losses, np.inf)
