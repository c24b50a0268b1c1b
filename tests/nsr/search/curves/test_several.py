"""Curves beside partners, curves of two variables, and linear models, against what made the data."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from tasks import root, task
from untrained import save_untrained

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.network.checkpoint import from_pretrained
from nsr.refinement.candidates import Candidate
from nsr.search.curves.linear import linear_models, transformed_models
from nsr.search.curves.partners import curves_with_partners
from nsr.search.engine import Search


def best_loss(fits):
    return min(fit.loss for batch in fits for fit in batch)


@pytest.mark.parametrize(
    "law",
    [
        lambda x, z: 12 * x / (x + 3.1 * (1 + z / 2.9)),
        lambda x, z: 12 * x / (3.1 + x * (1 + z / 2.9)),
        lambda x, z: 12 * x / ((3.1 + x) * (1 + z / 2.9)),
        lambda x, z: 12 * x * z / (1.5 + 2 * x + 0.7 * z + x * z),
        lambda x, z: 2.6 - 0.01 * x * np.exp(0.5 * z),
        lambda x, z: 3 * np.exp(-0.4 * x) * z**1.3,
        lambda x, z: 3 * np.exp(-0.4 * x) + 0.8 * z + 1,
    ],
)
def test_curves_of_two_variables_are_found(law, rng):
    X = rng.uniform(0.5, 10, (60, 2))
    y = law(X[:, 0], X[:, 1])
    assert best_loss(curves_with_partners(root(X, y), Clock())) < 1e-10 * np.var(y)
    noisy = y + 0.03 * np.std(y) * rng.standard_normal(60)
    left = np.mean((noisy - y) ** 2)
    assert best_loss(curves_with_partners(root(X, noisy), Clock())) < left


def test_an_exponent_near_a_half_is_one_beside_another_that_is_not(rng):
    """Few rows of the density of speakers by distance and size, of which bent curves leave less by chance."""
    X = np.column_stack((np.repeat([1.0, 2, 4, 8, 16, 32], 4), np.tile([10.0, 30, 100, 300], 6)))
    y = 1.6 * X[:, 0] ** 0.3 / np.sqrt(X[:, 1]) * (1 + 0.05 * rng.standard_normal(24))
    fits = [fit for batch in curves_with_partners(root(X, y), Clock()) for fit in batch]
    laws = [fit.form.tokens for fit in fits if fit.name == "power law"]
    exponents = {(law[law.index("x_0") + 1], law[law.index("x_1") + 1]) for law in laws}
    assert {("C", "C"), (0.5, -0.5), ("C", -0.5)} <= exponents


def test_the_full_linear_model_is_that_of_scikit_learn(rng):
    X = rng.uniform(-1, 3, (80, 7))
    y = X @ rng.standard_normal(7) + 2 + 0.5 * rng.standard_normal(80)
    _, forms = next(linear_models(root(X, y)))
    assert [len(form.variables) for form in forms] == list(range(1, 8))
    expected = LinearRegression().fit(X, y).predict(X)
    assert Program([forms[-1]]).values(X)[0] == pytest.approx(expected)


def test_the_columns_that_matter_come_first_of_many(rng):
    X = rng.standard_normal((300, 120))
    y = 3 * X[:, 7] - 2 * X[:, 31] + 0.1 * rng.standard_normal(300)
    _, forms = next(linear_models(root(X, y)))
    assert forms[1].variables == (7, 31)


def test_squares_and_products_come_where_rows_allow(rng):
    X = rng.uniform(1, 3, (60, 3))
    y = 1 + 2 * X[:, 0] * X[:, 2] - X[:, 1] ** 2
    forms = [form for _, batch in linear_models(root(X, y)) for form in batch]
    assert np.min(np.std(Program(forms).values(X) - y, axis=1)) < 1e-8
    few = root(X[:20], y[:20])
    assert len(list(linear_models(few))) == 1


@pytest.mark.parametrize("levels", [(0.0, 1.0), (-1.0, 3.0)])
def test_the_interaction_with_two_groups_has_its_main_effects(levels, rng):
    """The square of a column of two values is a line of it: it stood in place of the column itself."""
    x, group = rng.uniform(0, 4, 60), rng.choice(levels, 60)
    y = 3 + 1.5 * x + 2 * group - 1.2 * x * group + 0.8 * rng.standard_normal(60)
    _, (_, forms) = linear_models(root(np.column_stack((x, group)), y))
    (full,) = [form for form in forms if len(form.constants) == 4]
    expected = LinearRegression().fit(np.column_stack((x, group, x * group)), y)
    assert sorted(full.constants) == pytest.approx(sorted([expected.intercept_, *expected.coef_]))


@pytest.mark.parametrize(
    "law",
    [
        lambda X: 1.6 * X[:, 0] ** 0.37 / X[:, 1] ** 1.21,
        lambda X: 2 + 1.6 * X[:, 0] ** 0.87 * X[:, 1] ** 1.21,
        lambda X: 0.3 * np.exp(0.9 * X[:, 0] - 0.5 * X[:, 2]),
        lambda X: 1 / (0.3 + 0.9 * X[:, 0] + 0.5 * X[:, 2]),
    ],
)
def test_transformed_models_are_fitted_to_the_target_itself(law, rng):
    X = rng.uniform(1, 4, (60, 3))
    y = law(X)
    assert best_loss(transformed_models(root(X, y), Clock())) < 1e-12 * np.var(y)
    noisy = y * (1 + 0.05 * rng.standard_normal(60))
    assert best_loss(transformed_models(root(X, noisy), Clock())) < np.mean((noisy - y) ** 2)


def test_a_power_law_has_no_name_with_exponents_that_no_textbook_has(rng):
    """Over a small range of temperatures Arrhenius' law is nearly one of the fifteenth power."""
    X = np.column_stack((rng.uniform(300, 380, 60), rng.uniform(0.1, 2, 60)))
    rates = 2e6 * np.exp(-5000 / X[:, 0]) * X[:, 1] ** 1.5
    noisy = rates * (1 + 0.01 * rng.standard_normal(60))
    fits = [fit for batch in transformed_models(root(X, noisy), Clock()) for fit in batch]
    names = {fit.name for fit in fits if len(fit.expression.variables) == 2}
    assert names == {"", "exponential of a sum"}


def test_noisy_tables_of_several_columns_have_plain_models_before_evolution(rng, tmp_path):
    X = rng.uniform(1, 10, (60, 2))
    y = 3.2 * X[:, 0] ** 0.7 * X[:, 1] ** 1.4 * (1 + 0.05 * rng.standard_normal(60))
    components = ("families", "separation", "reduction", "curves", "evolution")
    search = Search(task(X, y), from_pretrained(save_untrained(tmp_path)), 1, components)
    found: list[Candidate] = []
    for batch in search.run(Clock().within(10.0)):
        if any(candidate.stage == "evolution" for candidate in batch):
            break
        found += batch
    assert {"linear model", "power law"} <= {candidate.name for candidate in found}


def test_weights_count(rng):
    X = rng.uniform(1, 4, (60, 2))
    y = X @ [1.0, 2.0]
    y[::5] += 40
    weights = np.where(np.arange(60) % 5 == 0, 1e-12, 1.0)
    _, forms = next(linear_models(root(X, y, weights=weights)))
    assert list(forms[-1].constants) == pytest.approx([0.0, 1.0, 2.0], abs=1e-6)


def test_curves_of_one_column_are_found_and_named_beside_idle_ones(rng, tmp_path):
    dose = np.repeat([0, 1, 3, 10, 30, 100, 300, 1000, 3000], 4).astype(float)
    X = np.column_stack((np.eye(4)[np.tile(np.arange(4), 9)], dose))
    y = 8 + 89 / (1 + (dose / 35) ** 1.4) + 2 * rng.standard_normal(36)
    search = Search(task(X, y), from_pretrained(save_untrained(tmp_path)), 1, ("curves",))
    found = [one for batch in search.run(Clock().within(3.0)) for one in batch]
    own = [one for one in found if "four-parameter dose response" in one.name]
    assert min(one.loss for one in own) < np.mean((y - 8 - 89 / (1 + (dose / 35) ** 1.4)) ** 2)
