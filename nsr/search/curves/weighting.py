"""Linear least squares whose weights are those of a task's loss, and the target as the loss sees it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nsr.search.curves_settings import CurvesSettings
from nsr.search.state import State

Array = NDArray[np.float64]

# Solutions after the first, at most; each but the last lowers the loss by more than this share.
_ROUNDS, _SETTLED = 12, 1e-4


def reweighted(state: State, solve: Callable[[Array], Array], values: Callable[[Array], Array]) -> Array:
    """Coefficients of least loss from weighted least squares, the weights taken anew where it leads.

    For squared errors the first solution is the last (Green, "Iteratively reweighted least squares for
    maximum likelihood estimation", JRSS B 46, 1984).

    Args:
        state: What is to be explained.
        solve: Gives coefficients for roots of weights, shape (P,).
        values: Gives what coefficients predict of the state's target, shape (P,).
    """
    best = solve(state.root_weights)
    if state.loss.is_quadratic:
        return best
    with np.errstate(all="ignore"):
        predicted = values(best)
        least = float(state.mean_loss(predicted[None])[0])
        for _ in range(_ROUNDS):
            roots = np.sqrt(state.curvature(predicted))
            if not np.all(np.isfinite(roots)):
                break
            coefficients = solve(roots)
            predicted = values(coefficients)
            before, loss = least, float(state.mean_loss(predicted[None])[0])
            if loss < least:
                best, least = coefficients, loss
            if not loss < (1 - _SETTLED) * before:
                break
    return best


def seen_target(state: State, far: float = CurvesSettings().far) -> Array:
    """The target with what is far off moved as near as the loss minds it: Huber's pseudo-values (1981, 7.7).

    Its extremes, crossings and slopes are those of the rows that count. Where a loss minds every row however
    far it is off, this is the target itself.

    Args:
        state: What is to be explained.
        far: Residuals of more than this many times the median are far off.
    """
    if state.expected is None:
        return state.y
    scale = 1.0 if state.scale is None else state.scale
    centre, target = state.expected * scale, state.y * scale
    typical = far * float(np.median(np.abs(target - centre)))
    with np.errstate(all="ignore"):
        share = state.loss.curvature(centre, target) / state.loss.curvature(centre, centre + typical)
    share = np.where(np.isfinite(share), np.minimum(share, 1.0), 1.0)
    return np.asarray(state.expected + share * (state.y - state.expected))
