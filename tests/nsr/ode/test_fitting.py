import numpy as np
import pytest

from nsr.clock import Clock
from nsr.expressions.parsing import parse
from nsr.ode.fitting import Fitting
from nsr.ode.forms import forms
from nsr.ode.integrate import Systems
from nsr.ode.settings import DEFAULTS
from nsr.ode.task import OdeTask
from nsr.ode.variation import VariationStage


def task(equations: tuple[str, ...], initial: list[float], noise: float) -> OdeTask:
    """Of a system that is seen through noise."""
    times = np.linspace(0, 10, 150)
    states = Systems([tuple(map(parse, equations))]).integrate(np.array([initial]), times, rtol=1e-9)[0]
    draws = np.random.default_rng(0).standard_normal(states.shape)
    return OdeTask.of(times, states * (1 + noise * draws), DEFAULTS, seed=0)


def best(observed: OdeTask, systems, is_varied: bool = False):
    """The systems fitted, and their variations if they are wanted, the best first."""
    fitting = Fitting(observed)
    fitting.fit(systems, Clock())
    if is_varied:
        stage = VariationStage()
        fitting.vary(lambda system, component: stage.vary(observed, system, component), Clock())
    return fitting.best_of_each_form(Clock())


@pytest.mark.parametrize(
    "start", [("1.1*x_1 + 0.001*x_0", "-1.5*tanh(x_0)"), ("x_1*cos(x_0)", "-1.5*x_0"), ("x_1", "-1.5*x_1")]
)
def test_variations_lead_to_the_pendulum(start):
    true = ("x_1", "-2*sin(x_0)")
    found = best(task(true, [2.0, 0.0], 0.0), [tuple(map(parse, start))], is_varied=True)
    assert forms(found[0].system) == forms(tuple(map(parse, true)))
    assert found[0].is_exact
    assert found[0].system[1].constants[0] == pytest.approx(-2, rel=1e-4)


@pytest.mark.parametrize(
    ("start", "handicap"), [("-2*x_0 + 0.01*x_1", 0.0), ("-2", DEFAULTS.variation_handicap)]
)
def test_what_does_without_a_part_needs_not_be_better_by_more_bits(start, handicap):
    """Longer variations do, as of many a few are better by chance."""
    observed, true = task(("x_1", "-2*x_0"), [2.0, 0.0], 0.05), tuple(map(parse, ("x_1", "-2*x_0")))
    (wanted,) = best(observed, [true])
    fitting = Fitting(observed)
    fitting.fit([tuple(map(parse, ("x_1", start)))], Clock())
    fitting.vary(lambda _, component: [true[component]], Clock())
    assert forms(fitting.fitted[0].system) == forms(wanted.system)
    assert fitting.fitted[0].bits == pytest.approx(wanted.bits + handicap, abs=0.1)


def test_what_begins_anew_does_not_hide_what_the_whole_tells():
    """Photons in a laser: each piece begins where it likes, so that either form describes all as well."""
    true, wrong = (parse("2*x_0/(1 + x_0) - x_0"),), (parse("x_0*cos(x_0 + 0.4)**2"),)
    found = best(task(("2*x_0/(1 + x_0) - x_0",), [0.05], 0.05), [wrong, true])
    assert forms(found[0].system) == forms(true)


def test_forms_are_reported_once():
    start = [tuple(map(parse, texts)) for texts in (("x_1", "-x_0"), ("0.9*x_1", "-1.1*x_0"))]
    assert len(best(task(("x_1", "-2*x_0"), [2.0, 0.0], 0.03), start)) == 1


def test_what_hangs_on_exact_initial_values_is_not_chosen():
    """Noise may put initial values on the wrong side of a pole."""
    near_pole, sturdy = (parse("0.3*x_0 + 0.001/(x_0 - 0.95)"),), (parse("x_0/3"),)
    found = best(task(("0.3*x_0",), [1.0], 0.1), [near_pole, sturdy])
    assert forms(found[0].system) == forms(sturdy)


def test_a_root_that_leads_nowhere_from_an_observed_zero_is_not_reported():
    """The square root's solution from 0 is not unique: a fit may begin beside it, a simulation stays."""
    root, sturdy = (parse("1.6*sqrt(abs(x_0)) - 1.5*x_0"),), (parse("0.9 - 0.8*tanh(x_0)"),)
    found = best(task(("1 - x_0",), [0.0], 0.05), [root, sturdy])
    assert [forms(one.system) for one in found] == [forms(sturdy)]


def test_small_initial_values_of_what_grows_are_off_by_as_little_as_they_scatter():
    """Noise of a share of the state is small where the state is; the root of less than nothing is none."""
    root, other = (parse("0.9*sqrt(x_0)"),), (parse("1.7 - 1.5*exp(-0.4*x_0)"),)
    found = best(task(("0.9*sqrt(x_0)",), [0.05], 0.05), [root, other])
    assert forms(found[0].system) == forms(root)


def test_what_could_not_win_even_if_it_were_exact_is_not_fitted():
    observed = task(("x_1", "-2*x_0"), [2.0, 0.0], 0.0)
    fitting = Fitting(observed)
    fitting.fit(
        [tuple(map(parse, texts)) for texts in (("x_1", "-2.1*x_0"), ("x_1", "-2*x_0 + 0.1*x_1"))], Clock()
    )
    assert [forms(one.system) for one in fitting.fitted] == [forms(tuple(map(parse, ("x_1", "-2*x_0"))))]
    assert fitting.is_settled


def test_long_systems_that_are_exact_do_not_end_a_search():
    fitting = Fitting(task(("x_1", "-2*x_0"), [2.0, 0.0], 0.0))
    fitting.fit(
        [tuple(map(parse, ("x_1 + 0.1*x_0 - 0.1*x_0", "-2.1*x_0*cos(0*x_0)*cos(0*x_1) + 0*x_1")))], Clock()
    )
    assert fitting.fitted[0].is_exact
    assert not fitting.is_settled


def test_chaos_leaves_an_exact_system_short():
    """Sprott's case K (Phys. Rev. E 50, 1994), over so long that errors of integration reach its size."""
    equations = ("x_0*x_1 - x_2", "x_0 - x_1", "x_0 + 0.3*x_2")
    true = tuple(map(parse, equations))
    times = np.linspace(0, 60, 300)
    begun = Systems([true]).integrate(np.full((1, 3), 0.05), np.array([0.0, 100.0]), rtol=1e-10)[:, -1]
    states = Systems([true]).integrate(begun, times, rtol=1e-11, atol=1e-13)[0]
    fitting = Fitting(OdeTask.of(times, states, DEFAULTS, seed=0))
    longer = (parse("x_0*x_1 - x_2 + 0.0000001*x_0**3"), *true[1:])
    fitting.fit([longer, true], Clock())
    assert forms(fitting.fitted[0].system) == forms(true)
    assert fitting.fitted[0].is_exact
    assert fitting.is_settled
    assert fitting.is_certain


def test_shortening_that_was_cut_off_goes_on():
    needless, short = (parse("-0.5*x_0 + 1e-12*x_0**2"),), (parse("-0.5*x_0"),)
    fitting, clock = Fitting(task(("-0.5*x_0",), [2.0], 0.0)), Clock().within(1.0)
    fitting.fit([needless], Clock())

    def nothing_in_time(*_):
        clock.spend(2.0)
        return []

    fitting.shorten(nothing_in_time, clock)
    assert forms(fitting.fitted[0].system) == forms(needless)
    fitting.shorten(lambda *_: list(short), Clock())
    assert forms(fitting.fitted[0].system) == forms(short)


def test_of_forms_that_a_curve_does_not_tell_apart_the_one_with_common_constants_is_kept():
    """Both states decay alike, so that the observed x_1 is twice x_0 all the time."""
    observed = task(("-0.7*x_0", "-0.7*x_1"), [1.0, 2.0], 0.0)
    fitting, elsewhere = Fitting(observed), [("-0.7*x_0", "-0.35*x_1"), ("-1.4*x_0", "-0.7*x_1")]
    fitting.fit([tuple(map(parse, ("-0.35*x_1", "-1.4*x_0")))], Clock())
    fitting.shorten(lambda _, component: list(map(parse, elsewhere[component])), Clock())
    assert forms(fitting.fitted[0].system) == forms(tuple(map(parse, ("-0.7*x_0", "-0.7*x_1"))))


def test_the_constants_of_chaos_are_found_from_short_pieces():
    """Chen and Ueta's attractor, of which 25 points are longer than errors of such constants stay small."""
    rough = ("34.98*(x_1 - x_0)", "28.17*x_1 - 7.38*x_0 - 0.99*x_0*x_2", "0.9995*x_0*x_1 - 2.994*x_2")
    times, law = np.linspace(0, 8, 150), ("35*(x_1 - x_0)", "28*x_1 - 7*x_0 - x_0*x_2", "x_0*x_1 - 3*x_2")
    initial = np.array([[-5.0, 2.0, 20.0]])
    states = Systems([tuple(map(parse, law))]).integrate(initial, times, rtol=1e-10, atol=1e-10)[0]
    fitting = Fitting(OdeTask.of(times, states, DEFAULTS, seed=0))
    fitting.fit([tuple(map(parse, rough))], Clock())
    assert fitting.fitted[0].is_exact
    np.testing.assert_allclose(fitting.fitted[0].system[2].constants, [1, 3], rtol=1e-4)
