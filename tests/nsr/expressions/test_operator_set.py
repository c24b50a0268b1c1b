"""Which operators equations may have, as users mean it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import expressions

from nsr.expressions.operator_set import OperatorSet, groups
from nsr.expressions.operators import OPERATORS
from nsr.expressions.parsing import parse
from nsr.expressions.simplify import simplify


@pytest.mark.parametrize(
    ("operators", "allowed", "refused"),
    [
        (["add"], ["x_0 + 2", "x_0 - x_1", "-x_0"], ["2*x_0", "x_0**2", "1/x_0", "sin(x_0)"]),
        (["mul"], ["2*x_0", "x_0**2", "x_0*x_0**5", "-x_0"], ["x_0 + 1", "1/x_0", "sqrt(x_0)", "x_0**x_1"]),
        (["/"], ["x_0/x_1", "1/x_0"], ["x_0*x_1", "x_0**2"]),
        (["*", "inv"], ["x_0/x_1", "x_0**(-5)"], ["sqrt(x_0)", "x_0 + x_1"]),
        (["mul", "sqrt"], ["x_0**2.5", "sqrt(x_0)"], ["x_0**0.3", "1/x_0", "x_0**(-0.5)"]),
        (["pow"], ["x_0**x_1", "x_0**0.3", "x_0**2", "sqrt(x_0)", "1/x_0"], ["2*x_0", "x_0 + x_1"]),
        ("trigonometric", ["sin(x_0)", "atan(x_1)"], ["exp(x_0)", "sin(x_0) + 1"]),
        (["ln", "exp"], ["log(exp(x_0))"], ["x_0 + 1"]),
    ],
)
def test_a_name_stands_for_what_it_can_say(operators, allowed, refused):
    own = OperatorSet.of(operators)
    assert all(own.allows(parse(text)) for text in allowed)
    assert not any(own.allows(parse(text)) for text in refused)


@pytest.mark.parametrize(
    ("without", "allowed", "refused"),
    [
        ("sin", ["cos(x_0)"], ["1 + sin(x_0)"]),
        ("powers", ["x_0*x_1", "1/x_0"], ["x_0**2", "x_0**3", "sqrt(x_0)", "x_0**x_1", "x_0**5"]),
        ("add", ["x_0*x_1", "-x_0"], ["x_0 + 1", "x_0 - 1"]),
        ("div", ["x_0*x_1"], ["x_0/x_1", "1/x_0"]),
        ("cube", ["x_0**2", "x_0**4"], ["x_0**3", "x_0**3.0"]),
    ],
)
def test_what_is_forbidden_stands_nowhere(without, allowed, refused):
    own = OperatorSet.of(None, without)
    assert all(own.allows(parse(text)) for text in allowed)
    assert not any(own.allows(parse(text)) for text in refused)


@given(expressions(2), st.sets(st.sampled_from(sorted(OPERATORS)), min_size=1))
def test_what_has_only_named_operators_is_allowed_and_simplifying_it_adds_few(expression, names):
    own = OperatorSet.of(names)
    used = {token for token in expression.tokens if token in OPERATORS}
    if used <= names:
        assert own.allows(expression)
    # Products of powers and signs are the only operators that simplification may bring in.
    if own.allows(expression) and {"mul", "add", "div", "pow", "abs"} <= names:
        assert own.allows(simplify(expression)) or "log" in used or "exp" in used


def test_every_built_in_operator_has_a_group():
    assert sorted(name for names in groups().values() for name in names) == sorted(OPERATORS)


def test_wrong_names_are_told():
    with pytest.raises(ValueError, match="operators: 'sinn' is not known; did you mean 'sin'"):
        OperatorSet.of(["sinn"])
    with pytest.raises(ValueError, match="without: 'powrs' is not known; did you mean 'powers'"):
        OperatorSet.of(None, "powrs")
    with pytest.raises(ValueError, match="'sub' is a way of writing 'add'"):
        OperatorSet.of(None, ["sub"])
    with pytest.raises(ValueError, match="no operator is left"):
        OperatorSet.of(["sin"], ["trigonometric"])


def test_new_equations_are_made_with_what_is_named():
    assert "tan" not in OperatorSet.of(None).drawn(1)
    assert OperatorSet.of(["tan", "add"]).drawn(1) == ["neg", "tan"]
    assert "sin" not in OperatorSet.of(None, "sin").drawn(1)
