"""The numbers that decide how much work a fit of fields does, and what it prefers."""

from __future__ import annotations

from dataclasses import dataclass, field

from nsr.refinement.subsets import Breadth


@dataclass(frozen=True)
class FieldSettings:
    """Effort and preferences of `nsr.fields.PDERegressor`.

    Values were chosen on drawn equations (`eval.field_problems.drawn`) without noise and with 5 and 20 %,
    never on the ten that `python -m eval.fields` reports.

    Attributes:
        most_points: Points of the grid and times that are looked at; of more, every second one along the axis
            that shows most of them to a wave, again and again.
        most_bumps: Test functions along the time and the axis of fields over a line,
        most_bumps_of_plane: and along the time and both axes of fields over a plane.
        breadth: Of sparse regression.
        exact: Share of the squared rates that counts as none: the grid itself leaves as much.
        most_independent: Test functions that count as independent observations at most. What the grid leaves
            is alike in all, and more would explain it: of 54 equations without noise 52 were right without.
        bits_of_constant: Bits of a coefficient beside half the logarithm of these observations.
        bits_of_library: Bits that each library costs more than the one before.
    """

    most_points: int = 1_000_000
    most_bumps: tuple[int, int] = (40, 40)
    most_bumps_of_plane: tuple[int, int, int] = (24, 16, 16)
    breadth: Breadth = field(default_factory=lambda: Breadth(8, 4, 30_000, 3))
    exact: float = 1e-6
    most_independent: int = 100
    bits_of_constant: float = 4.0
    bits_of_library: float = 8.0


DEFAULTS = FieldSettings()
