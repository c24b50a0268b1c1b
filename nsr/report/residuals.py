"""Checks of what an equation leaves: structure, spread, order of rows, outliers and shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.stats
from numpy.typing import NDArray

from nsr.data.notes import listed
from nsr.refinement.losses import ABSOLUTE_ERROR, HUBER
from nsr.report.finding import ALPHA, LEAST_ROWS, Finding, percent, too_few_rows
from nsr.report.statistics import breusch_pagan, durbin_watson, outliers
from nsr.report.structure import along, compared, jointly

if TYPE_CHECKING:
    from nsr.report.fitted import Fitted

Array = NDArray[np.float64]

# Rows that the slower tests look at: with more, structure shows that nobody minds.
_MOST_ROWS = 2_000
# From so many rows on a forest is asked as well.
_FOREST_ROWS = 60
# Losses to which a row that is far off counts little.
_ROBUST = (ABSOLUTE_ERROR.name, HUBER.name)
# Skewness and excess kurtosis that change no conclusion.
_SLIGHT_SKEWNESS, _SLIGHT_KURTOSIS = 0.5, 1.0


@dataclass(frozen=True)
class Patterns:
    """What residuals vary with.

    Attributes:
        p_value: Probability that noise would look as much as if it varied with something.
        by_column: The same for each column that varies, all others having been looked at as well.
        explained: Share that random forests explain, on rows they have not seen.
    """

    p_value: float
    by_column: Mapping[int, float]
    explained: float

    @property
    def columns(self) -> list[int]:
        """Columns that residuals vary with for sure."""
        return [place for place, p_value in self.by_column.items() if p_value <= ALPHA]


NO_PATTERNS = Patterns(1.0, {}, 0.0)


def patterns(fitted: Fitted) -> Patterns:
    """Looks for what the residuals vary with, among all columns, in the equation or not."""
    if fitted.is_exact or fitted.task.n_rows < LEAST_ROWS:
        return NO_PATTERNS
    rng, rows = fitted.rng, _some_rows(fitted)
    X, residuals = fitted.task.X[rows], fitted.residuals[rows]
    varying = [place for place in fitted.varying if np.ptp(X[:, place]) > 0]
    if not varying:
        return NO_PATTERNS
    groups = [along(X[:, place], rng) for place in varying]
    if len(varying) > 1:
        groups.append(jointly(X[:, varying]))
    result = compared(residuals, fitted.slopes[rows], groups, rng)
    explained, p_forest = _explained_by_forest(X[:, varying], residuals, fitted.seed)
    by_column = dict(zip(varying, result.p_values[: len(varying)], strict=True))
    return Patterns(min(1.0, 2 * min(result.p_value, p_forest)), by_column, explained)


def structure(fitted: Fitted, found: Patterns) -> Finding:
    """Whether the residuals vary with any of the columns."""
    if fitted.task.n_rows < LEAST_ROWS:
        return too_few_rows("structure")
    figures = {"p_value": found.p_value, "explained_by_forest": found.explained}
    shown = f"(p = {found.p_value:.2g})"
    if found.p_value > ALPHA:
        return Finding("structure", f"residuals show no structure {shown}", False, figures)
    names = [fitted.names[place] for place in found.columns]
    text = f"residuals still vary with {listed(names) or 'several columns together'} {shown}"
    if found.explained > 0:
        text += f"; a random forest explains {percent(found.explained)} of them on rows it has not seen"
    return Finding("structure", text, True, figures)


def spread(fitted: Fitted) -> Finding:
    """Whether the residuals' size changes with the predicted value."""
    sizes = np.abs(fitted.predicted)
    if fitted.task.n_rows < LEAST_ROWS:
        return too_few_rows("spread")
    if np.ptp(sizes) == 0:
        return Finding("spread", "the equation is a constant: residuals have nothing to grow with")
    statistic, p_value = breusch_pagan(fitted.residuals, sizes[:, None])
    rank = scipy.stats.spearmanr(np.abs(fitted.residuals), sizes)
    figures = {
        "breusch_pagan": statistic, "breusch_pagan_p_value": p_value,
        "spearman": float(rank.statistic), "spearman_p_value": float(rank.pvalue),
    }  # fmt: skip
    if min(p_value, rank.pvalue) > ALPHA / 2:  # two tests of one thing
        return Finding("spread", f"residuals are as large everywhere (p = {rank.pvalue:.2g})", False, figures)
    way = "grow with" if rank.statistic > 0 else "shrink with growing"
    text = f"residuals {way} values (Spearman's rho = {rank.statistic:.2f}): rows are not equally certain"
    if rank.statistic > 0 and fitted.task.loss.is_quadratic:
        text += _losses_for(fitted.task.y)
    return Finding("spread", text, True, figures)


def _losses_for(y: Array) -> str:
    """Which losses are for errors that grow with a target like this one; whole numbers may be counts."""
    counts = ["loss='poisson' is for counts"] if np.all((y >= 0) & (y == np.round(y))) else []
    shares = ["loss='gamma' is for errors that are a share of the value"] if np.min(y) > 0 else []
    return "".join(f"; {one}" for one in (*counts, *shares))


def order(fitted: Fitted) -> Finding:
    """Whether residuals of neighbouring rows are alike, or drift along the rows."""
    if fitted.task.n_rows < LEAST_ROWS:
        return too_few_rows("order")
    if (sorted_by := _sorted_by(fitted)) is not None:
        return Finding("order", f"rows are sorted by {sorted_by}, so that structure says it")
    residuals, rng = fitted.residuals[:_MOST_ROWS], fitted.rng
    places = np.arange(float(len(residuals)))
    statistic = durbin_watson(fitted.residuals)
    result = compared(residuals, fitted.slopes[:_MOST_ROWS], [along(places, rng)], rng)
    figures = {"durbin_watson": statistic, "p_value": result.p_value}
    shown = f"Durbin-Watson {statistic:.2f}, p = {result.p_value:.2g}"
    if result.p_value > ALPHA:
        return Finding("order", f"residuals do not depend on the rows' order ({shown})", False, figures)
    text = f"residuals depend on the rows' order ({shown}): something drifted or carried over"
    return Finding("order", text, True, figures)


def far_rows(fitted: Fitted) -> Finding:
    """Rows that are much further off than the rest."""
    if fitted.task.n_rows < LEAST_ROWS:
        return too_few_rows("outliers")
    found = outliers(fitted.residuals, ALPHA)
    if not len(found):
        return Finding("outliers", "no row is much further off than others", False, {"count": 0})
    worst = found[np.argsort(-np.abs(fitted.residuals[found]))][:5]
    shown = ", ".join(f"{fitted.task.y[row]:.4g} instead of {fitted.predicted[row]:.4g}" for row in worst)
    more = ", ..." if len(found) > len(worst) else ""
    text = f"{len(found)} of {fitted.task.n_rows} rows are far off: {shown}{more}"
    if fitted.task.loss.name not in _ROBUST:
        text += "; with loss='huber' such rows count less"
    return Finding("outliers", text, True, {"count": len(found)})


def shape(fitted: Fitted) -> Finding:
    """Whether the residuals' distribution is far from normal."""
    if fitted.task.n_rows < 2 * LEAST_ROWS:
        return Finding("shape", f"fewer than {2 * LEAST_ROWS} rows: cannot be told")
    residuals = fitted.residuals
    skewness, kurtosis = float(scipy.stats.skew(residuals)), float(scipy.stats.kurtosis(residuals))
    p_value = float(scipy.stats.normaltest(residuals).pvalue)
    figures = {"skewness": skewness, "excess_kurtosis": kurtosis, "p_value": p_value}
    is_slight = abs(skewness) < _SLIGHT_SKEWNESS and abs(kurtosis) < _SLIGHT_KURTOSIS
    if p_value > ALPHA or is_slight:
        return Finding("shape", f"residuals are near normal (p = {p_value:.2g})", False, figures)
    kind = "heavy tails" if kurtosis > 0 else "a distribution that is not normal"
    text = f"residuals have {kind}: skewness {skewness:.2f}, excess kurtosis {kurtosis:.2f}"
    return Finding("shape", text, True, figures)


CHECKS = (spread, order, far_rows, shape)


def _some_rows(fitted: Fitted) -> NDArray[np.intp]:
    """All rows, or as many at random as a slow test may have, in order."""
    n_rows = fitted.task.n_rows
    if n_rows <= _MOST_ROWS:
        return np.arange(n_rows)
    return np.sort(fitted.rng.choice(n_rows, _MOST_ROWS, replace=False))


def _sorted_by(fitted: Fitted) -> str | None:
    """The column by which the rows are sorted, if any is."""
    for place in fitted.varying:
        steps = np.diff(fitted.task.X[:, place])
        if np.all(steps >= 0) or np.all(steps <= 0):
            return fitted.names[place]
    return None


def _explained_by_forest(X: Array, residuals: Array, seed: int) -> tuple[float, float]:
    """The share of residuals that random forests explain, each on the half it has not seen, and p.

    As a forest knows nothing of the other half, its predictions there are correlated with noise by chance
    alone, which Student's distribution describes.
    """
    if len(residuals) < _FOREST_ROWS:
        return 0.0, 1.0
    from sklearn.ensemble import RandomForestRegressor

    halves = np.array_split(np.random.default_rng(seed).permutation(len(residuals)), 2)
    predicted, p_values = np.empty_like(residuals), []
    for own, other in (halves, halves[::-1]):
        forest = RandomForestRegressor(50, min_samples_leaf=5, random_state=seed)
        predicted[other] = forest.fit(X[own], residuals[own]).predict(X[other])
        if np.ptp(predicted[other]) == 0 or np.ptp(residuals[other]) == 0:
            p_values.append(1.0)
        else:
            alike = scipy.stats.pearsonr(predicted[other], residuals[other], alternative="greater")
            p_values.append(float(alike.pvalue))
    left = float(np.mean((residuals - predicted) ** 2) / np.mean(residuals**2))
    return max(0.0, 1 - left), min(1.0, 2 * min(p_values))
