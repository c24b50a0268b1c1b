"""Losses against scikit-learn's metrics and models, and constants of least loss against SciPy's."""

import numpy as np
import pytest
from scipy import optimize
from sklearn.linear_model import GammaRegressor, HuberRegressor, PoissonRegressor, QuantileRegressor
from sklearn.metrics import (
    mean_absolute_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
)

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.refinement.candidates import fitted
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.losses import (
    ABSOLUTE_ERROR,
    GAMMA,
    POISSON,
    AbsoluteError,
    Custom,
    Huber,
    loss_for,
)
from nsr.refinement.refine import Effort, refine
from nsr.task import Task

METRICS = [
    (ABSOLUTE_ERROR, mean_absolute_error),
    (POISSON, mean_poisson_deviance),
    (GAMMA, mean_gamma_deviance),
]
LOSSES = [
    SQUARED_ERROR,
    AbsoluteError(0.5),
    Huber(0.4),
    POISSON,
    GAMMA,
    Custom(lambda p, y: np.abs(p - y) ** 1.5),
]


def by_name(loss):
    return loss.name


@pytest.mark.parametrize(("loss", "metric"), METRICS, ids=lambda given: getattr(given, "name", ""))
def test_mean_losses_are_scikit_learns(loss, metric, rng):
    y, predicted, weights = rng.gamma(2.0, 3.0, 50), rng.gamma(2.0, 3.0, 50), rng.uniform(0, 2, 50)
    if loss is POISSON:
        y = rng.poisson(2.0, 50).astype(float)
    task = Task(np.ones((50, 1)), y, loss, weights)
    assert task.mean_loss(predicted[None])[0] == pytest.approx(metric(y, predicted, sample_weight=weights))


@pytest.mark.parametrize("loss", LOSSES, ids=by_name)
def test_weights_of_squares_have_the_gradient_of_the_loss(loss, rng):
    y, predicted = rng.uniform(1, 5, 40), rng.uniform(1, 5, 40)
    step = 1e-6
    slope = (loss.elementwise(predicted + step, y) - loss.elementwise(predicted - step, y)) / (2 * step)
    np.testing.assert_allclose(
        2 * loss.curvature(predicted, y) * (predicted - y), slope, rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("loss", LOSSES, ids=by_name)
@pytest.mark.parametrize("is_scaled", [False, True])
def test_no_other_constant_explains_more(loss, is_scaled, rng):
    y, weights = rng.poisson(6.0, 41) + 1.0, rng.uniform(0.1, 2, 41)
    task = Task(np.ones((41, 1)), y, loss, weights)
    if is_scaled:
        task = task.over(rng.uniform(0.5, 2, 41))
    others = task.level * np.linspace(0.9, 1.1, 201)
    losses = task.mean_loss(np.broadcast_to(others[:, None], (201, 41)))
    assert losses.min() >= task.null_loss * (1 - 1e-9)


@pytest.mark.parametrize("loss", LOSSES, ids=by_name)
def test_what_is_taken_out_of_a_target_changes_no_loss(loss, rng):
    y, predicted, factor = rng.uniform(1, 5, 30), rng.uniform(1, 5, (3, 30)), rng.uniform(0.5, 2, 30)
    factor[::3] *= -1
    task = Task(np.ones((30, 1)), y, loss, rng.uniform(0.1, 2, 30), expected=y + 0.1)
    divided = task.over(factor)
    np.testing.assert_allclose(divided.mean_loss(predicted / factor), task.mean_loss(predicted))
    np.testing.assert_allclose(divided.root_weights, task.root_weights * np.abs(factor))
    assert divided.spread == pytest.approx(task.spread)


def test_impossible_predictions_are_infinitely_bad():
    y = np.array([0.0, 1.0, 2.0])
    assert np.all(np.isinf(POISSON.elementwise(np.array([-1.0, -1.0, 0.0]), y)))
    assert np.all(np.isinf(GAMMA.elementwise(np.array([-1.0, -1.0]), y[1:])))
    assert POISSON.elementwise(np.array([0.5, 1.0, 2.0]), y).tolist() == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("ratio", [1e-60, 1e-10, 1 - 1e-9, 1 + 1e-9, 1e10, 1e60])
def test_ratios_of_any_size_keep_their_digits(ratio):
    y = np.array([1.0])
    exact = 2 * (ratio - 1 - np.log(ratio)) if abs(ratio - 1) > 1e-3 else (ratio - 1) ** 2
    assert GAMMA.elementwise(y / ratio, y)[0] == pytest.approx(exact, rel=1e-6)


def saturating(rng, noise):
    """A Michaelis-Menten curve with some noise, as counts, relative or absolute."""
    X = rng.uniform(0.1, 10, (300, 1))
    clean = 30 * X[:, 0] / (1.5 + X[:, 0])
    return X, noise(clean)


NOISY = [
    (AbsoluteError(1.0), lambda m, rng: m + rng.laplace(0, 1, len(m))),
    (Huber(1.0), lambda m, rng: m + rng.standard_t(1.5, len(m))),
    (POISSON, lambda m, rng: rng.poisson(m).astype(float)),
    (GAMMA, lambda m, rng: rng.gamma(4, m / 4)),
    (
        Custom(lambda p, y: np.logaddexp(p - y, y - p), "log_cosh"),
        lambda m, rng: m + rng.laplace(0, 1, len(m)),
    ),
]


@pytest.mark.parametrize(("loss", "noise"), NOISY, ids=lambda given: getattr(given, "name", ""))
@pytest.mark.parametrize("is_weighted", [False, True])
def test_constants_are_the_likeliest(loss, noise, is_weighted, rng):
    X, y = saturating(rng, lambda clean: noise(clean, rng))
    task = Task(X, y, loss, rng.uniform(0.2, 3, len(y)) if is_weighted else None)
    expression = parse("2*x_0/(1.1 + x_0)")
    refined = refine([expression], task, Effort(restarts=4))

    def total(constants):
        return float(task.mean_loss((constants[0] * X[:, 0] / (constants[1] + X[:, 0]))[None])[0])

    start = optimize.minimize(total, [30, 1.5], method="Nelder-Mead").x
    best = optimize.minimize(total, start, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-14})
    assert refined.loss[0] == pytest.approx(best.fun, rel=2e-5 if loss.name == "absolute_error" else 1e-8)
    found = refined.constants[0]
    np.testing.assert_allclose(found, best.x, rtol=0.02 if loss.name == "absolute_error" else 1e-4)


@pytest.mark.parametrize(
    ("loss", "model"), [(POISSON, PoissonRegressor), (GAMMA, GammaRegressor)], ids=["p", "g"]
)
def test_log_linear_models_are_scikit_learns(loss, model, rng):
    X = rng.uniform(0, 2, (400, 2))
    mean = np.exp(0.5 + 0.9 * X[:, 0] - 0.5 * X[:, 1])
    y = rng.poisson(mean).astype(float) if loss is POISSON else rng.gamma(3, mean / 3)
    known = model(alpha=0, tol=1e-10, max_iter=10_000).fit(X, y)
    (found,) = fitted([parse("exp(0.1 + 0.1*x_0 + 0.1*x_1)")], Task(X, y, loss), Effort(restarts=8), Clock())
    np.testing.assert_allclose(
        sorted(found.expression.constants), sorted([known.intercept_, *known.coef_]), rtol=1e-4
    )


def test_lines_are_those_of_scikit_learns_robust_models(rng):
    X = rng.uniform(0, 2, (200, 1))
    y = 1 + 2 * X[:, 0] + 0.1 * rng.standard_t(1.2, 200)
    line = parse("0.5 + 0.5*x_0")
    known = HuberRegressor(alpha=0, tol=1e-9, max_iter=10_000).fit(X, y)
    (found,) = fitted([line], Task(X, y, Huber(known.scale_)), Effort(), Clock())
    np.testing.assert_allclose(found.expression.constants, [known.intercept_, known.coef_[0]], rtol=1e-4)
    median = QuantileRegressor(alpha=0).fit(X, y)
    (found,) = fitted([line], Task(X, y, AbsoluteError(0.1)), Effort(), Clock())
    assert found.loss == pytest.approx(mean_absolute_error(y, median.predict(X)), rel=1e-5)


def test_a_users_quantile_loss_gives_quantiles(rng):
    X, alpha = rng.uniform(0, 2, (300, 1)), 0.8
    y = X[:, 0] + rng.exponential(1.0, 300)
    loss = Custom(lambda p, y: np.where(y > p, alpha * (y - p), (1 - alpha) * (p - y)))
    (found,) = fitted([parse("0.5 + 0.5*x_0")], Task(X, y, loss), Effort(), Clock())
    known = QuantileRegressor(quantile=alpha, alpha=0).fit(X, y)
    assert found.loss == pytest.approx(mean_pinball_loss(y, known.predict(X), alpha=alpha), rel=1e-4)


def test_many_expressions_are_as_good_as_each_alone(rng):
    X, y = saturating(rng, lambda clean: rng.gamma(4, clean / 4))
    texts = ["2*x_0/(1.1 + x_0)", "3*x_0**0.5", "2 + 3*log(1.5 + x_0)", "5 + 2*tanh(0.4*x_0)", "7.5", "x_0"]
    task, expressions = Task(X, y, GAMMA), [parse(text) for text in texts]
    together = refine(expressions, task, Effort(restarts=1))
    alone = [refine([expression], task, Effort(restarts=1)).loss[0] for expression in expressions]
    np.testing.assert_allclose(together.loss, alone)
    values = Program(Program(expressions).expressions_with(together.constants)).values(X)
    np.testing.assert_allclose(task.mean_loss(values), together.loss)


def test_losses_that_cannot_be_say_so(rng):
    y = rng.uniform(1, 2, 20)
    with pytest.raises(ValueError, match=r"'gamma' is for errors proportional.*choose another loss"):
        loss_for("gamma", y - 1.5)
    with pytest.raises(ValueError, match="'poisson' is for counts"):
        loss_for("poisson", -y)
    with pytest.raises(ValueError, match="one of auto, squared_error, absolute_error, huber, poisson, gamma"):
        loss_for("squared_eror", y)
    with pytest.raises(ValueError, match="fails with"):
        loss_for(lambda p: p, y)
    with pytest.raises(ValueError, match="as many losses"):
        loss_for(lambda p, y: np.mean(p - y), y)
    with pytest.raises(ValueError, match="not finite"):
        loss_for(lambda p, y: np.full_like(y, np.nan), y)
