"""Sums of states that stay constant: read, found, contradicted, and kept by every system."""

import warnings

import numpy as np
import pandas as pd
import pytest
import sympy
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from nsr import ODERegressor
from nsr.clock import Clock
from nsr.data.names import Names
from nsr.data.notes import DataWarning
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.expressions.sympy_form import to_sympy
from nsr.ode.conserved import Conserved, read_conserved, written_sum
from nsr.ode.fitting import Fitting
from nsr.ode.integrate import Systems
from nsr.ode.motion import Motion
from nsr.ode.paths import Paths
from nsr.ode.settings import DEFAULTS
from nsr.ode.shooting import Shooting
from nsr.ode.task import OdeTask
from nsr.ode.totals import find_totals, sums_that_stay
from nsr.ode.trajectories import as_trajectories, moving

TIMES = np.linspace(0, 40, 120)
LIBRARY = {"stages": ("library", "variation"), "time_limit": 2.0}
SIR = [0.98, 0.02, 0.0]


@pytest.fixture
def names():
    return Names.of(["S", "I", "R"])


def sir(_, x):
    return [-0.5 * x[0] * x[1], 0.5 * x[0] * x[1] - 0.15 * x[1], 0.15 * x[1]]


def sirs(_, x):
    """Those who recovered become susceptible again."""
    return [-0.5 * x[0] * x[1] + 0.05 * x[2], 0.5 * x[0] * x[1] - 0.15 * x[1], 0.15 * x[1] - 0.05 * x[2]]


def enzyme(_, x):
    """Substrate, enzyme, their complex, and product: E + C and S + C + P stay what they are."""
    binding, back, on = 0.5 * x[0] * x[1], 0.1 * x[2], 0.15 * x[2]
    return [back - binding, back + on - binding, binding - back - on, on]


def predators(_, x):
    return [0.6 * x[0] - 0.5 * x[0] * x[1], 0.5 * x[0] * x[1] - 0.4 * x[1]]


def observed(rates, initial, noise=0.0, seed=0):
    states = solve_ivp(rates, (0, 40), initial, t_eval=TIMES, rtol=1e-9, atol=1e-11).y.T
    return states + noise * np.random.default_rng(seed).standard_normal(states.shape)


@pytest.mark.parametrize("given", [{}, {"conserved": "S + I + R"}], ids=["found", "given"])
def test_a_sum_that_is_found_is_kept_by_all_systems(given):
    """The systems add up to 0 symbolically, and each rate is one constant."""
    states = pd.DataFrame(observed(sir, SIR, 0.02), columns=list("SIR"))[::2]
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        model = ODERegressor(**given, **LIBRARY).fit(TIMES[::2], states)
    assert model.conserved_ == ["S + I + R"]
    assert any("S + I + R stays constant" in str(one.message) for one in told) == (not given)
    for row in range(len(model.equations_)):
        assert_allclose(sum(_values(model.sympy(row), [0.5, 0.2, 0.4])), 0, atol=1e-12)
    assert_allclose(_values(model.sympy(), [0.5, 0.2, 0.3]), sir(0, [0.5, 0.2, 0.3]), rtol=0.05)
    assert len(model.constants_) == 2
    assert np.all(model.constants_["error"] > 0)


def _values(right_sides, states):
    at = dict(zip(("S", "I", "R"), states, strict=True))
    return [float(one.subs({symbol: at[str(symbol)] for symbol in one.free_symbols})) for one in right_sides]


def test_like_terms_are_one_flow():
    """What leaves R is what enters S, to the last digit; errors of the two are one."""
    task = OdeTask.of(TIMES, observed(sirs, [0.9, 0.1, 0.0], 0.02), DEFAULTS, 0)
    conserved = Conserved(np.ones((1, 3)), (1,), task.motion)
    task = OdeTask(task.trajectories, task.settings, 0, 1, conserved=conserved)
    untied = tuple(map(parse, ("0.06*x_2 - 0.5*x_0*x_1", "0", "0.15*x_1 - 0.05*x_2")))
    fitting = Fitting(task)
    fitting.fit([untied], Clock.of(60))
    best = fitting.fitted[0].system
    assert len(fitting.fitted) == 2
    assert best[0].constants[0] == best[2].constants[1] == pytest.approx(0.05, rel=0.1)
    whole = [sympy.expand(to_sympy(one)) for one in conserved.completed(best)]
    assert sum(whole) == 0
    assert "x_2" not in map(str, whole[1].free_symbols)
    best = conserved.left_open(best)
    assert Shooting(best, task.whole).n_constants == 3


@pytest.mark.parametrize("motion", [Motion(), Motion(is_discrete=True)], ids=["rates", "map"])
@pytest.mark.parametrize("derived", [(2,), (0,), (0, 3)])
def test_derived_components_keep_the_sums(motion, derived):
    """At random points; and constants go where `sources` says."""
    weights = np.array([[1.0, 2.0, 1.0, 0.0], [0.0, 0.0, 1.0, 3.0]])[: len(derived)]
    conserved = Conserved(weights, derived, motion)
    system = conserved.left_open(
        tuple(map(parse, ("0.7*x_0 - 0.3*x_1*x_2", "1.3*sin(x_3) + x_0", "0.4*x_2*x_1", "0.9 - 0.2*x_3")))
    )
    whole = conserved.completed(system)
    points = np.random.default_rng(0).uniform(-1, 1, (9, 4))
    kept = points @ weights.T if motion.is_discrete else np.zeros((9, len(derived)))
    assert_allclose(Program(list(whole)).values(points).T @ weights.T, kept, atol=1e-12)
    own = np.array([value for component in system for value in component.constants])
    places, numbers = conserved.sources(system)
    written = [value for component in whole for value in component.constants]
    assert_allclose(np.concatenate((own, numbers))[places], written)


def test_shooting_moves_the_constants_of_derived_components():
    """Errors are those of the completed system, with any constants."""
    motion = Motion()
    conserved = Conserved(np.array([[1.0, 1.0, 2.0]]), (1,), motion)
    states = observed(sir, SIR)
    trajectories = as_trajectories(TIMES, states)
    with_sum, plain = Paths(trajectories, DEFAULTS, conserved=conserved), Paths(trajectories, DEFAULTS)
    system = tuple(map(parse, ("-0.4*x_0*x_1", "0", "0.1*x_1")))
    problem = Shooting(system, with_sum)
    values = problem.joined(with_sum.initials)
    values[: problem.n_constants] *= 2
    moved = tuple(map(parse, ("-0.8*x_0*x_1", "0.8*x_0*x_1 - 0.4*x_1", "0.2*x_1")))
    wanted = plain.errors(Systems([moved]))
    assert_allclose(problem.residuals(values[None], np.zeros(1, int)).ravel(), wanted.ravel(), atol=1e-9)


@pytest.mark.parametrize(
    ("rates", "initial", "noise", "wanted"),
    [
        (sir, SIR, 0.0, [[1, 1, 1]]),
        (sir, SIR, 0.02, [[1, 1, 1]]),
        (sirs, [0.9, 0.1, 0.0], 0.02, [[1, 1, 1]]),
        (enzyme, [1.0, 0.5, 0.0, 0.0], 0.01, [[0, 1, 1, 0], [1, 0, 1, 1]]),
        (predators, [1.0, 0.5], 0.0, []),
        (predators, [1.0, 0.5], 0.1, []),
        (lambda _, x: [-0.3 * x[0], 0.25 * x[0]], [1.0, 0.0], 0.02, []),
        (lambda _, x: [0.0, 0.0], [1.0, 2.0], 0.02, []),
    ],
)
def test_totals_are_found(rates, initial, noise, wanted):
    trajectories = as_trajectories(TIMES, observed(rates, initial, noise))
    found = find_totals(trajectories, moving(trajectories))
    assert sorted(found.tolist()) == sorted(map(list, wanted))


def test_each_trajectory_may_have_its_own_total():
    states = [observed(sir, SIR, 0.01), observed(sir, [1.5, 0.4, 0.3], 0.01, seed=1)]
    trajectories = as_trajectories([TIMES, TIMES], states)
    assert find_totals(trajectories, moving(trajectories)).tolist() == [[1, 1, 1]]


def test_a_sum_that_observations_contradict_is_told_of(names):
    states = observed(sir, SIR, 0.02)
    task = OdeTask.of(TIMES, states, DEFAULTS, 0)
    with pytest.warns(DataWarning, match=r"S \+ I was said to stay constant, and varies by .*leave it out"):
        sums_that_stay("S + I", task, names)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sums_that_stay("S + I + R", task, names).tolist() == [[1, 1, 1]]


def test_sums_are_read(names):
    weights = read_conserved(["S + I + R", "2*(I - R/4) - R"], names, 3)
    assert weights.tolist() == [[1, 1, 1], [0, 2, -1.5]]
    assert [written_sum(own, names.identifiers) for own in weights] == ["S + I + R", "2*I - 1.5*R"]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["S*I"], "is no weighted sum of states.*'2\\*S \\+ R': leave it out"),
        (["0.4*log(S) - 0.5*S + 0.6*log(I) - 0.5*I"], "is no weighted sum of states"),
        (["S + I + R = 1"], "write the sum alone, such as 'S \\+ I \\+ R'"),
        (["S + X"], "it must be a weighted sum of states"),
        (["S"], "a sum of two states or more is needed"),
        (["S + I", "2*S + 2*I"], "follows from the sums before it"),
        (["S + I", "I + R", "S + 2*R"], "do not move: leave a sum out"),
    ],
)
def test_what_is_no_sum_is_refused(texts, message, names):
    with pytest.raises(ValueError, match=message):
        read_conserved(texts, names, 3)


def test_sums_are_not_for_positions_alone_or_known_equations():
    states = pd.DataFrame(observed(sir, SIR), columns=list("SIR"))
    with pytest.raises(ValueError, match="needs order=1"):
        ODERegressor(conserved="S + I", order=2).fit(TIMES, states)
    known = ["dS/dt = f(S, I)", "dI/dt = g(S, I)", "dR/dt = h(I)"]
    with pytest.raises(ValueError, match="no equation is left that could follow from conserved"):
        ODERegressor(conserved="S + I + R", known=known).fit(TIMES, states)
