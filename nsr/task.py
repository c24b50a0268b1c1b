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
AnyTask = TypeVar("AnyTask", bound="Task")


@dataclass(frozen=True, eq=False)
class Task:
    """A table whose target is to be explained by equations.

    Search, refinement, selection and finishing take it. Who makes one for a search has shuffled the rows
    (`nsr.data.preparation`), so that the first few of them stand for all.

    Attributes:
        X: Variables, shape (P, D), finite.
        y: Target, shape (P,), finite.
        loss: How much an error matters.
        weights: By how much more one row's loss matters than another's, shape (P,), not negative; None where
            all matter alike.
        space: Which equations may be looked at.
        seed: Of everything that is drawn.
        n_threads: Threads that may work at the same time.
    """

    X: Array
    y: Array
    loss: Loss
    weights: Array | None = None
    space: SearchSpace = SearchSpace()
    seed: int = 0
    n_threads: int = 1

    @property
    def n_rows(self) -> int:
        """P."""
        return len(self.y)

    @property
    def n_variables(self) -> int:
        """D."""
        return int(self.X.shape[1])

    @cached_property
    def level(self) -> float:
        """The constant that explains the target best."""
        return self.loss.level(self.y, self.weights)

    @cached_property
    def null_loss(self) -> float:
        """Loss of the best constant: for squared errors the target's variance; 0 where it does not vary."""
        if np.ptp(self.y) == 0:  # whose mean rounding may have moved
            return 0.0
        return float(self.mean_loss(np.full((1, self.n_rows), self.level))[0])

    @cached_property
    def root_weights(self) -> Array:
        """What makes squares of residuals near the truth stand for the loss, shape (P,)."""
        weights = self.loss.curvature(self.y, self.y)
        return np.sqrt(weights if self.weights is None else weights * self.weights)

    def mean_loss(self, predicted: NDArray[np.floating]) -> Array:
        """Losses of predictions.

        Args:
            predicted: Shape (R, P).

        Returns:
            Weighted means over the rows, shape (R,); infinity where a prediction is not finite.
        """
        with np.errstate(all="ignore"):
            elementwise = self.loss.elementwise(np.asarray(predicted, dtype=np.float64), self.y)
            if self.weights is None:
                means = np.mean(elementwise, axis=1)
            else:
                means = elementwise @ self.weights / np.sum(self.weights)
        return np.where(np.isfinite(means), means, np.inf)

    def is_exact(self, loss: float) -> bool:
        """Whether a loss is no more than rounding errors leave of the target."""
        return loss <= self.loss.rounding * self.null_loss

    def first(self: AnyTask, n_rows: int) -> AnyTask:
        """The same task on its first rows, which are as good as random ones; itself if it has no more."""
        if n_rows >= self.n_rows:
            return self
        weights = None if self.weights is None else self.weights[:n_rows]
        return replace(self, X=self.X[:n_rows], y=self.y[:n_rows], weights=weights)
