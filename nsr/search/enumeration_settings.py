"""The numbers of the search through all small forms."""

from __future__ import annotations

from dataclasses import dataclass

from nsr.refinement.refine import Effort


@dataclass(frozen=True)
class EnumerationSettings:
    """All small forms of states of one variable.

    Attributes:
        least_rows: Rows from which on there are any: of so many forms some meet few noisy rows by chance.
        wait: Seconds of work for each unit of their share that others have before.
        share: Their weight where stages take turns.
        worse: Share of the table's own error that states leave at most.
        n_states: States, those of least error that are there at the time.
        small: Symbols of the largest forms that come first,
        largest: and of the largest ones.
        patience: Turns without anything to try after which none follows.
        n_bins: Means of rows that they are tried on,
        rows_a_bin: where each is one of so many at least; else rows,
        at_once: so many forms at a time,
        tried: with this effort on each.
        n_likely: Of one turn, the likeliest for their number of constants, which are tried with round ones,
        n_polished: of which the shortest, either way, are refined on the table
        polished: with this effort,
        n_likeliest: as are so many of the likeliest,
        n_snapped: and of which so many, the shortest, are given round constants.
    """

    least_rows: int = 200
    wait: float = 1.0
    share: float = 2.0
    worse: float = 1.5
    n_states: int = 4
    small: int = 5
    largest: int = 6
    patience: int = 200
    n_bins: int = 64
    rows_a_bin: int = 8
    at_once: int = 500
    tried: Effort = Effort(restarts=1, iterations=8)
    n_likely: int = 600
    n_polished: int = 24
    polished: Effort = Effort(restarts=1, iterations=5)
    n_likeliest: int = 12
    n_snapped: int = 12

    @property
    def sizes(self) -> list[range]:
        """What is tried at once."""
        single = range(self.small + 1, self.largest + 1)
        return [range(1, self.small + 1), *(range(size, size + 1) for size in single)]
