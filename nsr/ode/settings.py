"""The numbers that decide how much work a fit of a system does, and what it prefers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OdeSettings:
    """Effort and preferences of `nsr.ode.ODERegressor`; ablations override one or two of them.

    Unless a field says otherwise its value was chosen on the development systems (`python -m eval.odebench
    run --suite textbook`, `development` and `turning`, without noise and with 5 %), never on ODEBench. Shares
    of time are shares of what is left when the work in question begins.

    Attributes:
        most_points: Observations that a search looks at; of longer tables it takes as many, evenly spread.
            The systems that are reported are fitted to all rows in the end. ODEBench has 150.
        most_fine_points: Where weak forms integrate, `fine_steps` points are interpolated between two
            observations, but no more than this many in all unless there are more observations.
        fine_steps: See `most_fine_points`.

        widths: Half-widths of the weak forms' bumps as shares of the time span: narrow ones see detail, wide
            ones through noise.
        n_bumps: Bumps of each width.
        bump_power: Exponent of the bumps (1 - s^2)^p; 4 makes their slopes vanish smoothly at the ends.
        n_weak: Weak equations that count as independent observations where right-hand sides are compared.
        least_residual: Share of a weak target's size below which a right-hand side is exact.

        most_terms: Terms of a sparse sum at most.
        most_exhaustive: Up to this many terms all subsets of a library are tried,
        most_subsets: where they are no more than this many;
        n_subsets: that many of each size are kept.

        n_views: Draws of rows and orders of states that a network for systems is shown (as in
            `nsr.network.guess`).
        n_view_rows: Rows of each, shared by all trajectories; as many as in pretraining.
        n_rough: Right-hand sides of a network that are fitted to the weak form; the others fall out
        n_rough_points: by a fit to smoothed derivatives at this many points,
        n_rough_starts: from this many starting points.
        n_weak_steps: Steps of a fit to the weak form.
        n_each: Right-hand sides that are kept of each source's list.

        asking_share: Share of the time for asking a network.
        fitting_share: Share of the time for fitting what it writes to smoothed derivatives and weak forms.
        regression_share: Share of the time for sparse regression.
        looking_share: Share of the time for combining the best few proposals of a stage at once, as on clean
            observations the best system may be exact.
        combination_share: Share of the time for simulating combinations.
        pieces_share: Share of the time for fits to pieces of trajectories.
        longest_fit: Share of the time that a single fit may take.
        checking_share: Share of the time that is left for a last look at what was found.

        piece_points: Points of the pieces that systems are first simulated on: from many starting points an
            error of the first one, or chaos, spoils little.
        n_combined: Right-hand sides of each component that are tried in every combination,
        most_combinations: up to this many combinations in all.
        n_exchanges: Rounds in which each component of the best combination is exchanged for every other.
        n_batch: Combinations simulated between two looks at the clock, fewer where that takes long.
        n_on_pieces: Systems that are fitted to pieces.
        n_on_whole: How many of them, the best there, are fitted to whole trajectories.
        n_varied: Variations of each component that are fitted.
        n_exchanged: Right-hand sides from elsewhere that may take the place of the best system's.
        patience: Systems whose variations bring nothing before the search for better ones ends.
        variation_degree: Degree of the monomials that variations add.
        most_tokens: Tokens of a variation at most.

        equation_weight: A bit of an equation counts as this many of the observations.
        variation_handicap: Bits by which a variation must be better than what the sources say: of some
            hundred, a few are better by chance.
        exact_fvu: Share of a state's variance that integration itself may be off by.
        short: Complexity of each component up to which an exact system ends the search: nothing that comes
            later can be much shorter.
        astray: A simulation that leaves more than this share of a state's variance unexplained has gone
            astray, which nearby initial values must not lead to.
        n_checked: Systems that are looked at for how sturdy they are.

        broken: Where a simulation breaks off, it counts as off by this many deviations of the state.
        rtol: Relative tolerance of simulations.
        steps_a_point: What takes more steps than this from one observation to the next, on average, is too
            stiff to be worth the time of a search.
        rough_rtol: As `rtol`, where systems are compared before their constants are fitted.
        rough_steps_a_point: As `steps_a_point`, there.
        most_shots: Simulations of a fit by shooting, not counting those for derivatives.
        least_gain: A fit by shooting ends when a step gains less than this share: the bits that are left to
            gain are fewer than one.

        least_scatter: Scatter of less than this share of a state's deviation is none.
        least_scatter_gain: Observations are said to scatter in proportion to the state where that makes each
            likelier by this many bits on average.
        least_trusted: No observation is trusted more than one of this share of the state's root mean square.
    """

    most_points: int = 1_500
    most_fine_points: int = 2_000
    fine_steps: int = 4

    widths: tuple[float, ...] = (0.05, 0.1, 0.2)
    n_bumps: int = 80
    bump_power: int = 4
    n_weak: int = 60
    least_residual: float = 1e-6

    most_terms: int = 8
    most_exhaustive: int = 4
    most_subsets: int = 10_000
    n_subsets: int = 3

    n_views: int = 8
    n_view_rows: int = 256
    n_rough: int = 48
    n_rough_points: int = 150
    n_rough_starts: int = 2
    n_weak_steps: int = 10
    n_each: int = 4

    asking_share: float = 0.2
    fitting_share: float = 0.15
    regression_share: float = 0.25
    looking_share: float = 0.05
    combination_share: float = 0.4
    pieces_share: float = 0.5
    longest_fit: float = 0.1
    checking_share: float = 0.05

    piece_points: int = 25
    n_combined: int = 5
    most_combinations: int = 150
    n_exchanges: int = 4
    n_batch: int = 16
    n_on_pieces: int = 32
    n_on_whole: int = 16
    n_varied: int = 12
    n_exchanged: int = 16
    patience: int = 5
    variation_degree: int = 3
    most_tokens: int = 60

    equation_weight: float = 0.5
    variation_handicap: float = 16.0
    exact_fvu: float = 1e-8
    short: int = 12
    astray: float = 0.25
    n_checked: int = 48

    broken: float = 3.0
    rtol: float = 1e-6
    steps_a_point: int = 25
    rough_rtol: float = 1e-4
    rough_steps_a_point: int = 6
    most_shots: int = 20
    least_gain: float = 1e-4

    least_scatter: float = 1e-3
    least_scatter_gain: float = 0.05
    least_trusted: float = 0.1


DEFAULTS = OdeSettings()
