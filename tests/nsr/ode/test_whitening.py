import numpy as np
import pytest

from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.ode.integrate import Systems
from nsr.ode.motion import Motion
from nsr.ode.settings import DEFAULTS
from nsr.ode.task import OdeTask
from nsr.ode.weak_form import WeakForm

PREDATION = (parse("1.1*x_0 - 0.4*x_0*x_1"), parse("0.1*x_0*x_1 - 0.4*x_1"))
TERMS, WEIGHTS = (parse("x_0"), parse("x_0*x_1")), np.array([1.1, -0.4])
N_DRAWS = 8


def observed(noise: float, seed: int = 0, n: int = 150) -> tuple[np.ndarray, np.ndarray]:
    times = np.linspace(0, 20, n)
    states = Systems([PREDATION]).integrate(np.array([[10.0, 5.0]]), times, rtol=1e-9)[0]
    return times, states * (1 + noise * np.random.default_rng(seed).standard_normal(states.shape))


def task(noise: float, seed: int = 0, **asked) -> OdeTask:
    return OdeTask.of(*observed(noise, seed), DEFAULTS, 0, **asked)


def left(weak: WeakForm) -> np.ndarray:
    """What the true equation of the prey leaves, relative to its root mean square."""
    off = weak.integrals(Program([PREDATION[0]]))[0] - weak.target[:, 0]
    return off / np.sqrt(np.mean(off**2))


def error(weak: WeakForm) -> float:
    """Largest relative error of the constants of the prey's equation."""
    table = weak.integrals(Program(list(TERMS))).T
    return float(np.max(np.abs(np.linalg.lstsq(table, weak.target[:, 0])[0] / WEIGHTS - 1)))


@pytest.fixture(scope="module")
def draws() -> list[OdeTask]:
    return [task(0.05, seed) for seed in range(N_DRAWS)]


def correlation(weak: WeakForm) -> float:
    """Of what is left of one equation and of the next."""
    off = left(weak)
    return float(np.mean(off[1:] * off[:-1]))


def test_errors_are_independent(draws):
    """Those of neighbouring bumps are nearly the same."""
    assert np.mean([correlation(own.weak_forms[1]) for own in draws]) > 0.9
    assert abs(np.mean([correlation(own.typical_form(0)) for own in draws])) < 0.1


def test_no_equation_has_larger_errors_than_another(draws):
    """The first ones have the least variance before they are made alike, by a factor of up to a million."""
    halves = [[half @ half for half in np.array_split(left(own.typical_form(0)), 2)] for own in draws]
    first, second = np.mean(halves, axis=0)
    assert first == pytest.approx(second, rel=0.4)


def test_constants_are_nearer_than_by_bumps_of_any_one_width(draws):
    whitened = np.median([error(own.typical_form(0)) for own in draws])
    for width in range(len(DEFAULTS.widths)):
        assert whitened < 0.8 * np.median([error(own.weak_forms[width]) for own in draws])


def test_several_trajectories_join():
    pairs = [observed(0.05, seed, n) for seed, n in ((0, 150), (1, 12))]
    joined = OdeTask.of([t for t, _ in pairs], [x for _, x in pairs], DEFAULTS, 0).typical_form(0)
    alone = task(0.05).typical_form(0)
    assert len(joined.target) == joined.n_independent > len(alone.target)


@pytest.mark.parametrize(
    ("noise", "motion"), [(0.0, Motion()), (0.05, Motion(order=2)), (0.05, Motion(is_discrete=True))]
)
def test_what_is_left_as_it_is(noise, motion):
    times, states = observed(noise)
    times = np.arange(len(times)) if motion.is_discrete else times
    own = OdeTask.of(times, states, DEFAULTS, 0, motion)
    assert own.weak_forms_of(0) is own.weak_forms


def test_observations_that_do_not_count():
    times, states = observed(0.05)
    weights = np.ones_like(states)
    weights[40:50, 1] = 0
    form = OdeTask.of(times, states, DEFAULTS, 0, weights=weights).typical_form(0)
    assert np.all(np.isfinite(form.target))
    assert error(form) < 0.1
