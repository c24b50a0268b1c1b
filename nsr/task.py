"""What is to be explained, as one value that every room takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from nsr.expressions.space import SearchSpace

if TYPE_CHECKING:
    from nsr.refinement.likelihood import Loss

Array = NDArray[np.float64]
Rows = NDArray[np.intp] | slice
AnyTask = TypeVar("AnyTask", bound="Task")

# Rows, drawn at random, that a question is asked of: where each costs much, where noise is small, and where
# noise must average out.
FEW_ROWS, ROWS, MANY_ROWS = 256, 2_000, 10_000


@dataclass(frozen=True, eq=False)
class Task:
    """A table whose target is to be explained by equations.

    Search, refinement, selection and finishing take it. Who makes one for a search has shuffled the rows
    (`nsr.data.preparation`), so that the first few of them stand for all.

    Attributes:
        X: Variables, shape (P, D), finite.
        y: Target, shape (P,), finite.
        loss: How much an error matters.
        weights: By how much more one row's loss matters than another's, shape (P,), positive; None where
            all matter alike.
        space: Which equations may be looked at.
        seed: Of everything that is drawn.
        n_threads: Threads that may work at the same time.
        scale: What targets and predictions are multiplied by before the loss sees them, shape (P,): what
            was taken out of the target of which this one is made. None for 1.
        expected: What a smooth fit expects of the target, shape (P,): where losses that are not quadratic
            look for their weights, as a target with noise, or of zero, tells less. None for the target.
        noise: Standard deviation of the target's error in a row of weight one, where users know it.
    """

    X: Array
    y: Array
    loss: Loss
    weights: Array | None = None
    space: SearchSpace = SearchSpace()
    seed: int = 0
    n_threads: int = 1
    scale: Array | None = None
    expected: Array | None = None
    noise: float | None = None

    @property
    def n_rows(self) -> int:
        """P."""
        return len(self.y)

    @property
    def n_variables(self) -> int:
        """D."""
        return int(self.X.shape[1])

    @property
    def has_noise_model(self) -> bool:
        """Whether `root_weights` are those of noise, and to be trusted however different they are."""
        return self.weights is not None or not self.loss.is_quadratic

    @property
    def centre(self) -> Array:
        """The target as it is expected, shape (P,)."""
        return self.y if self.expected is None else self.expected

    @cached_property
    def level(self) -> float:
        """The constant that explains the target best."""
        return self.loss.level(self.y, self.weights, self.scale)

    @cached_property
    def null_loss(self) -> float:
        """Loss of the best constant: for squared errors the target's variance; 0 where it does not vary."""
        if np.ptp(self.y) == 0:  # whose mean rounding may have moved
            return 0.0
        return float(self.mean_loss(np.full((1, self.n_rows), self.level))[0])

    @cached_property
    def root_weights(self) -> Array:
        """What makes squares of residuals near the truth stand for the loss, shape (P,)."""
        with np.errstate(all="ignore"):
            centre, target = self._seen(self.centre), self._seen(self.y)
            if self.expected is None:
                weights = self.loss.curvature(self.loss.possible(centre, target), target)
            else:  # where no row is to count for more because it lies on the smooth fit by chance
                typical = float(np.median(np.abs(target - centre)))
                weights = self.loss.curvature(centre, target)
                weights = np.minimum(weights, self.loss.curvature(centre, centre + typical))
            root = np.sqrt(weights if self.weights is None else weights * self.weights)
            return root if self.scale is None else root * np.abs(self.scale)

    @cached_property
    def spread(self) -> float:
        """Root mean square of the weighted residuals of the constant that the unscaled target has.

        It is the same for all states of a task, whose errors are compared as shares of it.
        """
        root = self.root_weights if self.scale is None else self.root_weights / np.abs(self.scale)
        target = self._seen(self.y)
        with np.errstate(all="ignore"):
            level = np.average(target, weights=np.square(root))
            return float(np.sqrt(np.mean(np.square(root * (target - level)))))

    def mean_loss(self, predicted: NDArray[np.floating]) -> Array:
        """Losses of predictions.

        Args:
            predicted: Shape (R, P).

        Returns:
            Weighted means over the rows, shape (R,); infinity where a prediction is not finite.
        """
        with np.errstate(all="ignore"):
            elementwise = self.elementwise(np.asarray(predicted, dtype=np.float64))
            if self.weights is None:
                means = np.mean(elementwise, axis=1)
            else:
                means = elementwise @ self.weights / np.sum(self.weights)
        return np.where(np.isfinite(means), means, np.inf)

    def elementwise(self, predicted: Array) -> Array:
        """Loss of each prediction, shape (..., P), before it is weighted."""
        return self.loss.elementwise(self._seen(predicted), self._seen(self.y))

    def curvature(self, predicted: Array) -> Array:
        """Weights of squared residuals with the loss's gradient at predictions, both of shape (..., P)."""
        weights = self.loss.curvature(self._seen(predicted), self._seen(self.y))
        if self.scale is not None:
            weights = weights * np.square(self.scale)
        return weights if self.weights is None else weights * self.weights

    def residuals(self, predicted: Array) -> Array:
        """Pearson residuals, which have the same spread in all rows where predictions (..., P) are right."""
        with np.errstate(all="ignore"):
            return (self.y - predicted) * np.sqrt(self.curvature(predicted))

    def is_exact(self, loss: float) -> bool:
        """Whether a loss is no more than rounding errors leave of the target."""
        return loss <= self.loss.rounding * self.null_loss

    def first(self: AnyTask, n_rows: int) -> AnyTask:
        """The same task on its first rows, which are as good as random ones; itself if it has no more."""
        return self if n_rows >= self.n_rows else self.of_rows(slice(n_rows))

    def of_rows(self: AnyTask, rows: Rows) -> AnyTask:
        """The same task on some of its rows."""
        weights, scale, expected = (
            None if values is None else values[rows] for values in (self.weights, self.scale, self.expected)
        )
        return replace(self, X=self.X[rows], y=self.y[rows], weights=weights, scale=scale, expected=expected)

    def over(self: AnyTask, factor: Array | float) -> AnyTask:
        """The same task with a factor, shape (P,) or a number, taken out of its target."""
        with np.errstate(all="ignore"):
            scale = np.broadcast_to(factor, self.y.shape) if self.scale is None else self.scale * factor
            expected = None if self.expected is None else self.expected / factor
            return replace(self, y=self.y / factor, scale=scale, expected=expected)

    def _seen(self, values: Array) -> Array:
        """Values as the loss sees them."""
        return values if self.scale is None else values * self.scale
