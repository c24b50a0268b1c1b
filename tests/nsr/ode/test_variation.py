import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.systems import SystemConfig, SystemSampler
from nsr.expressions.parsing import parse
from nsr.ode.forms import distinct_forms, form, forms
from nsr.ode.settings import DEFAULTS
from nsr.ode.variation import variations


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.99*x_1 - 1e-6*x_0", "3*x_1"),  # a term goes
        ("2*tanh(x_0)", "2*x_0"),  # a function goes
        ("1.01*x_1", "x_1"),  # a factor goes
        ("2*tanh(x_0)", "2*sin(x_0)"),
        ("x_0*(1.7*x_1**2 - 5.4)", "x_0*(1.7*x_0**2 - 5.4)"),
        ("2*x_0", "2*x_0 + 0.1*x_0*x_1"),
    ],
)
def test_what_is_one_change_away_is_among_them(old, new):
    assert form(parse(new)) in {form(varied) for varied in variations(parse(old), 2, DEFAULTS)}


@settings(max_examples=30)  # each is a system of several equations, with some hundred variations
@given(st.integers(0, 2**32 - 1))
def test_variations_are_other_forms_and_few(seed):
    system = SystemSampler(SystemConfig(), np.random.default_rng(seed)).sample()
    for component in system:
        found = variations(component, len(system), DEFAULTS)
        skeletons = {varied.skeleton() for varied in found}
        assert len(skeletons) == len(found)
        assert component.skeleton() not in skeletons
        assert all(set(varied.variables) <= set(range(len(system))) for varied in found)


def test_forms_know_states_and_free_factors_but_no_values():
    assert forms((parse("2*x_0"), parse("sin(x_1)"))) == forms((parse("-3*x_0"), parse("sin(x_1)")))
    assert form(parse("2*x_0")) != form(parse("2*x_1"))
    assert form(parse("2*x_0")) != form(parse("x_0"))
    assert distinct_forms([parse("2*x_0"), parse("3*x_0"), parse("x_1")]) == [parse("2*x_0"), parse("x_1")]
