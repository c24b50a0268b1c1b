import itertools

import numpy as np
import pytest

from nsr.evaluate.program import Program
from nsr.expressions.monomials import polynomials
from nsr.expressions.parsing import parse
from nsr.expressions.printing import to_infix
from nsr.ode.integrate import Systems
from nsr.ode.library import libraries
from nsr.ode.settings import DEFAULTS
from nsr.ode.trajectories import Trajectory
from nsr.ode.weak_form import Fit, all_integrals, sparse_fits, weak_forms

PREDATION = (parse("1.1*x_0 - 0.4*x_0*x_1"), parse("0.1*x_0*x_1 - 0.4*x_1"))


def observed(noise: float = 0.0, times: np.ndarray | None = None) -> Trajectory:
    times = np.linspace(0, 20, 200) if times is None else times
    states = Systems([PREDATION]).integrate(np.array([[10.0, 5.0]]), times, rtol=1e-9)[0]
    return Trajectory(times, states * (1 + noise * np.random.default_rng(0).standard_normal(states.shape)))


def fits(trajectories: list[Trajectory], place: int, library) -> list[list[Fit]]:
    """Sparse fits of each component to the weak form of one width."""
    weak = weak_forms(trajectories, DEFAULTS)[place]
    table = weak.integrals(Program(list(library))).T
    return [sparse_fits(table, column, library, DEFAULTS) for column in weak.target.T]


def weights(found, n_terms):
    """Constants of the best sum of this many terms, and its structure."""
    best = min((f for f in found if len(f.expression.constants) == n_terms), key=lambda fit: fit.residual)
    return sorted(best.expression.constants), to_infix(best.expression.skeleton())


def test_polynomials_are_all_monomials():
    assert len(polynomials(3, 2)) == 10
    assert len(polynomials(2, 4)) == 15
    X = np.random.default_rng(0).uniform(1, 2, (1, 2))
    degrees = {d for d in itertools.product(range(3), repeat=2) if sum(d) <= 2}
    expected = sorted(X[0, 0] ** a * X[0, 1] ** b for a, b in degrees)
    assert sorted(Program(list(polynomials(2, 2))).values(X)[:, 0]) == pytest.approx(expected)


@pytest.mark.parametrize("n_states", [1, 2, 3, 5])
def test_no_library_repeats_a_term(n_states):
    for library in libraries(n_states, DEFAULTS.degrees):
        assert len(set(library)) == len(library)


@pytest.mark.parametrize("place", range(len(DEFAULTS.widths)))
def test_the_right_terms_and_weights_come_out(place):
    prey, predator = fits([observed()], place, polynomials(2, 3))
    assert weights(prey, 2)[0] == pytest.approx([-0.4, 1.1], abs=2e-3)
    assert weights(predator, 2)[0] == pytest.approx([-0.4, 0.1], abs=2e-3)


def test_noise_moves_the_weights_but_not_the_terms():
    prey, _ = fits([observed(noise=0.03)], 1, polynomials(2, 2))
    found, structure = weights(prey, 2)
    assert found == pytest.approx([-0.4, 1.1], rel=0.1)
    assert structure == weights(fits([observed()], 1, polynomials(2, 2))[0], 2)[1]


def test_uneven_times_and_several_trajectories():
    rng = np.random.default_rng(0)
    uneven = observed(times=np.concatenate(([0.0], np.sort(rng.uniform(0, 20, 250)))))
    prey, _ = fits([uneven, observed()], 1, polynomials(2, 2))
    assert weights(prey, 2)[0] == pytest.approx([-0.4, 1.1], abs=0.02)


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_times_over_seven_decades_tell_rates_of_both_ends(noise):
    """A decay that is over before a hundredth of the time has passed, feeds a slow one."""
    times = np.logspace(-4, 3, 200)
    fast, slow = np.exp(-1.3 * times), np.exp(-0.02 * times)
    states = np.column_stack((fast, 1.3 / 1.28 * (slow - fast)))
    states = states * (1 + noise * np.random.default_rng(0).standard_normal(states.shape))
    first, second = fits([Trajectory(times, states)], 1, polynomials(2, 1))
    assert weights(first, 1)[0] == pytest.approx([-1.3], rel=1e-2 + 3 * noise)
    assert weights(second, 2)[0] == pytest.approx([-0.02, 1.3], rel=1e-2 + 5 * noise)


def test_terms_that_are_not_finite_are_left_out():
    library = (*polynomials(2, 2), parse("log(0 - x_0)"))
    found, _ = fits([observed()], 1, library)
    assert not any("log" in fit.expression.tokens for fit in found)


def test_more_terms_than_bumps_tell_apart():
    library = tuple(dict.fromkeys(itertools.chain.from_iterable(libraries(4, DEFAULTS.degrees))))
    states = observed().states
    four = Trajectory(observed().times, np.column_stack((states, np.sqrt(states))))
    assert len(library) > len(weak_forms([four], DEFAULTS)[1].target)
    prey = fits([four], 1, library)[0]
    assert min(fit.residual for fit in prey) < 1e-3
    assert all(len(fit.expression.constants) <= DEFAULTS.most_terms + 12 for fit in prey)


def test_all_widths_at_once_are_each_width_by_itself():
    forms = weak_forms([observed(), observed(noise=0.1)], DEFAULTS)
    program = Program(list(PREDATION))
    for weak, found in zip(forms, all_integrals(forms, program), strict=True):
        np.testing.assert_array_equal(found, weak.integrals(program))


def test_long_tables_are_integrated_on_a_grid_no_finer_than_they_are():
    times = np.linspace(0, 20, 5_000)
    assert weak_forms([observed(times=times)], DEFAULTS)[0].n_points == 5_000
    assert weak_forms([observed()], DEFAULTS)[0].n_points == 4 * 199 + 1
