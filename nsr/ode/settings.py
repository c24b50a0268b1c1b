"""The numbers that decide how much work a fit of a system does, and what it prefers."""

from __future__ import annotations

from dataclasses import dataclass

from nsr.refinement.subsets import Breadth


@dataclass(frozen=True)
class OdeSettings:
    """Effort and preferences of `nsr.ode.ODERegressor`; ablations override one or two of them.

    Unless a field says otherwise its value was chosen on the development systems (`python -m eval.odebench
    run --suite textbook`, `development` and `turning`, without noise and with 5 %), never on ODEBench. Shares
    are shares of what is left of the planned work when the work in question begins.

    Attributes:
        most_points: Observations that a search looks at; of longer tables it takes as many, evenly spread,
            and fits the chosen system to all rows in the end. ODEBench has 150. With it the laws of an
            epidemic are found from thousands of rows; without, fits took four times their limit.
        fine_steps: Points that weak forms interpolate between two observations.
        most_fine_points: Points that they integrate over at most, unless there are more observations. More
            than the development systems' 600, so that it does not change them.

        widths: Half-widths of the weak forms' bumps as shares of the time span: narrow ones see detail, wide
            ones through noise.
        n_bumps: Bumps of each width.
        bump_power: Exponent of the bumps (1 - s^2)^p; with 4 their slopes vanish smoothly at the ends.
        n_weak: Weak equations of one width that count as independent observations where right-hand sides are
            compared; the bumps overlap, so fewer than there are. Those that `nsr.ode.whitening` makes
            independent all count.
        least_residual: Share of a weak target's size below which a right-hand side is exact.

        degrees: Highest degree of polynomials of one state, of two, and so on, the last one of more: their
            terms grow fast.
        most_terms: Terms that sparse sums by elimination have at most.
        most_exhaustive: Terms up to which all subsets of a library are tried.
        most_subsets: Subsets of one size that are tried at most; of libraries with more, none of that size.
        n_subsets: Subsets of each size that are kept.

        n_views: Draws of rows and orders of states that a network for systems is shown, as many as
            `nsr.network.guess` makes.
        n_view_rows: Rows of each draw, shared by all trajectories; as many as in pretraining.
        n_rough: Right-hand sides of a network that are fitted to the weak form.
        n_rough_points: Points of smoothed derivatives that all are fitted to before, which chooses these.
        n_rough_starts: Starting points of that fit.
        n_weak_steps: Steps of a fit to the weak form; more hardly moved the constants.
        n_derivatives: Rows of derivatives that right-hand sides are looked for in.
        known_derivatives: Share of a derivative's spread that interpolation may be off by, if exact right
            sides are to be looked for: 131 of 134 drawn ones were known better without noise, and none was to
            more than 9e-5 with noise of 1e-4.
        n_exact: Exact right-hand sides of a component that are fitted to the weak form.
        n_each: Right-hand sides that are kept of each library and of each network, by width.

        planned_work: Seconds of work before variations. It is not the time limit, so that what is done does
            not depend on that; of the default limit it leaves variations a quarter. With more, combinations
            of three states and more took what was left, and none of them was fitted.
        asking_share: Share for asking a network.
        fitting_share: Share for fitting what it writes to smoothed derivatives and weak forms.
        derivatives_share: Share for what is exact in derivatives; hardly ever used up.
        regression_share: Share for sparse regression.
        looking_share: Share for combining the best few proposals of a stage at once, as on clean observations
            the best system may be exact.
        shortening_share: Share for shortening an exact system before the next stage proposes: a long sum that
            is exact, as series of something else are, took what the stage that knows better needed.
        combination_share: Share for simulating combinations.
        pieces_share: Share for fits to pieces of trajectories.
        longest_fit: Seconds of work that a single fit may take.
        checking_share: Share of the time limit that is kept for a last look at what was found.

        piece_points: Points of the pieces that systems are first simulated on: from many starting points an
            error of the first one, or chaos, spoils little.
        short_piece_points: The same of shorter ones, which chaos spoils less: of six chaotic systems of which
            150 points were observed one was exact without, four with 8, three with 12.
        short_shots: As `most_shots`, of fits to these, which are rough and say what longer ones are worth,
        short_gain: and as `least_gain`.
        map_piece_points: The same of maps, of which noise grows from one point to the next.
        n_first: Right-hand sides of each component that are combined for a first look.
        n_plain: Right-hand sides of each component of which the plainest is looked at as well,
        plain_residual: of those that leave no more than this share of a weak target's size,
        plainer: or this many times as much as the best of them: few observations of chaos leave much of all.
        n_combined: Right-hand sides of each component that are tried in every combination.
        most_combinations: Combinations of these at most.
        n_exchanges: Rounds in which each component of the best combination is exchanged for every other.
        n_batch: Combinations simulated between two looks at the clock, fewer where one takes long.
        n_on_pieces: Systems that are fitted to pieces.
        n_on_whole: Systems, the best on pieces, that are fitted to whole trajectories.
        n_varied: Variations of each component that are fitted.
        n_exchanged: Right-hand sides that were proposed and may take the place of the best system's.
        large_gain: Bits by which a variation must be better than the best system to be varied at once.
        patience: Systems whose variations bring nothing before the search for better ones ends.
        variation_degree: Degree of the monomials that variations add.
        variation_factor: What these begin with.
        most_tokens: Tokens of a variation at most.

        equation_weight: Bits of the observations that a bit of an equation counts as. On 30 clean generated
            systems 0.5, with `exact_fvu`, reconstructed all; 1 and no limit of exactness 28.
        variation_handicap: Bits by which a variation that is not shorter must be better than what was
            proposed: of some hundred, a few are better by chance.
        crossing_bits: Bits more of each right-hand side that takes a state below 0 that never was. Of 77
            systems to develop on with 5 % noise 51 generalised with it, 49 without.
        exact_fvu: Share of a state's variance that integration itself may be off by.
        short: Complexity of each component up to which an exact system ends the search: nothing that comes
            later can be much shorter. As `nsr.search.settings.SearchSettings.short` for equations.
        short_if_certain: As `short`, of a system that leaves less than `certain_fvu`.
        certain_fvu: Share of a state's variance below which an exact system is no accident of the
            observations, so that only shorter forms of it are tried.
        shortened_residual: Share of a weak target's size up to which a shorter form is tried in its place.
        n_shortened: Such forms of each component at most.
        astray: Share of a state's variance that a simulation may leave unexplained from initial values nearby
            before it counts as astray, and its system as fragile.
        sturdiness: Bits more than the best system that a sturdy one may need to be chosen.
        n_checked: Systems that are looked at for how sturdy they are.

        broken: Deviations of the state that a simulation counts as off by where it breaks off.
        rtol: Relative tolerance of simulations.
        steps_a_point: Steps from one observation to the next, on average, beyond which a simulation is given
            up: what is that stiff is not worth the time of a search.
        rough_rtol: As `rtol`, where systems are compared before their constants are fitted.
        rough_steps_a_point: As `steps_a_point`, there; with more, not every combination was seen.
        most_shots: Simulations of a fit by shooting, not counting those for derivatives.
        least_gain: Share by which a step of such a fit must lessen the squared errors, or it ends: the bits
            that are left to gain are fewer than one.

        least_scatter: Share of a state's deviation below which scatter counts as none.
        least_scatter_gain: Bits by which each observation must be likelier, on average, if scatter is to grow
            with the state. With it 63 %, not 55 %, of 60 generated systems with 5 % noise generalised.
        least_trusted: Share of a state's root mean square: no observation is trusted more than one of it.
    """

    most_points: int = 1_500
    fine_steps: int = 4
    most_fine_points: int = 2_000

    widths: tuple[float, ...] = (0.05, 0.1, 0.2)
    n_bumps: int = 80
    bump_power: int = 4
    n_weak: int = 60
    least_residual: float = 1e-6

    degrees: tuple[int, ...] = (5, 4, 3, 2)
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
    n_derivatives: int = 500
    known_derivatives: float = 1e-5
    n_exact: int = 16
    n_each: int = 4

    planned_work: float = 5.0
    asking_share: float = 0.2
    fitting_share: float = 0.15
    derivatives_share: float = 0.2
    regression_share: float = 0.25
    looking_share: float = 0.05
    shortening_share: float = 0.2
    combination_share: float = 0.4
    pieces_share: float = 0.5
    longest_fit: float = 1.0
    checking_share: float = 0.05

    piece_points: int = 25
    short_piece_points: int = 8
    short_shots: int = 10
    short_gain: float = 0.01
    map_piece_points: int = 6
    n_first: int = 2
    n_plain: int = 64
    plain_residual: float = 3e-3
    plainer: float = 3.0
    n_combined: int = 5
    most_combinations: int = 150
    n_exchanges: int = 4
    n_batch: int = 16
    n_on_pieces: int = 32
    n_on_whole: int = 16
    n_varied: int = 12
    n_exchanged: int = 16
    patience: int = 5
    large_gain: float = 2.0
    variation_degree: int = 3
    variation_factor: float = 0.01
    most_tokens: int = 60

    equation_weight: float = 0.5
    variation_handicap: float = 8.0
    crossing_bits: float = 8.0
    exact_fvu: float = 1e-8
    short: int = 12
    short_if_certain: int = 20
    certain_fvu: float = 2e-12
    shortened_residual: float = 1e-5
    n_shortened: int = 3
    astray: float = 0.25
    sturdiness: float = 8.0
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

    @property
    def breadth(self) -> Breadth:
        """Of sparse regression."""
        return Breadth(self.most_terms, self.most_exhaustive, self.most_subsets, self.n_subsets)


DEFAULTS = OdeSettings()
