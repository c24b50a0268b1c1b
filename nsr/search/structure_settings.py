"""The numbers of structure, which comes first; `nsr.search.settings` says where they were chosen."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from nsr.refinement.refine import Effort
from nsr.task import FEW_ROWS

# A surrogate's error, as a share of the target's spread, that is as good as none.
LOSSLESS = 1e-6


@dataclass(frozen=True)
class LowRankSettings:
    """Sums of products of functions of one variable each, which stand in for the unknown function, too.

    Attributes:
        least_variables: Of fewer a polynomial tells as much,
        most_variables: and of more a sum of products is found too seldom for its time.
        rough: With a polynomial of a smaller error there is no need for one,
        rough_beside: nor with one of this error where it is compared with a sum of products;
        poor: with one of a larger one it is tried first.
        better: There is no need for one whose error is not smaller than a polynomial's by this factor,
        worst: or is larger than this one.
        noisy: Up to this error noise may be what is left: all rows are fitted, as they are.
        outputs: Operators of the target, from it outwards, of what sums are looked for.
        largest_rank: Products at most,
        worthwhile: more as long as two more lower the error by this factor.
        degrees: Of the functions: few to begin with, and more.
        n_starts: Starts of each number of products; of one alone there is one.
        noise: Of their coefficients.
        n_sweeps: Rounds of alternating least squares for each degree.
        n_steps: Steps for all functions at once at most,
        least_gain: as long as each lowers the squared error by this share.
        least_work: Searches of less work, as of small parts, do without them.
        most_work: Seconds of work for one kind of output: what is a sum of products is soon found to be one.
        held_out_share: Of the rows, on which errors are measured.
        least_size: Errors count by their ratio to the target, or to this share of its median size.
    """

    least_variables: int = 2
    most_variables: int = 12
    rough: float = 1e-4
    poor: float = 1e-2
    better: float = 0.85
    worst: float = 0.06
    noisy: float = 0.2
    rough_beside: float = LOSSLESS
    outputs: tuple[tuple[str, ...], ...] = ((), ("square",), ("inv",))
    largest_rank: int = 4
    worthwhile: float = 0.7
    degrees: tuple[int, ...] = (2, 5, 12, 18)
    n_starts: int = 4
    noise: float = 0.5
    n_sweeps: int = 8
    n_steps: int = 40
    least_gain: float = 1e-2
    least_work: float = 3.0
    most_work: float = 0.5
    held_out_share: float = 0.2
    least_size: float = 0.1


@dataclass(frozen=True)
class SurrogateSettings:
    """Polynomials that stand in for the unknown function of a state.

    Attributes:
        max_degree: Total degree at most, of a polynomial, or
        finer_degree: where none of these is good, this one,
        max_terms: and terms at most; with both, its Gram matrix is small and well conditioned.
        pure_degree: Degree of powers of single variables at most, beside these terms. With them 26 of 200
            problems of `hard` were recovered by structure alone in 3 s, without 22;
        pure_step: such powers are joined in steps of so many degrees;
        pure_rows: with fewer rows there are none, as they follow noise.
        held_out_share: Of the rows, on which a degree is chosen and errors are measured.
        n_refitted: Kinds of polynomials that are fitted to many rows where none is good on the first.
        largest_weight: Weights of more than this multiple of their median would let few rows decide.
    """

    max_degree: int = 12
    finer_degree: int = 22
    max_terms: int = 290
    pure_degree: int = 16
    pure_step: int = 3
    pure_rows: int = 100
    held_out_share: float = 0.2
    n_refitted: int = 2
    largest_weight: float = 20.0


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
        n_best_rough: and where it is not,
        n_simple: with these more of the first `n_simple_terms`.
        n_simple_terms: Terms that are as simple.
        times_best: Ratios are ranked anew by what their terms above the line explain, of this many times as
            many.
        worthwhile: Share of a transformed target that a relation leaves unexplained at most,
        times_noise: or, where noise is known, the multiple of what that leaves.
        max_exact_terms: Terms of sums that hold exactly; longer ones are interpolations.
        max_degree: Total degree of polynomials that hold exactly.
        polynomial_sizes: Terms, of low degree and of higher, among which the significant ones are looked for.
        significant: Standard errors from zero of a coefficient that is.
        max_transformed: Of more variables, polynomials are looked for under powers only.
        enough_rows: Fewer do not tell all exponents at once from noise.
        of_one_sign: Share of the rows whose target has one sign where it is a product of powers and noise.
        near_exponent: By how much an exponent under noise may be off a half of a whole number that it is.
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
    n_simple: int = 6
    n_simple_terms: int = 10
    times_best: int = 10
    worthwhile: float = 0.05
    times_noise: float = 2.0
    max_exact_terms: int = 12
    max_degree: int = 9
    polynomial_sizes: tuple[int, ...] = (10, 35, 120)
    significant: float = 5.0
    max_transformed: int = 3
    enough_rows: int = 200
    of_one_sign: float = 0.9
    near_exponent: float = 0.1


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
class MergingSettings:
    """Pairs of variables that are replaced by one where surrogates tell little.

    Attributes:
        rough: With a surrogate of a smaller error there are gradients to tell which.
        least_variables: A state has at least so many.
        most_work: Seconds of work at most.
        n_rows: On which all of them are compared, by polynomials
        max_terms: of so many terms: first those of high degrees in the new variable,
        high_degree: up to this one, and of low ones in the others; then of all degrees alike.
        n_best: So many of the best there are fitted to all rows;
        gain: they lower the error by this factor. Of 18 laws whose surrogates are poor wrong pairs leave .99
            of it and more, and right ones .52 to .97.
    """

    rough: float = 0.05
    least_variables: int = 2
    most_work: float = 2.0
    n_rows: int = 2_000
    max_terms: int = 150
    high_degree: int = 16
    n_best: int = 3
    gain: float = 0.9


@dataclass(frozen=True)
class NeighboursSettings:
    """Variables that rows next to each other do without, where surrogates miss more than noise.

    Attributes:
        least_rows: Of fewer none are next to each other.
        n_rows: So many are compared, for what is then
        n_confirming: confirmed by so many;
        large_share: if surrogates stay blind, this share of all, those of the largest targets, may tell more.
        most_variables: Of more no rows are next to each other.
        most_paired: Of up to so many variables pairs are replaced by one, too.
        exponents: Of the power of a variable that the target is divided by where it goes.
        significant: Standard errors from zero of a correlation that is none.
        most_growth: Of the error where a variable goes, as rows are then nearer to each other; noise alone
            leaves .97 and more.
        most_work: Seconds of work at most.
    """

    least_rows: int = 300
    n_rows: int = 3_000
    n_confirming: int = 10_000
    large_share: float = 0.25
    most_variables: int = 12
    most_paired: int = 5
    exponents: tuple[float, ...] = (
        *(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 0.5, 1.5),
        *(-1.0, -2.0, -3.0, -4.0, -5.0, -0.5, -1.5),
    )
    significant: float = 4.0
    most_growth: float = 0.95
    most_work: float = 2.0


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
        about_as_good: Multiple of the least error among splits up to which they are about as good.
        n_references: Values of the other variables that each row of the parts is averaged over.
        n_probes: Rows of the tables whose rank is looked at.
        max_group: Variables of the function at most.
        constant: Share by which a coefficient varies that is constant.
    """

    worst: float = 0.03
    tolerance: float = 1e-5
    error_factor: float = 4.0
    about_as_good: float = 30.0
    n_references: int = 16
    n_probes: int = 48
    max_group: int = 2
    constant: float = 1e-3


@dataclass(frozen=True)
class StructureSettings:
    """Families, reduction and separation.

    Attributes:
        surrogates: Of what stands in for the unknown function,
        low_rank: and of what does where that is not good.
        families: Of sums of simple terms.
        inner: Of constants inside functions.
        reduction: Of states of fewer variables,
        merging: and of those that are found by trial,
        neighbours: or by rows next to each other.
        separation: Of sums and products.
        affine: Of what is affine in a function.
        head_start: Seconds of work before curves and evolution begin.
        share: Its weight where it takes turns with these and the network.
        lossless: A state whose surrogate's error is below this is solved before the larger one it comes from.
        few_variables: States of at most this many are split at once: their parts are simple.
        least_work: Without this much work left no state is split: each part is a search.
        state_work: Seconds of work for splitting one state.
        max_combinations: Ways in which equations of separate parts are combined.
        part_share: Of the work that is left for the state, for a part of a sum or a product.
        part_precision: A part is solved when its squared error is this many times the surrogate's.
        n_remainders: Choices of what is known of the other parts that are subtracted from the target.
        exact_share: Of the work that is left for the state, for what is then left of it.
        n_splits: Functions that a target is affine in which are followed up.
        coefficient_share: Of the work that is left for the state, for such a function or a coefficient of it.
        coefficient_precision: As `part_precision`, for these.
        looser_precisions: The same for the shortest solution alone, one for each.
        n_each: Solutions of each of these that are combined.
        batches_after: Batches that may bring a shorter solution of a part after a long one.
    """

    surrogates: SurrogateSettings = field(default_factory=SurrogateSettings)
    low_rank: LowRankSettings = field(default_factory=LowRankSettings)
    families: FamiliesSettings = field(default_factory=FamiliesSettings)
    inner: InnerConstantSettings = field(default_factory=InnerConstantSettings)
    reduction: ReductionSettings = field(default_factory=ReductionSettings)
    merging: MergingSettings = field(default_factory=MergingSettings)
    neighbours: NeighboursSettings = field(default_factory=NeighboursSettings)
    separation: SeparationSettings = field(default_factory=SeparationSettings)
    affine: AffineSettings = field(default_factory=AffineSettings)
    head_start: float = 1.0
    share: float = 3.0
    lossless: float = LOSSLESS
    few_variables: int = 2
    least_work: float = 0.25
    state_work: float = 8.0
    max_combinations: int = 36
    part_share: float = 0.2
    part_precision: float = 4.0
    n_remainders: int = 9
    exact_share: float = 0.4
    n_splits: int = 4
    coefficient_share: float = 0.15
    coefficient_precision: float = 16.0
    looser_precisions: tuple[float, ...] = (100.0, 1e4)
    n_each: int = 2
    batches_after: int = 4
