"""Tables that the page offers to begin with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nsr.app.wishes import FunctionWishes, TrajectoryWishes, Wishes

_PACKAGE = Path(__file__).parents[1]
# They lie inside the package in a wheel, beside it in a clone.
_SHELVES = (_PACKAGE / "examples", _PACKAGE.parent / "examples")


@dataclass(frozen=True)
class Example:
    """A table, and what is asked of it.

    Attributes:
        title: What the page calls it.
        file: Its name.
        wishes: What to look for.
    """

    title: str
    file: str
    wishes: Wishes

    @property
    def path(self) -> Path:
        """Where the table is in this installation."""
        return next(shelf / self.file for shelf in _SHELVES if (shelf / self.file).is_file())


EXAMPLES = (
    Example("planets: periods of orbits", "planets.csv", FunctionWishes(target="period")),
    Example("moons of Jupiter: periods of orbits", "moons.csv", FunctionWishes(target="period")),
    Example("Boyle: pressure of air", "boyle.csv", FunctionWishes(target="pressure")),
    Example("hares and lynxes over 21 years", "hare_lynx.csv", TrajectoryWishes(time="year")),
)
