import numpy as np
import pytest
from tasks import root

from nsr.evaluate.program import Program
from nsr.expressions.expression import PLACEHOLDER
from nsr.expressions.parsing import parse
from nsr.search.structure.families import exact_subset, relations, significant_terms
from nsr.search.structure_settings import FamiliesSettings


def best_fvu(text: str, n_variables: int, noise: float = 0.0) -> float:
    rng = np.random.default_rng(0)
    X, X_fresh = rng.uniform(1, 4, (2, 800, n_variables))
    y = Program([parse(text)]).values(X)[0]
    state = root(X, y + noise * np.std(y) * rng.standard_normal(len(y)))
    forms = [form for batch in relations(state) for form in batch]
    expected = Program([parse(text)]).values(X_fresh)[0]
    with np.errstate(all="ignore"):
        fvu = np.mean((Program(forms).values(X_fresh) - expected) ** 2, axis=1) / np.var(expected)
    return float(np.nanmin(fvu))


@pytest.mark.parametrize(
    ("text", "n_variables"),
    [
        ("x_0**3/(exp(x_0)-1)", 1),
        ("exp(-x_0**2/2)/2.5", 1),
        ("0.3*x_0+2*sin(x_0)-1", 1),
        ("x_0*x_1/(1+x_0*x_1)", 2),
        ("sqrt(x_0**2+x_1**2-x_0*x_1)", 2),
        ("1/(1/x_0+x_1/x_2)", 3),
        ("log(x_0+x_1*x_2)", 3),
        ("asin(x_0/10*sin(x_1))", 2),
        ("x_0*x_3+x_1*x_4+x_2*x_5", 6),
        ("1/tanh(x_0)-1/x_0", 1),
        ("1/(exp(1/x_0)-1)", 1),
        ("-sqrt(x_0+x_1)", 2),
        ("sqrt(1+x_0**2+2*x_0*cos(x_1))", 2),
        ("(x_0-2*x_1)/(1+x_0**2)", 2),
        ("3*x_1/(x_0+2*x_1**2+0.5)", 2),
    ],
)
def test_members_of_the_families_are_found(text, n_variables):
    assert best_fvu(text, n_variables) < 1e-12


def test_noise_leaves_the_right_terms():
    assert best_fvu("2*x_0*x_1+0.5*x_2", 3, noise=0.02) < 1e-3


def test_a_lorentz_factor_less_its_rest_is_found(rng):
    speed = rng.uniform(0.1, 0.9, (800, 1))
    y = 1 / np.sqrt(1 - speed[:, 0] ** 2) - 1
    forms = [form for batch in relations(root(speed, y)) for form in batch]
    assert np.nanmin(np.mean((Program(forms).values(speed) - y) ** 2, axis=1)) < 1e-20


def test_noise_leaves_a_law_of_cosines():
    assert best_fvu("sqrt(1+x_0**2+2*x_0*cos(x_1))", 2, noise=0.02) < 1e-3


def test_terms_that_explain_the_target_by_itself_take_no_places(rng):
    """Where the variable is small and noise is large, cos(x/2) + x^2/8 is as good as 1, times any target."""
    x = rng.uniform(0.1, 0.5, (4000, 1))
    law = 1 / np.sqrt(1 - x[:, 0] ** 2)
    state = root(x, law + 0.6 * np.std(law) * rng.standard_normal(4000))
    forms = {form.skeleton() for batch in relations(state) for form in batch}
    assert any(
        set(form.tokens) == {"sqrt", "inv", "add", "mul", "pow", "x_0", 2.0, PLACEHOLDER} for form in forms
    )


def test_a_state_without_variables_is_a_constant():
    state = root(np.empty((20, 0)), np.full(20, 2.5))
    assert [form.tokens for batch in relations(state) for form in batch] == [(2.5,)]


def test_backward_elimination_keeps_what_is_significant(rng):
    table = rng.standard_normal((500, 20))
    weights = np.zeros(20)
    weights[[3, 7, 11, 15]] = [1.0, -2.0, 0.5, 3.0]
    kept, found = significant_terms(table, table @ weights + 0.1 * rng.standard_normal(500), 5.0)
    assert kept == [3, 7, 11, 15]
    expected = np.linalg.lstsq(table[:, kept], table @ weights, rcond=None)[0]
    np.testing.assert_allclose(found, expected, atol=0.05)


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_product_of_many_powers_is_found_under_noise(sign):
    assert best_fvu(f"{sign}0.3*x_0**2*sqrt(x_1)/(x_2*x_3**1.5)*x_4", 5, noise=0.02) < 1e-4


def test_a_long_polynomial_below_the_line_is_found_under_noise():
    assert best_fvu("1/((x_0-0.5*x_1)**2+(1-x_2)**2+1)", 3, noise=0.02) < 1e-4


def test_a_long_polynomial_is_found_under_noise():
    assert best_fvu("x_0*x_1 - 2*x_2**2 + 3*x_0 + x_1**3 - 1", 3, noise=0.02) < 1e-3


def test_given_terms_are_combined_with_those_of_the_grammar():
    term = parse("sin(2.3*x_0*x_1 + 0.4)")
    X = np.random.default_rng(0).uniform(1, 4, (700, 2))
    y = 3 * Program([term]).values(X)[0] + 2 * X[:, 0] ** 2
    forms = [form for batch in relations(root(X, y), (term,)) for form in batch]
    losses = np.mean((Program(forms).values(X) - y) ** 2, axis=1)
    assert np.nanmin(losses) < 1e-12 * np.var(y)


@pytest.mark.parametrize("n_rows", [2, 3, 5])
def test_of_a_few_rows_no_sum_of_terms_is_exact(n_rows):
    """Also where the last of them, on which a sum is tried, have a target of zero."""
    table = np.random.default_rng(0).uniform(1, 2, (n_rows, 4))
    target = np.where(np.arange(n_rows) == 0, 1.0, 0.0)
    assert exact_subset(table, target, FamiliesSettings()) == []
