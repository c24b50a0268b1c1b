"""Values for the placeholders of a skeleton: round numbers and heavy tails."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_RATIONALS = np.array([1 / 2, 1 / 3, 2 / 3, 1 / 4, 3 / 4, 3 / 2, 4 / 3, 1 / 6, 1 / 8])
_PI_MULTIPLES = math.pi * np.array([1, 2, 4, 1 / 2, 1 / 4, 8])
_SHARES = (0.35, 0.10, 0.07, 0.23, 0.15, 0.10)


def draw_constants(rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Draws constants: small integers, simple rationals, multiples of pi, and three continuous tails.

    The continuous ones are normal, log-normal and Cauchy; a third of all is negative.
    """
    kinds = rng.choice(len(_SHARES), size=size, p=_SHARES)
    normal = np.abs(rng.standard_normal(size))
    options = [
        rng.integers(2, 11, size).astype(float),
        rng.choice(_RATIONALS, size),
        rng.choice(_PI_MULTIPLES, size),
        normal * 2,
        np.exp(rng.standard_normal(size) * 1.5),
        np.abs(np.clip(rng.standard_cauchy(size), -1e4, 1e4)),
    ]
    magnitude = np.maximum(np.choose(kinds, options), 1e-3)
    return np.asarray(magnitude * np.where(rng.random(size) < 1 / 3, -1.0, 1.0))
