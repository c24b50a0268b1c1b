"""Losses beside squared error: absolute error, Huber's, Poisson and gamma deviances, and the user's own.

Names are scikit-learn's, and so are the mean losses: `mean_absolute_error`, `mean_poisson_deviance` and
`mean_gamma_deviance` of `sklearn.metrics`, and the function that `HuberRegressor` minimises.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from nsr.refinement.likelihood import SQUARED_ERROR, BaseLoss, Loss, weighted

Array = NDArray[np.float64]
Function = Callable[[Array, Array], Array]

# Half of normal residuals lie within so much of a standard deviation, half of Laplace's so much of a scale.
_NORMAL_MEDIAN, _LAPLACE_MEDIAN = 0.6745, math.log(2)
# Huber's loss is a square up to this many standard deviations, as in scikit-learn.
_EPSILON = 1.35
# Residuals of more than this many standard deviations of most rows' noise are gross errors.
_GROSS = 3.0
# Absolute errors below this share of their scale have no steeper weights.
_FLAT = 1e-3
# Scales below this share of the residuals' largest are rounding.
_LEAST_SCALE = 1e-12
# A smooth fit is not believed to be further off than this factor, nor this far below the mean.
_FACTOR, _OF_MEAN = 10.0, 0.02
# Ratios that are nearer to 1 than this have more digits as differences.
_NEAR = 0.1
# Steps of finite differences as a share of a residual, and the share of the target that it has at least.
_STEP, _SMALL = 1e-3, 1e-4


@dataclass(frozen=True)
class AbsoluteError(BaseLoss):
    """Absolute error: noise with heavy tails (Laplace's), of which far rows tell little.

    Attributes:
        noise: Laplace's scale of the noise, which says how many bits an error is worth. As it is that of most
            rows, a better fit of these counts, whatever is far off.
    """

    noise: float = 1.0
    name: str = "absolute_error"
    rounding: float = 1e-9

    def elementwise(self, predicted: Array, y: Array) -> Array:
        """Sizes of the residuals."""
        return np.abs(predicted - y)

    def curvature(self, predicted: Array, y: Array) -> Array:
        """The reciprocals of twice these."""
        return 0.5 / np.maximum(np.abs(predicted - y), _FLAT * self.noise)

    def level(self, y: Array, weights: Array | None, scale: Array | None) -> float:
        """The median, where an error counts with the size of the scale."""
        own = weighted(weights, None if scale is None else np.abs(scale))
        if own is None:
            return float(np.median(y))
        order = np.argsort(y)
        below = np.cumsum(own[order])
        return float(y[order][np.searchsorted(below, 0.5 * below[-1])])

    def with_scale_of(self, residuals: Array) -> AbsoluteError:
        """With the scale that the median of their sizes says."""
        return AbsoluteError(_typical(residuals) / _LAPLACE_MEDIAN)

    def believed(self, residuals: Array) -> Array:
        """Those within three of Laplace's standard deviations, and the others moved there."""
        return _cut(residuals, math.sqrt(2) * self.with_scale_of(residuals).noise)

    def bits(self, loss: float, null_loss: float, n_rows: int) -> float:
        """Minus the logarithm of Laplace's likelihood of this scale."""
        return n_rows * (loss - null_loss) / (self.noise * math.log(2))

    def reach(self, level: float) -> float:
        """The quantile of Laplace's distribution, whose standard deviation is sqrt(2) times its scale."""
        return -math.log1p(-level) / math.sqrt(2)


@dataclass(frozen=True)
class Huber(BaseLoss):
    """Huber's loss: normal noise of most rows, of which far ones tell as little as in absolute error.

    Attributes:
        noise: Standard deviation of the noise of most rows; the loss is a square up to 1.35 times as much.
    """

    noise: float = 1.0
    name: str = "huber"

    @property
    def _width(self) -> float:
        return _EPSILON * self.noise

    def elementwise(self, predicted: Array, y: Array) -> Array:
        """Squares of small residuals, and what goes on in a straight line for larger ones."""
        return np.asarray(2 * special.huber(self._width, predicted - y))

    def curvature(self, predicted: Array, y: Array) -> Array:
        """One for small residuals, and less for larger ones."""
        return self._width / np.maximum(np.abs(predicted - y), self._width)

    def level(self, y: Array, weights: Array | None, scale: Array | None) -> float:
        """What is between mean and median."""
        return _minimum(self, y, weights, scale)

    def with_scale_of(self, residuals: Array) -> Huber:
        """With the standard deviation that the median of their sizes says."""
        return Huber(_typical(residuals) / _NORMAL_MEDIAN)

    def believed(self, residuals: Array) -> Array:
        """Those within three standard deviations of the noise of most rows, and the others moved there."""
        return _cut(residuals, self.with_scale_of(residuals).noise)

    def bits(self, loss: float, null_loss: float, n_rows: int) -> float:
        """Minus the logarithm of the likelihood whose noise is normal up to the width (Huber 1964)."""
        return n_rows * (loss - null_loss) / (2 * self.noise**2 * math.log(2))


@dataclass(frozen=True)
class Poisson(BaseLoss):
    """Poisson deviance: counts, or noise whose variance is proportional to the value."""

    name: str = "poisson"

    @np.errstate(all="ignore")
    def elementwise(self, predicted: Array, y: Array) -> Array:
        """Unit deviances; of states with a negative scale, those of the negatives."""
        mean = predicted * np.copysign(1.0, y)
        off = (np.abs(y) - mean) / mean
        deviance = 2 * mean * (special.xlog1py(1 + off, off) - off)
        return np.where(mean > 0, deviance, np.inf)

    def curvature(self, predicted: Array, y: Array) -> Array:  # noqa: ARG002 (the protocol's signature)
        """The reciprocal of the variance."""
        return 1 / np.abs(predicted)

    def level(self, y: Array, weights: Array | None, scale: Array | None) -> float:
        """The mean, where an error counts with the size of the scale."""
        return float(np.average(y, weights=weighted(weights, None if scale is None else np.abs(scale))))

    def possible(self, predicted: Array, y: Array) -> Array:
        """Positive ones."""
        return np.maximum(predicted, _OF_MEAN * float(np.mean(y)))


@dataclass(frozen=True)
class Gamma(BaseLoss):
    """Gamma deviance: noise proportional to the value."""

    name: str = "gamma"

    @np.errstate(all="ignore")
    def elementwise(self, predicted: Array, y: Array) -> Array:
        """Unit deviances, functions of the ratio of target and prediction alone."""
        ratio, off = y / predicted, (y - predicted) / predicted
        # Near 1 the logarithm has lost the digits that matter; near 0 the difference has.
        logarithm = np.where(np.abs(off) < _NEAR, np.log1p(off), np.log(ratio))
        return np.where(ratio > 0, 2 * (off - logarithm), np.inf)

    def curvature(self, predicted: Array, y: Array) -> Array:  # noqa: ARG002 (the protocol's signature)
        """The reciprocal of the square."""
        return np.square(1 / predicted)

    def level(self, y: Array, weights: Array | None, scale: Array | None) -> float:  # noqa: ARG002
        """The mean; the scale does not matter."""
        return float(np.average(y, weights=weights))

    def possible(self, predicted: Array, y: Array) -> Array:
        """Those not too far from the target."""
        return np.clip(predicted, y / _FACTOR, y * _FACTOR)


@dataclass(frozen=True)
class Custom(BaseLoss):
    """The user's own loss, less what it is where prediction and target are equal.

    Attributes:
        function: Of predictions and targets, elementwise on arrays of shape (n,).
    """

    function: Function
    name: str = "custom"

    @np.errstate(all="ignore")
    def elementwise(self, predicted: Array, y: Array) -> Array:
        """What the function says, in one call for all predictions."""
        predicted, target = np.broadcast_arrays(predicted, y)
        p, t = predicted.ravel(), target.ravel()
        return np.asarray(self.function(p, t) - self.function(t, t), dtype=np.float64).reshape(
            predicted.shape
        )

    def curvature(self, predicted: Array, y: Array) -> Array:
        """From central differences, over the residual; never negative.

        Residuals are not taken to be smaller than a share of the target, where differences would be rounding.
        """
        off = predicted - y
        off = np.copysign(np.maximum(np.abs(off), _SMALL * np.mean(np.abs(y))), off)
        step = _STEP * np.abs(off)
        rise = self.elementwise(y + off + step, y) - self.elementwise(y + off - step, y)
        weights = rise / (4 * step * off)
        return np.maximum(np.nan_to_num(weights, nan=0.0, posinf=0.0, neginf=0.0), 0.0)

    def level(self, y: Array, weights: Array | None, scale: Array | None) -> float:
        """By minimisation."""
        return _minimum(self, y, weights, scale)

    def possible(self, predicted: Array, y: Array) -> Array:
        """The target where the function is not finite."""
        return np.where(np.isfinite(self.elementwise(predicted, y)), predicted, y)


ABSOLUTE_ERROR, HUBER, POISSON, GAMMA = AbsoluteError(), Huber(), Poisson(), Gamma()
NAMED: dict[str, Loss] = {loss.name: loss for loss in (SQUARED_ERROR, ABSOLUTE_ERROR, HUBER, POISSON, GAMMA)}
AUTO = "auto"
LOSSES = (AUTO, *NAMED)


def loss_for(given: str | Function, y: Array) -> Loss:
    """The loss of a name, or of the user's own.

    Args:
        given: One of the names of `LOSSES` but `auto`, or a function of predictions and targets.
        y: The target that it is for, shape (P,).

    Raises:
        ValueError: If there is no such loss, the target has values that it does not know, or the function
            does not return a finite number for each of them.
    """
    if callable(given):
        return _checked(Custom(given, getattr(given, "__name__", "custom")), y)
    if not isinstance(given, str) or given not in NAMED:
        raise ValueError(
            f"loss {given!r} must be a function loss(predicted, y) or one of {', '.join(LOSSES)}"
        )
    least = float(np.min(y))
    if given == GAMMA.name and least <= 0:
        raise ValueError(
            f"loss='gamma' is for errors proportional to the value, and the target has a value of {least:g}: "
            "choose another loss, or leave out rows whose target is not positive"
        )
    if given == POISSON.name and (least < 0 or not np.any(y)):
        what = f"has a value of {least:g}" if least < 0 else "is zero"
        raise ValueError(
            f"loss='poisson' is for counts, and the target {what}: choose another loss, or leave out rows "
            "whose target is negative"
        )
    return NAMED[given]


def _checked(loss: Custom, y: Array) -> Custom:
    try:
        found = loss.elementwise(y, y)
    except Exception as error:
        raise ValueError(
            f"the loss {loss.name} fails with {error!r}: it takes arrays of predictions and targets of one "
            "shape, and returns as many losses"
        ) from error
    if not np.all(np.isfinite(found)):
        raise ValueError(f"the loss {loss.name} is not finite where prediction and target are equal")
    return loss


def _typical(residuals: Array) -> float:
    """The median of their sizes, or what rounding leaves of it."""
    sizes = np.abs(residuals)
    return max(float(np.median(sizes)), _LEAST_SCALE * float(np.max(sizes)), np.finfo(np.float64).tiny)


def _cut(residuals: Array, deviation: float) -> Array:
    """Winsorised residuals (Huber, Robust Statistics, Wiley 1981, section 1.7)."""
    return np.clip(residuals, -_GROSS * deviation, _GROSS * deviation)


def _minimum(loss: Loss, y: Array, weights: Array | None, scale: Array | None) -> float:
    """The constant of least total loss, which lies among the targets."""
    target = y if scale is None else y * scale

    def total(level: float) -> float:
        predicted = np.full_like(y, level) if scale is None else level * scale
        with np.errstate(all="ignore"):
            return float(np.average(loss.elementwise(predicted, target), weights=weights))

    # The loss may be flat but for a part of a range that far rows make wide, hence the quantiles.
    grid = np.unique(np.quantile(y, np.linspace(0, 1, 65)))
    if len(grid) == 1:
        return float(grid[0])
    best = int(np.argmin([total(level) for level in grid]))
    bounds = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, len(grid) - 1)])
    found = optimize.minimize_scalar(
        total, bounds=bounds, method="bounded", options={"xatol": 1e-9 * np.ptp(bounds)}
    )
    return float(found.x)
