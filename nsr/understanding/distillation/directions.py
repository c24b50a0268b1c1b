"""The few directions in a layer's outputs that carry information, turned so that each needs few inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

Array = NDArray[np.float64]

_MOST_TURNS, _SETTLED = 1000, 1e-15
# Of a typical output: what varies less is rounding.
_ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class Directions:
    """Latents, which are linear in the outputs: `(outputs - mean) @ forward`.

    Attributes:
        shares: Of the outputs' variance, those of its principal components, shape (D,), the largest first.
        mean: Of the outputs, shape (D,).
        forward: From outputs to latents, shape (D, k).
        backward: From latents to outputs, shape (k, D).
    """

    shares: Array
    mean: Array
    forward: Array
    backward: Array

    def latents(self, outputs: Array) -> Array:
        """Latents, shape (n, k), of outputs, shape (n, D)."""
        return np.asarray((outputs - self.mean) @ self.forward)

    def outputs(self, latents: Array) -> Array:
        """Outputs, shape (n, D), but for what the latents leave out."""
        return np.asarray(self.mean + latents @ self.backward)


def shares_of_variance(outputs: Array) -> Array:
    """Shares of the variance of principal components, shape (D,), the largest first; zeros of constants."""
    spread = outputs - outputs.mean(axis=0)
    variances = np.linalg.eigvalsh(spread.T @ spread / len(outputs))[::-1].clip(min=0)
    if variances.sum() <= (_ROUNDING * np.abs(outputs).max(initial=0.0)) ** 2:
        return np.zeros(outputs.shape[1])
    return np.asarray(variances / variances.sum())


def n_informative(shares: Array, tolerance: float) -> int:
    """The fewest components that leave at most this share of the variance; 0 where nothing varies."""
    if not shares.any():
        return 0
    return min(int(np.searchsorted(np.cumsum(shares), 1 - tolerance)) + 1, len(shares))


def as_they_are(outputs: Array) -> Directions:
    """Each output that varies as a direction of its own: outputs of a whole module have their own meaning."""
    varies = outputs.std(axis=0) > _ROUNDING * np.abs(outputs).max(initial=0.0)
    chosen = np.eye(outputs.shape[1])[:, varies]
    mean = np.where(varies, 0.0, outputs.mean(axis=0))
    return Directions(shares_of_variance(outputs), mean, chosen, chosen.T)


def disentangled(outputs: Array, inputs: Array, tolerance: float) -> Directions:
    """Principal components of equal variance, rotated so that each is told by few of the inputs.

    Any rotation of latents carries the same information. The one taken is Kaiser's varimax (Psychometrika 23,
    1958) of their correlations with polynomials of degree two in the inputs: each latent has few strong ones.

    Args:
        outputs: Of a layer, shape (n, D).
        inputs: Of the same layer, shape (n, d).
        tolerance: Share of the variance that may be left out.
    """
    shares, mean = shares_of_variance(outputs), outputs.mean(axis=0)
    k = n_informative(shares, tolerance)
    _, sizes, axes = np.linalg.svd(outputs - mean, full_matrices=False)
    scales, axes = sizes[:k] / np.sqrt(len(outputs)), axes[:k]
    forward, backward = axes.T / scales, scales[:, None] * axes
    if k > 1:
        turn = varimax(_loadings((outputs - mean) @ forward, inputs))
        forward, backward = forward @ turn, turn.T @ backward
    return Directions(shares, mean, forward, backward)


def _loadings(latents: Array, inputs: Array) -> Array:
    """Correlations of latents, shape (n, k), with polynomials of the inputs; shape (n_polynomials, k)."""
    steps = StandardScaler(), PolynomialFeatures(2, include_bias=False), StandardScaler()
    standard = make_pipeline(*steps).fit_transform(inputs)
    return np.asarray(standard.T @ latents / len(latents))


def varimax(loadings: Array) -> Array:
    """The rotation R, shape (k, k), for which the squares of `loadings @ R` vary most, column by column.

    Args:
        loadings: Shape (p, k).
    """
    n, k = loadings.shape
    rotation, reached = np.eye(k), 0.0
    for _ in range(_MOST_TURNS):
        turned = loadings @ rotation
        gradient = loadings.T @ (turned**3 - turned * (turned**2).sum(axis=0) / n)
        left, sizes, right = np.linalg.svd(gradient)
        rotation = left @ right
        if sizes.sum() <= reached * (1 + _SETTLED):
            break
        reached = float(sizes.sum())
    return np.asarray(rotation)
