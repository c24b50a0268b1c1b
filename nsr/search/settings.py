"""The numbers of the search: each with its meaning, and where it was chosen.

Where nothing else is said, a number comes from trials on generated problems and the classical suites while
its stage was built, never from the Feynman equations; `python -m eval.ablation` measures what the stages add.
An ablation overrides one with `replace(SearchSettings(), short=8)`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from nsr.refinement.refine import Effort

# Rows, drawn at random, that a question is asked of: where each costs much, where noise is small, and where
# noise must average out.
FEW_ROWS, ROWS, MANY_ROWS = 256, 2_000, 10_000

# A surrogate's error, as a share of the target's spread, that is as good as none.
LOSSLESS = 1e-6

# Where refinement starts a constant that is added, or that a factor of 1 is moved by: not at a saddle.
OFFSET = 0.1


@dataclass(frozen=True)
class FamiliesSettings:
    """Sums of simple terms, and ratios of them.

    Attributes:
        max_variables: States of more are not looked at: their terms are too many.
        n_rows: Where the surrogate is good: more than there are columns, with the target's multiples.
        many_rows: Where it is not, for which noise may be the reason: as many as a Gram matrix of all terms
            takes little time for.
        powers: Of a variable, from simple to rare; `n_powers` of them are used with one variable, with two,
            and so on, the last number for all beyond.
        n_powers: See above.
        scales: Inner constants of functions, which refinement moves; `n_scales` of them as above.
        n_scales: See above.
        common: Functions at least this frequent are tried with these constants, others without.
        wave_powers: Powers of a variable that waves are taken of, with one variable and with two.
        n_decorations: Powers that functions of another variable are multiplied by,
        n_decorated: and functions that are.
        max_terms: Terms for one variable, for two, and for more.
        max_triple_terms: Terms that sums of three are made of: their number grows with the cube.
        max_ratio_terms: The same of ratios of three, above and below the line.
        n_best: Subsets of each size that are handed on, where the surrogate is good,
        n_best_rough: and where it is not.
        worthwhile: Share of a transformed target that a relation leaves unexplained at most,
        times_noise: or, where noise is known, the multiple of what that leaves.
        max_exact_terms: Terms of sums that hold exactly; longer ones are interpolations.
        max_degree: Total degree of polynomials that hold exactly.
        polynomial_sizes: Terms, of low degree and of higher, among which the significant ones are looked for.
        significant: Standard errors from zero of a coefficient that is.
        max_transformed: Of more variables, polynomials are looked for under powers only.
    """

    max_variables: int = 9
    n_rows: int = 600
    many_rows: int = 4_000
    powers: tuple[float, ...] = (1.0, 2.0, -1.0, -2.0, 0.5, -0.5, 3.0, -3.0, 4.0, 1.5)
    n_powers: tuple[int, ...] = (10, 9, 8, 6, 3)
    scales: tuple[float, ...] = (1.0, 2.0, 0.5, math.pi, 3.0, 4.0)
    n_scales: tuple[int, ...] = (6, 2, 1)
    common: float = 0.1
    wave_powers: tuple[tuple[float, ...], ...] = ((1.0, 2.0, 3.0), (1.0, 2.0))
    n_decorations: int = 4
    n_decorated: int = 4
    max_terms: tuple[int, ...] = (240, 280, 180)
    max_triple_terms: int = 80
    max_ratio_terms: int = 30
    n_best: int = 4
    n_best_rough: int = 10
    worthwhile: float = 0.05
    times_noise: float = 2.0
    max_exact_terms: int = 12
    max_degree: int = 9
    polynomial_sizes: tuple[int, ...] = (35, 120)
    significant: float = 5.0
    max_transformed: int = 3


@dataclass(frozen=True)
class InnerConstantSettings:
    """One constant inside a function of one variable.

    Attributes:
        n_rows: Rows that grids of constants are tried on.
        n_transforms: Transforms of the target that are tried, the most promising ones,
        n_with_powers: and how many of these with each of the `powers` as a factor of the function.
        powers: From simple to rare, none first.
        rates: Smallest and largest rate times the largest size of the variable,
        n_rates: in this many steps.
        wave_step: Step of frequencies, in radians over the variable's range,
        most_radians: up to this many.
        offsets: Smallest and largest offset as a multiple of the variable's range,
        n_offsets: in this many steps.
        n_of_each: Powers that are tried in earnest for each function and choice of linear terms.
        fitted: Effort on all that are.
        n_best: Equations that are handed on.
    """

    n_rows: int = FEW_ROWS
    n_transforms: int = 4
    n_with_powers: int = 2
    powers: tuple[float, ...] = (0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 0.5, -0.5)
    rates: tuple[float, float] = (0.02, 40.0)
    n_rates: int = 40
    wave_step: float = 0.5
    most_radians: float = 60.0
    offsets: tuple[float, float] = (1e-4, 1e2)
    n_offsets: int = 40
    n_of_each: int = 3
    fitted: Effort = Effort(restarts=1, iterations=20)
    n_best: int = 12


@dataclass(frozen=True)
class ReductionSettings:
    """States of fewer variables.

    Attributes:
        worst: Surrogates with a larger error say nothing about symmetries.
        n_gradients: Rows that gradients are looked at on.
        tolerance: Share by which a relation of gradients may be off, plus `error_factor` times the
            surrogate's error, which counts no higher than `largest_error`.
        error_factor: See above.
        largest_error: See above.
        least_growth: A state is kept if its error is larger by no more than what the surrogate's highest
            degree is worth, as a factor within these bounds,
        most_growth: see above,
        negligible: or is below this one; of a state without variables,
        negligible_spread: below this one.
        largest_denominator: Of a rational exponent,
        largest_exponent: its size,
        snap: and how far the data may be off it.
        max_groupings: Ways to write one set of symmetries that are tried.
        n_pairings: Pairs of variables that are replaced by one, those whose gradients agree best.
    """

    worst: float = 0.3
    n_gradients: int = 400
    tolerance: float = 0.02
    error_factor: float = 10.0
    largest_error: float = 0.02
    least_growth: float = 1.02
    most_growth: float = 2.0
    negligible: float = LOSSLESS
    negligible_spread: float = 1e-3
    largest_denominator: int = 3
    largest_exponent: int = 4
    snap: float = 0.08
    max_groupings: int = 3
    n_pairings: int = 6


@dataclass(frozen=True)
class SeparationSettings:
    """Sums and products of functions of separate variables.

    Attributes:
        worst: Surrogates with a larger error say nothing about separability.
        tolerance: Share of the polynomial that mixed terms may have, plus `error_factor` times its error.
        error_factor: See above.
    """

    worst: float = 0.05
    tolerance: float = 1e-3
    error_factor: float = 3.0


@dataclass(frozen=True)
class AffineSettings:
    """Targets that are affine in a function of few of their variables.

    Attributes:
        worst: Surrogates with a larger error say nothing about the rank.
        tolerance: Share of the table that may lie outside rank one, plus `error_factor` times the
            surrogate's error.
        error_factor: See above; also how often their error coefficients must vary to be more than constants.
        n_references: Values of the other variables that each row of the parts is averaged over.
        n_probes: Rows of the tables whose rank is looked at.
        max_group: Variables of the function at most.
        constant: Share by which a coefficient varies that is constant.
    """

    worst: float = 0.03
    tolerance: float = 1e-5
    error_factor: float = 4.0
    n_references: int = 16
    n_probes: int = 48
    max_group: int = 2
    constant: float = 1e-3


@dataclass(frozen=True)
class StructureSettings:
    """Families, reduction and separation.

    Attributes:
        families: Of sums of simple terms.
        inner: Of constants inside functions.
        reduction: Of states of fewer variables.
        separation: Of sums and products.
        affine: Of what is affine in a function.
        share: Of the planned work, before the network is asked.
        lossless: A state whose surrogate's error is below this is solved before the larger one it comes from.
        few_variables: States of at most this many are split at once: their parts are simple.
        least_work: Without this much work left no state is split: each part is a search.
        state_work: Seconds of work for splitting one state.
        max_combinations: Ways in which equations of separate parts are combined.
        part_share: Of the work that is left for the state, for a part of a sum or a product.
        part_precision: A part is solved when its squared error is this many times the surrogate's.
        n_splits: Functions that a target is affine in which are followed up.
        coefficient_share: Of the work that is left for the state, for such a function or a coefficient of it.
        coefficient_precision: As `part_precision`, for these.
        n_each: Solutions of each of these that are combined.
        batches_after: Batches that may bring a shorter solution of a part after a long one.
    """

    families: FamiliesSettings = field(default_factory=FamiliesSettings)
    inner: InnerConstantSettings = field(default_factory=InnerConstantSettings)
    reduction: ReductionSettings = field(default_factory=ReductionSettings)
    separation: SeparationSettings = field(default_factory=SeparationSettings)
    affine: AffineSettings = field(default_factory=AffineSettings)
    share: float = 0.4
    lossless: float = LOSSLESS
    few_variables: int = 2
    least_work: float = 0.25
    state_work: float = 8.0
    max_combinations: int = 36
    part_share: float = 0.2
    part_precision: float = 4.0
    n_splits: int = 4
    coefficient_share: float = 0.15
    coefficient_precision: float = 16.0
    n_each: int = 2
    batches_after: int = 4


@dataclass(frozen=True)
class CurvesSettings:
    """Textbook curves.

    Attributes:
        share: Of the planned work, before the network is asked.
        n_rows: Rows that curves are first fitted to; more tell little, and cost as much again.
        n_polished: Curves, the best there, that are fitted to `polished_rows`.
        polished_rows: Rows for these.
        n_states: Reduced states that are looked at beside the table.
    """

    share: float = 0.5
    n_rows: int = FEW_ROWS
    n_polished: int = 40
    polished_rows: int = ROWS
    n_states: int = 3


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
class EvolutionSettings:
    """Evolution, with and without the network.

    Attributes:
        share: Evolution's work as a multiple of the network's, where they take turns: with less, slow batches
            of guesses starve it (suite `hard`).
        n_children: Children at a time.
        patience: Generations in which nothing got better after which none follows.
        tried: Effort on every child, on few rows.
        n_polished: Children, the best there, that are refined on `n_rows`.
        polished: Effort on these.
        first: Effort on what evolution begins with.
        n_rows: Rows that children are judged by: more tell little, and cost as much again.
        max_complexity: Of a child.
        n_each: Survivors of each complexity.
        n_best: Survivors of shortest description.
        attempts: Draws for each child that is wanted, as many are known already.
        n_parts: Parts that the network is asked for at a time.
        least_wanted: Share of the rows that must want a value for a part to be asked for.
        most_wanted: Largest value that is asked for.
    """

    share: float = 2.0
    n_children: int = 200
    patience: int = 40
    tried: Effort = Effort(restarts=2, points=128, iterations=20)
    n_polished: int = 24
    polished: Effort = Effort(restarts=1, points=ROWS, iterations=20)
    first: Effort = Effort(restarts=1, points=512, iterations=20)
    n_rows: int = ROWS
    max_complexity: int = 40
    n_each: int = 3
    n_best: int = 40
    attempts: int = 4
    n_parts: int = 32
    least_wanted: float = 0.5
    most_wanted: float = 1e6


@dataclass(frozen=True)
class FinishingSettings:
    """What is done to the best candidates at the end.

    Attributes:
        share: Of the time, kept for it.
        n_polished: Candidates that are fitted to all rows.
        polished: Effort on each of these.
        n_snapped: Candidates that are given round constants.
        n_rewritten: Candidates that are put in other words, too, as other constants are round there.
    """

    share: float = 0.1
    n_polished: int = 40
    polished: Effort = Effort(restarts=1, points=None, iterations=20)
    n_snapped: int = 12
    n_rewritten: int = 6


@dataclass(frozen=True)
class SearchSettings:
    """All of them, and what decides when a search ends.

    Attributes:
        planned_work: Seconds of work that shares of stages which come first are shares of. It is not the time
            limit, so that what is done does not depend on that.
        structure: Of families, reduction and separation.
        curves: Of textbook curves.
        asking: Of the network.
        evolution: Of evolution.
        finishing: Of the last look.
        guessed: Effort on each of the user's own guesses.
        polished: Effort on an equation of the table whose constants are nearly right.
        max_length: Tokens of an equation of the table; longer ones are nobody's equation.
        short: An answer of at most this complexity is as good as right, and ends the search at once.
        long: One of at most this complexity ends it after `batches_after` more; a longer one never does.
        batches_after: Batches in which a simpler answer may come.
        least_rows: Rows from which on tests tell whether residuals are noise.
        least_explained: Share of the target's loss that may be left for residuals to count as noise.
        convincing: Where rows are fewer, share of the null loss that a convincing answer leaves at most.
        compression: Where rows are fewer, how many times its own bits a convincing answer saves at least.
            Both are set so that Kepler's law convinces on eleven bodies, and three fitted constants on
            twenty rows, which come as near to any smooth curve, do not.
    """

    planned_work: float = 27.0
    structure: StructureSettings = field(default_factory=StructureSettings)
    curves: CurvesSettings = field(default_factory=CurvesSettings)
    asking: AskingSettings = field(default_factory=AskingSettings)
    evolution: EvolutionSettings = field(default_factory=EvolutionSettings)
    finishing: FinishingSettings = field(default_factory=FinishingSettings)
    guessed: Effort = Effort(restarts=32, points=None, iterations=100)
    polished: Effort = Effort(restarts=1, points=512, iterations=30)
    max_length: int = 200
    short: int = 12
    long: int = 30
    batches_after: int = 8
    least_rows: int = ROWS
    least_explained: float = 0.1
    convincing: float = 1e-7
    compression: float = 2.5
