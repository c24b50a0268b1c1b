"""What each term of a sum explains: alone, and beside the others."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply
from nsr.expressions.printing import to_infix
from nsr.expressions.simplify import simplify
from nsr.understanding.subject import Subject

Array = NDArray[np.float64]


def term_shares(subject: Subject, digits: int = 4) -> pd.DataFrame:
    """Ablation of the terms of the sum that the equation is; a constant term is left aside.

    Args:
        subject: The equation and its rows.
        digits: Of constants in the terms' text.

    Returns:
        A row for each term, those first that are missed most, with columns `term`; `share`, the covariance of
        the term with the target over the target's variance, which add up to what the equation explains but
        for its bias; `alone`, the share of variance that the term explains with the best factor and a
        constant; and `lost`, the share that the sum explains no more without the term, though the factors
        of all others are fitted anew.
    """
    terms = [simplify(term) for term in _terms(subject.expression) if term.variables]
    if not terms:
        return pd.DataFrame({"term": [], "share": [], "alone": [], "lost": []})
    columns = np.asarray(Program(terms).values(subject.X), dtype=np.float64).T
    centred, target = columns - columns.mean(axis=0), subject.y - subject.y.mean()
    variance = max(float(target @ target), 1e-300)
    whole = _explained(centred, target)
    rows = [
        {
            "term": to_infix(term, subject.names, digits),
            "share": float(centred[:, place] @ target) / variance,
            "alone": _explained(centred[:, [place]], target),
            "lost": whole - _explained(np.delete(centred, place, axis=1), target),
        }
        for place, term in enumerate(terms)
    ]
    return pd.DataFrame(rows).sort_values("lost", ascending=False, kind="stable", ignore_index=True)


def _terms(expression: Expression) -> list[Expression]:
    """Terms of a sum; a product with a sum, and a ratio of one, is multiplied out."""
    name, parts = expression.tokens[0], expression.children
    if name in ("add", "sub"):
        left, right = map(_terms, parts)
        return left + (right if name == "add" else [apply("neg", term) for term in right])
    if name == "neg":
        return [apply("neg", term) for term in _terms(parts[0])]
    if name == "div":
        return [apply("div", term, parts[1]) for term in _terms(parts[0])]
    if name == "mul":
        left, right = map(_terms, parts)
        if len(right) == 1:
            return [apply("mul", term, parts[1]) for term in left]
        if len(left) == 1:
            return [apply("mul", parts[0], term) for term in right]
    return [expression]


def _explained(columns: Array, target: Array) -> float:
    """Share of squares that a linear model of centred columns explains; their sizes may differ by much."""
    if not columns.shape[1]:
        return 0.0
    sizes = np.linalg.norm(columns, axis=0)
    scaled = columns / np.where(sizes > 0, sizes, 1.0)
    left = target - scaled @ np.linalg.lstsq(scaled, target, rcond=None)[0]
    return 1 - float(left @ left) / max(float(target @ target), 1e-300)
