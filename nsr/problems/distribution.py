"""How the values of a variable are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Kind = Literal["uniform", "log", "integer"]
Signs = Literal["+", "-", "+-"]


@dataclass(frozen=True)
class Distribution:
    """A distribution of one variable.

    Attributes:
        low: Smallest value, before signs.
        high: Largest value, before signs.
        kind: `uniform`; `log`, uniform in the logarithm; `integer`, each from low to high alike.
        signs: `+` leaves the values as they are, `-` turns them all round, `+-` half of them.
    """

    low: float
    high: float
    kind: Kind = "uniform"
    signs: Signs = "+"

    @classmethod
    def read(cls, text: str, low: float, high: float) -> Distribution:
        """From a kind and, unless they are `+`, signs, such as `log+-`.

        Raises:
            ValueError: If it is another text, or the range does not suit it.
        """
        if text.startswith("log") and low <= 0:
            raise ValueError(f"a log-uniform variable is above 0, not from {low:g}")
        kinds: tuple[Kind, ...] = get_args(Kind)
        marks: tuple[Signs, ...] = get_args(Signs)
        known = {kind + ("" if signs == "+" else signs): (kind, signs) for kind in kinds for signs in marks}
        if text in known:
            return cls(low, high, *known[text])
        raise ValueError(f"no distribution {text!r}; say uniform, log or integer, and - or +- for signs")

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest value, signs included."""
        lowest = self.low if self.signs == "+" else -self.high
        return lowest, -self.low if self.signs == "-" else self.high

    def draw(self, rng: np.random.Generator, n: int, widening: float = 1.0) -> NDArray[np.float64]:
        """Values, shape (n,).

        Args:
            rng: Where randomness comes from.
            n: How many.
            widening: A log-uniform variable reaches this factor further at both ends.
        """
        if self.kind == "log":
            values = np.exp(rng.uniform(np.log(self.low / widening), np.log(self.high * widening), n))
        elif self.kind == "integer":
            values = rng.integers(int(self.low), int(self.high), n, endpoint=True).astype(np.float64)
        else:
            values = rng.uniform(self.low, self.high, n)
        if self.signs == "+":
            return values
        return -values if self.signs == "-" else values * rng.choice((-1.0, 1.0), n)
