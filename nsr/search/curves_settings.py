"""Settings of textbook curves."""

from __future__ import annotations

from dataclasses import dataclass

from nsr.refinement.refine import Effort
from nsr.task import FEW_ROWS, ROWS


@dataclass(frozen=True)
class CurvesSettings:
    """Textbook curves.

    Attributes:
        wait: Seconds of work for each unit of their share that others have before.
        head_start: Seconds of work before evolution begins, on curves of one variable or sums of several.
        n_rows: Rows that curves are first fitted to; more tell little, and cost as much again.
        n_polished: Curves, the best there, that are fitted to `polished_rows`.
        polished_rows: Rows for these.
        n_states: Reduced states that are looked at beside the table.
        nearly: A column tells most where a smooth fit of it leaves no more than this many times what one
            of all columns leaves.
        max_degree: Of polynomials,
        rows_each: which have at least this many rows for each constant.
        n_levy: Rounds in which the linearised least squares of a ratio of polynomials is weighted anew.
        n_series: Sums of each size that the next term is added to.
        sparse_terms: Terms at most of sparse sums of variables, beside the intercept,
        sparse_rows_each: which have at least this many rows for each.
        full_terms: Terms at most of the sum of all.
        few_columns: With this many or fewer all sums begin with the full one and lose terms; with more they
            gain terms.
        fitted_terms: Terms at most of models that are not linear in their constants.
        most_partners: Variables at most where each has its turn as a curve's own.
        n_rounded: Of curves times powers, the best of each number of constants that are tried with multiples
            of a half as exponents, all of them or those
        near: by no more than this.
        first: Effort on every start of a form,
        n_first: the best of which, this many,
        second: are given more,
        n_second: and the best of these, this many,
        last: go on to the end.
        far: Residuals of more than this many times the median are far off, and are moved nearer where starts
            are read off the target, as far as the loss does not mind them.
    """

    wait: float = 0.5
    head_start: float = 2.0
    n_rows: int = FEW_ROWS
    n_polished: int = 40
    polished_rows: int = ROWS
    n_states: int = 3
    nearly: float = 1.1
    max_degree: int = 10
    rows_each: int = 2
    n_levy: int = 4
    n_series: int = 3
    sparse_terms: int = 12
    sparse_rows_each: int = 3
    full_terms: int = 30
    few_columns: int = 60
    fitted_terms: int = 6
    most_partners: int = 5
    n_rounded: int = 4
    near: float = 0.1
    first: Effort = Effort(restarts=1, points=None, iterations=2)
    n_first: int = 16
    second: Effort = Effort(restarts=1, points=None, iterations=12)
    n_second: int = 4
    last: Effort = Effort(restarts=1, points=None, iterations=150)
    far: float = 3.0
