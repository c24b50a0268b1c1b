"""What is told from data about their noise, against the noise that was put in."""

import numpy as np
import pytest
from scipy import stats
from tasks import root, task

from nsr.data.notes import DataWarning
from nsr.expressions.parsing import parse
from nsr.refinement.candidates import scored
from nsr.refinement.losses import AbsoluteError
from nsr.search.noise import with_doubts, with_noise_model, with_noise_of_best, with_noise_told
from nsr.search.noise_settings import NoiseSettings
from nsr.search.proportional import (
    are_ratios_likelier,
    is_law_of_ratios,
    is_mostly_misfit,
    is_proportional,
    relative_weights,
)
from nsr.search.state import State
from nsr.search.structure.families import relations


def power_law(X):
    return 9.4 * X[:, 1] ** 1.45 / X[:, 0] ** 1.8


@pytest.fixture
def X(rng):
    return rng.uniform(1, 3, (400, 2))


@pytest.mark.parametrize("share", [0.01, 0.1, 0.2])
def test_noise_that_grows_with_the_value_is_seen(X, share, rng):
    y = power_law(X) * (1 + share * rng.standard_normal(len(X)))
    assert is_proportional(task(X, y))
    with pytest.warns(DataWarning, match="loss='gamma'"):
        assert with_noise_told(task(X, y)).loss.name == "gamma"


@pytest.mark.parametrize("share", [0.0, 1e-6, 0.01, 0.1])
def test_noise_of_one_size_is_not_proportional(X, share, rng):
    y = 1 + power_law(X)
    y += share * np.std(y) * rng.standard_normal(len(X))
    assert np.min(y) > 0
    assert not is_proportional(task(X, y))
    assert with_noise_told(task(X, y)).loss.name == "squared_error"


def test_where_it_cannot_be_told_it_is_squared_error(X, rng):
    y = power_law(X) * (1 + 0.1 * rng.standard_normal(len(X)))
    assert not is_proportional(task(X, y - 2 * np.min(y)))  # some are negative
    assert not is_proportional(task(X[:20], y[:20]))
    assert not is_proportional(task(X, 1000 + 0.1 * rng.standard_normal(len(X))))
    assert not is_proportional(task(X, 1e-6 * y / y + 1))


LAWS = {
    "resonance": lambda X: X[:, 1] ** 2 / ((X[:, 0] - X[:, 2]) ** 2 + 0.001),
    "exponential of a wave": lambda X: np.exp(2 * np.sin(12 * X[:, 0] * X[:, 1]) + X[:, 2]),
}


@pytest.mark.parametrize("law", LAWS)
def test_what_no_polynomial_follows_is_not_noise(law, rng):
    X = rng.uniform(1, 3, (2000, 3))
    y = LAWS[law](X)
    assert not is_proportional(task(X, y))
    assert with_noise_told(task(X, y)).loss.name == "squared_error"


def test_what_is_of_the_size_of_the_value_is_no_error_of_measurement(X, rng):
    assert not is_proportional(task(X, power_law(X) * np.exp(1.2 * rng.standard_normal(len(X)))))


@pytest.mark.parametrize("decades", [1, 6])
def test_factors_of_two_are_errors_of_a_target_over_decades(decades, rng):
    mass = 10 ** rng.uniform(-decades / 2, decades / 2, (60, 1))
    y = 11 * mass[:, 0] ** 0.75 * np.exp(0.7 * rng.standard_normal(60))
    assert is_proportional(task(mass, y)) == (decades == 6)


def test_relative_errors_that_have_made_rows_negative_give_weights(rng):
    X = 1 + np.abs(rng.standard_normal((1000, 3)))
    clean = power_law(X)
    y = clean * (1 + 0.4 * rng.standard_normal(1000))
    assert np.any(y < 0)
    with pytest.warns(DataWarning, match="inverse square"):
        told = with_noise_told(task(X, y))
    assert told.loss.name == "squared_error"
    assert np.corrcoef(np.log(told.weights), -2 * np.log(clean))[0, 1] > 0.95
    given = rng.uniform(1, 2, 1000)
    with pytest.warns(DataWarning):
        both = with_noise_told(task(X, y, weights=given))
    assert np.corrcoef(np.log(both.weights / given), -2 * np.log(clean))[0, 1] > 0.95


@pytest.mark.parametrize("size", [1.0, 4.0])
def test_errors_of_one_size_that_have_made_rows_negative_give_none(size, rng):
    X = 1 + np.abs(rng.standard_normal((1000, 3)))
    y = power_law(X) + size * rng.standard_normal(1000)
    assert np.any(y < 0)
    assert relative_weights(task(X, y)) is None
    assert relative_weights(task(X, np.sin(X[:, 0]) + X[:, 1] - 0.95 * X[:, 2])) is None  # is exact


def test_weights_are_of_the_proportional_errors(X, rng):
    shares = np.where(np.arange(len(X)) % 2, 0.05, 0.3)
    y = power_law(X) * np.exp(shares * rng.standard_normal(len(X)))
    weights = 1 / shares**2
    assert is_proportional(task(X, y, weights=weights / weights.mean()))


def test_noise_proportional_to_a_value_over_decades(rng):
    X = np.column_stack((rng.uniform(0, 100, 80), rng.uniform(0, 1, (80, 2))))
    y = np.exp(X[:, 0]) * (1 + 0.03 * rng.standard_normal(80))
    assert is_proportional(task(X, y))
    known = with_noise_model(task(X, y), "gamma")
    np.testing.assert_allclose(known.expected, np.exp(X[:, 0]), rtol=0.1)


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.3])
def test_what_a_better_law_would_explain_says_nothing_of_errors(noise, rng):
    """A wave of which 5 % of the value are the standard deviation, beside noise of less or of more."""
    X = rng.uniform(0, 4, (400, 2))
    law = np.exp(2 * X[:, 0])
    y = law * (1 + 0.07 * np.sin(X[:, 1]) + noise * rng.uniform(-1, 1, 400))
    assert are_ratios_likelier(np.full(400, np.mean(y)), law, task(X, y), NoiseSettings())
    assert is_mostly_misfit(law, task(X, y), NoiseSettings()) == (noise < 0.05)
    constant_too = task(np.column_stack((X, np.ones(400))), y)
    assert is_mostly_misfit(law, constant_too, NoiseSettings()) == (noise < 0.05)
    assert not is_mostly_misfit(law, task(np.ones((400, 1)), y), NoiseSettings())


def test_counts_with_zeros_have_a_smooth_mean(rng):
    X = rng.uniform(0, 4, (400, 2))
    mean = np.exp(-1.2 + 0.9 * X[:, 0] - 0.5 * X[:, 1])
    known = with_noise_model(task(X, rng.poisson(mean).astype(float)), "poisson")
    assert np.all(known.expected > 0)
    assert stats.spearmanr(known.expected, mean).statistic > 0.98
    assert np.median(np.abs(known.expected / mean - 1)) < 0.2
    forms = [form for forms in relations(State.root(known)) for form in forms]
    best = min(scored(forms, known), key=lambda candidate: candidate.loss)
    assert best.loss < known.mean_loss(1.01 * mean[None])[0]  # though the logarithm of 0 does not exist


@pytest.mark.parametrize(("loss", "ratio"), [("absolute_error", np.log(2) / 0.6745), ("huber", 1.0)])
def test_outliers_do_not_move_a_smooth_fit_or_its_noise(loss, ratio, rng):
    X = rng.uniform(0, 10, (400, 1))
    clean = 3 * X[:, 0] / (1.5 + X[:, 0])
    y = clean + 0.02 * rng.standard_normal(400) + np.where(np.arange(400) % 10, 0.0, 60.0)
    known = with_noise_model(task(X, y), loss)
    assert np.sqrt(np.mean((known.expected - clean) ** 2)) < 0.02
    assert 0.015 < known.loss.noise * ratio < 0.03  # a polynomial leaves a little more than noise
    is_far = np.arange(400) % 10 == 0
    assert np.max(known.root_weights[is_far]) < 0.2 * np.median(known.root_weights[~is_far])


@pytest.mark.parametrize("loss", ["absolute_error", "huber"])
def test_no_row_is_worth_an_equation_of_its_own(loss, rng):
    X = rng.uniform(0, 10, (200, 1))
    clean = 3 * X[:, 0] / (1.5 + X[:, 0])
    far = np.arange(200) == 17
    known = with_noise_model(task(X, clean + 0.02 * rng.standard_normal(200) + 60 * far), loss)
    doubted = with_doubts(known, known.centre, None)
    law, peak = parse("3*x_0/(1.5 + x_0)"), f"60*exp(-1e9*(x_0 - {float(X[17, 0])})**2)"
    with_peak = parse(f"3*x_0/(1.5 + x_0) + {peak}")
    plainly, carefully = scored([law, with_peak], known), scored([law, with_peak], doubted)
    assert plainly[0].bits > plainly[1].bits
    assert carefully[0].bits < carefully[1].bits
    anew, _ = with_noise_of_best(doubted, carefully, None)
    assert anew.weights[17] < 0.01 * np.median(anew.weights)
    squares = task(X, clean)
    assert with_doubts(squares, squares.centre, None).weights is None


def test_an_equation_without_the_misfit_of_a_polynomial_says_how_much_noise_there_is(X, rng):
    clean = np.sin(9 * X[:, 0])
    known = task(X, clean + 0.001 * rng.laplace(size=len(X)), loss=AbsoluteError(0.5))
    equations = [parse("sin(9*x_0)"), parse("0.1*x_1"), parse("x_0 - 2")]
    anew, found = with_noise_of_best(known, scored(equations, known, "families"), None)
    assert anew.loss.noise == pytest.approx(0.001, rel=0.2)
    assert [candidate.expression for candidate in found] == equations
    assert {candidate.stage for candidate in found} == {"families"}
    assert found == scored(equations, anew)


def test_a_part_of_a_polynomial_has_no_noise_of_counts(X, rng):
    known = with_noise_model(task(X, rng.poisson(power_law(X)).astype(float)), "poisson")
    part = State.root(known).part(-np.ones(50))
    assert part.loss.name == "squared_error"
    assert part.null_loss == 0
    assert root(X, X[:, 0]).part(X[:20, 1]).n_rows == 20


def test_what_a_law_by_group_does_not_follow_is_no_noise(rng):
    x, codes = rng.uniform(0.3, 5, 96), np.tile(np.arange(8), 12)
    scale = np.exp(rng.normal(0, 0.7, 8))[codes]
    groups = [np.flatnonzero(codes == group) for group in range(8)]
    noise = 0.05 * rng.standard_normal(96)

    def is_told(law, y):
        return is_law_of_ratios(scale * law, scale * law, task(x[:, None], y), groups, NoiseSettings())

    bent = x**0.8 * (1 + 0.1 * np.cos(2 * x))
    assert is_told(bent, scale * bent * (1 + noise))
    assert not is_told(bent, scale * bent + noise)
    assert not is_told(x**0.8, scale * bent)
