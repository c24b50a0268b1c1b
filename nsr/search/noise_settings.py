"""How noise is told from the data, and targets of which few rows decide: settings."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ResidualsSettings:
    """When what an equation leaves is not noise.

    Attributes:
        explained: Share of their variance on unseen rows that a model must explain more of,
        enough_rows: with this many rows or more; with fewer, chance explains in proportion more.
        n_neighbours: Of a row, whose mean is one of the models: it sees fast oscillations.
    """

    explained: float = 0.01
    enough_rows: int = 10_000
    n_neighbours: int = 10


@dataclass(frozen=True)
class NoiseSettings:
    """Noise told from the data.

    Attributes:
        residuals: Of the tests of what is left.
        most_bits: That a row may be worth to an equation: those of a few nodes.
        rounds: In which a smooth fit, or the best equation, is weighted as it says itself, at most,
        settled: until a round changes the size of a smooth fit's residuals by no more than this share.
        most_rows: Rows that the kind of noise is told from,
        least_rows: and with fewer it is not told.
        few_decades: A near-exact fit is one of all rows where none is this many times as large as most.
        sure: Standard errors by which proportional noise must be the likelier one,
        sure_of_law: and around a law that groups share, where they were 2 in none of 358 laws with errors of
            one size and in 80 % of 1,193 with relative ones (six laws by group, 30 to 96 rows each).
        least_spread: Standard deviation of the target's logarithm from which on laws without groups are
            asked; below it either loss finds them. From there to 1, of 28 exact tables in searches of 4 s one
            seemed to have relative errors, and with errors of one size 2 of 30 (1 % of the target's spread)
            and none of 25 (10 %), all of them unexplained laws; beyond, of 10 and 64 none, and of 16 with
            relative errors 14.
        largest_share: Errors of more than this share of the value are no errors of measurement: something is
            missing, and it need not be small where the target is.
        share_of_spread: Where this share of the standard deviation of the target's logarithm is more, errors
            may be as large: those of living things are of a factor of two, over decades. Of 246 exact or
            nearly exact tables that go so far three more were taken for noisy before a search.
        still_learns: A fit of all rows that leaves less than one of a few, by more than this factor, leaves
            more than noise,
        still_gains: and so does one that its highest degree made better by more than this factor.
        mostly_misfit: Share of what a law leaves of ratios that a smooth fit of them may explain, lest it is
            for the law's errors. Of four exact tables over decades it was 0.52 to 0.98 in short searches, of
            those with relative errors 0 to 0.51, as squares of errors lead to laws of few rows there.
        most_negative: Share of rows at most that errors have made negative.
        least_expected: Share of the mean that a smooth fit expects of every row, at least.
        weighting_rounds: In which such a fit is weighted by itself.
    """

    residuals: ResidualsSettings = field(default_factory=ResidualsSettings)
    most_bits: float = 32.0
    rounds: int = 10
    settled: float = 0.02
    most_rows: int = 500
    least_rows: int = 15
    few_decades: float = 100.0
    sure: float = 4.0
    sure_of_law: float = 2.0
    least_spread: float = 0.3
    largest_share: float = 0.5
    share_of_spread: float = 0.35
    still_learns: float = 1.1
    still_gains: float = 1.05
    mostly_misfit: float = 0.75
    most_negative: float = 0.05
    least_expected: float = 0.02
    weighting_rounds: int = 4


@dataclass(frozen=True)
class BalancedSettings:
    """Targets of which few rows decide.

    Attributes:
        few: Share of the rows, those with the largest targets, that is few.
        most: Share of the target's squares that is most of them.
        quantile: Of the target's size: below it ratios to the target no longer count; what is below it, and
            as much at the other end, is not most rows.
        far_apart: How many times as large as at this quantile the target is at the other end.
        share: Turns of the search in which all rows matter alike for each turn of the task's own. Of 13 laws
            over decades that took long, it found one with 1 turn, three with 3 and four with 9.
        least_rows: With fewer, a single one is not few.
    """

    few: float = 0.01
    most: float = 0.5
    quantile: float = 0.1
    far_apart: float = 300.0
    share: float = 9.0
    least_rows: int = 100
