"""The numbers of the search: each with its meaning, and where it was chosen.

Where nothing else is said, a number comes from trials on generated problems and the classical suites while
its stage was built, never from the Feynman equations; `python -m eval.ablation` measures what the stages add.
An ablation overrides one with `replace(SearchSettings(), short=8)`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from nsr.refinement.refine import Effort
from nsr.search.curves_settings import CurvesSettings
from nsr.search.enumeration_settings import EnumerationSettings
from nsr.search.evolution_settings import (
    EvolutionSettings,
    IslandSettings,
    PartsSettings,
    VariationsSettings,
)
from nsr.search.noise_settings import BalancedSettings, NoiseSettings
from nsr.search.structure_settings import StructureSettings
from nsr.task import ROWS

# Components of the search that users switch on and off.
COMPONENTS = ("network", "families", "separation", "reduction", "cases", "curves", "enumeration", "evolution")
# Where refinement starts a constant that is added, or that a factor of 1 is moved by: not at a saddle.
OFFSET = 0.1


@dataclass(frozen=True)
class CasesSettings:
    """Laws with kinks, jumps and switches.

    Attributes:
        head_start: Seconds of work before curves and evolution begin.
        n_rows: Rows that they are looked for in.
        least_rows: With fewer, nothing but logical functions is looked for.
        smooth: Where a polynomial's error is less than this share of the target's spread, nothing is.
        better: Share of that error that extremes and hinges leave at most,
        as_good: or this share, where noise may be what it is: a polynomial of many terms bends where a kink
            is, and its error on the few rows that it was not fitted to is not sure to more than that;
        better_split: and polynomials on both sides of a threshold, which take longer to turn into laws.
        work: Seconds of work to look for each kind.
        side_work: Seconds of work to solve one side of a split.
        n_laws: Equations of a side that are put together with those of the other one.
        level: A side whose target varies by less than this share of its size is a constant.
        batches_after: Batches of a side in which a simpler exact equation may come.
    """

    head_start: float = 5.0
    n_rows: int = ROWS
    least_rows: int = 12
    smooth: float = 1e-5
    better: float = 0.9
    as_good: float = 1.2
    better_split: float = 0.8
    work: float = 0.055
    side_work: float = 0.5
    n_laws: int = 3
    level: float = 1e-9
    batches_after: int = 8


@dataclass(frozen=True)
class PeriodsSettings:
    """Waves.

    Attributes:
        head_start: Seconds of work before evolution begins.
        n_rows: Rows that they are looked for in,
        least_rows: and at least as many.
        most_variables: With more nothing is looked for.
        smooth: Where a polynomial's error is less than this share of the target's spread, nothing is.
        work: Seconds of work to look for them.
        smooth_degree: Of the polynomial beside them.
        amplitude_degrees: Of the polynomials that may be their amplitudes.
        rows_each: For each column of linear least squares at least.
        most_waves: Waves at most.
        least_cycles: Over the range of a variable: of slower waves structure finds the law as it is.
        negligible: Share of the target's square that rounding errors leave.
        least_levels: Values that a variable has at least if waves run along it.
        n_peaks: Of each periodogram that are looked at,
        beyond_chance: each higher than the highest of noise is likely to be by this factor,
        n_starts: and the highest of all that are tried.
        most_paired: Variables of which each pair is tried together,
        most_cycles: with this many cycles over the range of either at most,
        per_cycle: on a grid with this many points for each.
        first_steps: By which a frequency is refined before it is judged, at most,
        last_steps: and with all others when a wave is added.
        steady: A phase is steady if a quarter of a period off there is less than this share of the amplitude.
        n_products: Of variables along which waves are looked for, those at most where they are strongest,
        stronger: by at least this factor than along any one of the variables.
        most_factors: Of a product, and no more than
        most_factors_with_powers: of one in which each variable has one of
        powers: these exponents, not 1 and -1 alone.
        fine_per_cycle: Points of the periodogram of a product for each cycle.
        most_added: Waves at most that become variables,
        state_work: of a table that is solved for this many seconds of work.
        n_laws: Equations of each batch there that are handed on.
    """

    head_start: float = 1.0
    n_rows: int = 600
    least_rows: int = 16
    most_variables: int = 6
    smooth: float = 1e-3
    work: float = 0.065
    smooth_degree: int = 3
    amplitude_degrees: tuple[int, ...] = (0, 1, 2)
    rows_each: int = 3
    most_waves: int = 6
    least_cycles: float = 2.5
    negligible: float = 1e-24
    least_levels: int = 12
    n_peaks: int = 3
    beyond_chance: float = 1.2
    n_starts: int = 5
    most_paired: int = 4
    most_cycles: float = 40.0
    per_cycle: int = 3
    first_steps: int = 6
    last_steps: int = 20
    steady: float = 0.3
    n_products: int = 2
    stronger: float = 1.5
    most_factors: int = 4
    most_factors_with_powers: int = 2
    powers: tuple[int, ...] = (1, -1, 2, -2)
    fine_per_cycle: int = 4
    most_added: int = 3
    state_work: float = 1.5
    n_laws: int = 3


@dataclass(frozen=True)
class AskingSettings:
    """The network.

    Attributes:
        share: Of the work that is left for a part of a state, for sampling about it.
        most_work: Seconds of work for sampling about one state: networks that are far too large for a machine
            leave time to others.
        rounds: Refinement of guesses: each round keeps this many of the best of the round before (all in the
            first one), and spends more on each.
        n_handed_on: The best guesses that are handed on after each round.
        smaller: A reduced state is asked for this many times fewer sequences.
        n_subtrees: Subtrees of guesses that families make sums and ratios of,
        max_subtree: of at most this complexity.
    """

    share: float = 0.6
    most_work: float = 15.0
    rounds: tuple[tuple[int | None, Effort], ...] = (
        (None, Effort(restarts=4, points=128, iterations=30)),
        (128, Effort(restarts=12, points=256, iterations=50)),
        (32, Effort(restarts=1, points=None, iterations=100)),
    )
    n_handed_on: int = 96
    smaller: int = 4
    n_subtrees: int = 80
    max_subtree: int = 14


@dataclass(frozen=True)
class UnitsSettings:
    """What is done where equations with the right units are hard to find, or none explains the target.

    Attributes:
        work: Seconds of work that equations with the given units alone are looked for.
        unexplained: Share of the null loss that they leave at most where no constant is missing.
        free_share: Of the work after that, for equations with free constants, if they leave more.
        kept_to: Seconds of work that units are kept to on the way to an equation. What leads to one that has
            them is often without: an expansion, or a form whose last constant is yet to be found.
        crossing_share: Turns without regard to them after that for each one that keeps to them; its best
            equations count if they have them. Where units help they help at once: of 25 laws with dimensions
            of our own that took long, it found ten in 15 s with 1 turn, and one more with 4.
    """

    work: float = 8.0
    unexplained: float = 0.1
    free_share: float = 0.4
    kept_to: float = 3.0
    crossing_share: float = 4.0


@dataclass(frozen=True)
class FinishingSettings:
    """What is done to the best candidates at the end.

    Attributes:
        share: Of the time, kept for it.
        after_interruption: Seconds for it after Ctrl-C.
        choice_share: Of the time that is left when the search is over, for the choice.
        least_choice: Seconds for the choice if the time is up, as losses of rows that were left out are
            worth being a little late.
        n_promising: Candidates that are carried back to the user's units beside the front.
        rounded: Share by which a round constant may be worse than the mean that it stands for.
        n_polished: Candidates that are fitted to all rows.
        polished: Effort on each of these.
        n_pruned: Candidates of which parts are tried to be left out, one at a time.
        n_shorter: What is left, of so many parts of each, is fitted.
        n_snapped: Candidates that are given round constants.
        n_rewritten: Candidates that are put in other words, too, as other constants are round there.
    """

    share: float = 0.1
    after_interruption: float = 1.0
    choice_share: float = 0.5
    least_choice: float = 0.4
    n_promising: int = 250
    rounded: float = 1e-3
    n_polished: int = 40
    polished: Effort = Effort(restarts=1, points=None, iterations=20)
    n_pruned: int = 6
    n_shorter: int = 2
    n_snapped: int = 12
    n_rewritten: int = 6


@dataclass(frozen=True)
class SearchSettings:
    """All of them, and what decides when a search ends.

    Attributes:
        structure: Of families, reduction and separation.
        cases: Of laws with cases.
        periods: Of laws with waves.
        curves: Of textbook curves.
        noise: Of the kind of noise, and of what is left of a target.
        balanced: Of targets of which few rows decide.
        asking: Of the network.
        enumeration: Of all small forms.
        evolution: Of evolution.
        parts: Of gaps that are filled from a dictionary.
        variations: Of equations one change away from the best ones.
        islands: Of evolution on other processes.
        finishing: Of the last look.
        units: Of constants that may have units.
        first_look: Seconds of work after which it matters which loss is the right one, unless something is
            exact.
        second_look: Seconds of work after that, when what was found may say so; it may at the end, too.
        guessed: Effort on each of the user's own guesses.
        polished: Effort on an equation of the table whose constants are nearly right.
        max_length: Tokens of an equation of the table; longer ones are nobody's equation.
        short: An answer of at most this complexity is as good as right, and ends the search at once.
        long: One of at most this complexity ends it after `batches_after` more; a longer one never does.
        batches_after: Batches in which a simpler answer may come.
        least_rows: Rows from which on tests tell whether residuals are noise.
        least_explained: Share of the target's loss that may be left for residuals to count as noise.
        outdone: How many times what a surrogate leaves of rows that it has not seen is too much to be noise,
        rows_that_outdo: of so many rows at least: of fewer, some are met by chance.
        few_constants: Constants that are not round of a short answer that leaves noise and is beyond doubt; a
            long one has none.
        doubtful_share: Of the work that is left, in which another law may come where it has more,
        doubtful_work: or this many seconds of work.
        convincing: Where rows are fewer, share of the null loss that a convincing answer leaves at most.
        compression: Where rows are fewer, how many times its own bits a convincing answer saves at least.
            Both are set so that Kepler's law convinces on eleven bodies, and three fitted constants on
            twenty rows, which come as near to any smooth curve, do not.
    """

    noise: NoiseSettings = field(default_factory=NoiseSettings)
    balanced: BalancedSettings = field(default_factory=BalancedSettings)
    structure: StructureSettings = field(default_factory=StructureSettings)
    cases: CasesSettings = field(default_factory=CasesSettings)
    periods: PeriodsSettings = field(default_factory=PeriodsSettings)
    curves: CurvesSettings = field(default_factory=CurvesSettings)
    asking: AskingSettings = field(default_factory=AskingSettings)
    enumeration: EnumerationSettings = field(default_factory=EnumerationSettings)
    evolution: EvolutionSettings = field(default_factory=EvolutionSettings)
    parts: PartsSettings = field(default_factory=PartsSettings)
    variations: VariationsSettings = field(default_factory=VariationsSettings)
    islands: IslandSettings = field(default_factory=IslandSettings)
    finishing: FinishingSettings = field(default_factory=FinishingSettings)
    units: UnitsSettings = field(default_factory=UnitsSettings)
    first_look: float = 0.4
    second_look: float = 2.0
    guessed: Effort = Effort(restarts=32, points=None, iterations=100)
    polished: Effort = Effort(restarts=1, points=512, iterations=30)
    max_length: int = 200
    short: int = 12
    long: int = 30
    batches_after: int = 8
    least_rows: int = ROWS
    least_explained: float = 0.1
    outdone: float = 2.0
    rows_that_outdo: int = 200
    few_constants: int = 1
    doubtful_share: float = 0.7
    doubtful_work: float = 60.0
    convincing: float = 1e-7
    compression: float = 2.5
