"""Integration against SciPy's DOP853, and against solutions that are known."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.expressions.operators import Operator
from nsr.expressions.parsing import parse
from nsr.ode.dormand_prince import integrate_rows
from nsr.ode.integrate import Systems
from nsr.problems.suites import load_systems

PROBLEMS = load_systems("odebench")
SYSTEMS = [problem.system for problem in PROBLEMS]
# Trajectories of these depend on the last digits of the tolerance.
SENSITIVE = {"55", "56", "61"}
CALM = [place for place, problem in enumerate(PROBLEMS) if problem.name.split()[0] not in SENSITIVE]


def system(*equations: str) -> tuple[Expression, ...]:
    return tuple(parse(equation) for equation in equations)


def test_benchmark_systems_agree_with_scipy():
    rng = np.random.default_rng(0)
    chosen = [SYSTEMS[place] for place in CALM][:50]
    width = max(map(len, chosen))
    initial = rng.uniform(0.5, 1.5, (len(chosen), width))
    times = np.linspace(0, 3, 40)
    states = Systems(chosen).integrate(initial, times, rtol=1e-9, atol=1e-11)
    n_compared = 0
    for own, start, found in zip(chosen, initial, states, strict=True):
        program = Program(own)
        with np.errstate(all="ignore"):
            expected = solve_ivp(
                lambda _, x, program=program: program.values(x[None])[:, 0],
                (0, 3),
                start[: len(own)],
                method="DOP853",
                t_eval=times,
                rtol=1e-11,
                atol=1e-13,
            )
        if not expected.success or np.abs(expected.y).max() > 1e6:
            continue
        scale = np.abs(expected.y).max(axis=1) + 1e-9
        np.testing.assert_allclose(found[:, : len(own)] / scale, expected.y.T / scale, atol=1e-6)
        assert np.all(np.isnan(found[:, len(own) :]))
        n_compared += 1
    assert n_compared >= 45


def test_tolerances_are_kept():
    times = np.linspace(0, 10, 30)
    for rtol in (1e-4, 1e-7, 1e-10):
        states = Systems([system("x_1", "-x_0")]).integrate(
            np.array([[1.0, 0.0]]), times, rtol=rtol, atol=rtol
        )
        error = np.abs(states[0, :, 0] - np.cos(times)).max()
        assert error < 30 * rtol


def test_rows_have_their_own_constants_times_and_initial_values():
    decay = Systems([system("-1.0*x_0 + 0.5"), system("2.5*x_1", "0.3*x_0")])
    np.testing.assert_array_equal(decay.n_constants, [2, 2])
    np.testing.assert_array_equal(decay.constants, [[-1.0, 0.5], [2.5, 0.3]])
    rates = np.array([0.2, 1.0, 3.0])
    times = np.array([[0, 1, 2.0], [1, 2, 4.0], [0, 0.1, 5.0]])
    start = np.array([[2.0, 0], [1.0, 0], [3.0, 0]])
    constants = np.column_stack((-rates, np.zeros(3)))
    states = decay.integrate(start, times, constants, np.zeros(3, dtype=int), rtol=1e-9, atol=1e-12)
    expected = start[:, :1] * np.exp(-rates[:, None] * (times - times[:, :1]))
    np.testing.assert_allclose(states[:, :, 0], expected, rtol=1e-6)


def test_what_blows_up_or_leaves_the_domain_is_nan_from_there_on():
    times = np.linspace(0, 2, 21)
    states = Systems([system("x_0**2"), system("-1/x_0"), system("-x_0")]).integrate(np.ones((3, 1)), times)
    for row, end in ((0, 1.0), (1, 0.5)):  # 1/(1 - t), and sqrt(1 - 2 t)
        known = np.isfinite(states[row, :, 0])
        assert known[times < end - 1e-9].all()
        assert not known[times > end + 1e-9].any()
    np.testing.assert_allclose(states[0, :10, 0], 1 / (1 - times[:10]), rtol=1e-4)
    assert np.all(np.isfinite(states[2]))


def test_a_system_that_takes_too_many_steps_is_given_up():
    stiff = Systems([system("-1e7*(x_0 - cos(x_1))", "1 + 0*x_0")])
    states = stiff.integrate(np.array([[0.0, 0.0]]), np.linspace(0, 10, 5), max_steps=100)
    assert np.isnan(states[0, -1, 0])


@pytest.mark.parametrize("n_threads", [2, 5])
def test_threads_change_nothing(n_threads):
    rng = np.random.default_rng(1)
    lotka = Systems([system("1.1*x_0 - 0.4*x_0*x_1", "0.1*x_0*x_1 - 0.4*x_1")] * 16)
    initial, times = rng.uniform(1, 5, (16, 2)), np.linspace(0, 5, 20)
    np.testing.assert_array_equal(
        lotka.integrate(initial, times, n_threads=1), lotka.integrate(initial, times, n_threads=n_threads)
    )


def test_arrays_that_are_only_to_be_read_need_no_other_kernel():
    """A second compilation would take seconds of the first fit."""
    systems = Systems([(parse("-x_0"),)])
    times, initial = np.linspace(0, 1, 5), np.broadcast_to(2.0, (1, 1))
    states = systems.integrate(initial, np.broadcast_to(times, (1, 5)))
    np.testing.assert_allclose(states[0, :, 0], 2 * np.exp(-times), rtol=1e-5)
    assert len(integrate_rows.signatures) == 1


def test_a_state_that_a_system_lacks_is_named():
    with pytest.raises(ValueError, match="x_2 is missing: there are 2 variables"):
        Systems([system("x_1", "-x_0"), system("x_1", "-x_2")])


@pytest.mark.parametrize(
    ("initial", "times", "constants", "index", "message"),
    [
        (np.ones((1, 1)), [0, 1], None, None, "initial must have 1 rows of at least 2"),
        (np.ones((2, 2)), [0, 1], None, [0], "initial must have 1 rows"),
        (np.ones((1, 2)), [0, 1], None, [1], "index must be"),
        (np.ones((1, 2)), [0, 1], np.ones((1, 1)), None, "constants must have 1 rows of at least 2"),
        (np.ones((1, 2)), [], None, None, "times must hold"),
    ],
)
def test_shapes_that_do_not_go_together_are_refused(initial, times, constants, index, message):
    systems = Systems([system("2*x_1", "-3*x_0")])
    with pytest.raises(ValueError, match=message):
        systems.integrate(initial, np.array(times), constants, index and np.array(index))


def test_operators_that_are_not_built_in_are_refused(registered):
    registered(Operator("halved", 1, lambda a: a / 2, lambda a: a / 2))
    with pytest.raises(ValueError, match="built-in operators"):
        Systems([system("halved(x_0)")])
