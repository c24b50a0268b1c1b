"""Covariances against SciPy and closed forms, and against the standard deviations that NIST certifies."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

from nsr.data.weights import known_noise, row_weights
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.expressions.shape import Box, Shape, Tending
from nsr.expressions.space import SearchSpace
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.losses import ABSOLUTE_ERROR, GAMMA, HUBER, POISSON, Custom
from nsr.refinement.uncertainty import fitted_places, most_likely, uncertainty
from nsr.task import Task

# NIST StRD, nonlinear regression: https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml
MISRA1A_X = (77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0)
MISRA1A_Y = (10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78)
THURBER_X = (
    -3.067, -2.981, -2.921, -2.912, -2.840, -2.797, -2.702, -2.699, -2.633, -2.481, -2.363, -2.322, -1.501,
    -1.460, -1.274, -1.212, -1.100, -1.046, -0.915, -0.714, -0.566, -0.545, -0.400, -0.309, -0.109, -0.103,
    0.010, 0.119, 0.377, 0.790, 0.963, 1.006, 1.115, 1.572, 1.841, 2.047, 2.200,
)  # fmt: skip
THURBER_Y = (
    80.574, 84.248, 87.264, 87.195, 89.076, 89.608, 89.868, 90.101, 92.405, 95.854, 100.696, 101.060, 401.672,
    390.724, 567.534, 635.316, 733.054, 759.087, 894.206, 990.785, 1090.109, 1080.914, 1122.643, 1178.351,
    1260.531, 1273.514, 1288.339, 1327.543, 1353.863, 1414.509, 1425.208, 1421.384, 1442.962, 1464.350,
    1468.705, 1447.894, 1457.628,
)  # fmt: skip


def fit(text, X, y, weights=None):
    task = Task(np.asarray(X, dtype=float).reshape(len(y), -1), np.asarray(y), SQUARED_ERROR, weights)
    places = np.arange(len(parse(text).constants))
    expression = most_likely(parse(text), task, places)
    return expression, uncertainty(expression, task, places)


@pytest.mark.parametrize(
    ("text", "X", "y", "certified"),
    [
        (
            "250*(1 - exp(-0.0005*x_0))",
            MISRA1A_X,
            MISRA1A_Y,
            {0: (2.3894212918e2, 2.7070075241), 2: (-5.5015643181e-4, 7.2668688436e-6)},
        ),
        (
            "(1300 + 1500*x_0 + 500*x_0**2 + 75*x_0**3)/(1 + 0.9*x_0 + 0.4*x_0**2 + 0.05*x_0**3)",
            THURBER_X,
            THURBER_Y,
            {
                0: (1.2881396800e3, 4.6647963344),
                1: (1.4910792535e3, 3.9571156086e1),
                2: (5.8323836877e2, 2.8698696102e1),
                3: (7.5416644291e1, 5.5675370270),
                5: (9.6629502864e-1, 3.1333340687e-2),
                6: (3.9797285797e-1, 1.4984928198e-2),
                7: (4.9727297349e-2, 6.5842344623e-3),
            },
        ),
    ],
    ids=["misra1a", "thurber"],
)
def test_standard_errors_are_those_that_nist_certifies(text, X, y, certified):
    task = Task(np.array(X)[:, None], np.array(y), SQUARED_ERROR)
    places = np.array(sorted(certified))
    found = uncertainty(most_likely(parse(text), task, places), task, places)
    values, errors = np.array([certified[place] for place in places.tolist()]).T
    np.testing.assert_allclose(found.values, values, rtol=1e-5)
    np.testing.assert_allclose(found.errors, errors, rtol=1e-4)


def michaelis(x, vm, km):
    return vm * x / (km + x)


@pytest.mark.parametrize("is_weighted", [False, True])
def test_covariance_is_that_of_curve_fit(is_weighted, rng):
    x = np.linspace(0.3, 9, 25)
    sigma = np.where(np.arange(25) % 2, 0.3, 0.1) if is_weighted else None
    y = michaelis(x, 12, 2) + (0.2 if sigma is None else sigma) * rng.standard_normal(25)
    _, found = fit("10.5*x_0/(1.5 + x_0)", x, y, None if sigma is None else 1 / sigma**2)
    values, covariance = optimize.curve_fit(michaelis, x, y, (10, 1.5), sigma=sigma)
    np.testing.assert_allclose(found.values, values, rtol=1e-5)
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-3)


@pytest.mark.parametrize("factor", [0.3, 1.0, 4.0])
def test_known_errors_are_taken_at_their_word(factor, rng):
    """As `curve_fit` does with `absolute_sigma`, whether the residuals are of their size or not."""
    x = np.linspace(0.3, 9, 25)
    sigma = np.where(np.arange(25) % 2, 0.3, 0.1)
    y = michaelis(x, 12, 2) + factor * sigma * rng.standard_normal(25)
    rows = np.arange(0, 25)
    weights = row_weights(None, sigma, 25)
    task = Task(x[:, None], y, SQUARED_ERROR, weights, noise=known_noise(sigma, weights, rows))
    expression = most_likely(parse("10.5123*x_0/(1.5123 + x_0)"), task)
    found = uncertainty(expression, task)
    values, covariance = optimize.curve_fit(michaelis, x, y, (10, 1.5), sigma=sigma, absolute_sigma=True)
    np.testing.assert_allclose(found.values, values, rtol=1e-5)
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-3)
    assert found.quantile(0.95) == pytest.approx(1.959964, abs=1e-5)
    far = np.array([[1e9]])
    of_one = found.of_observation(expression, far)
    assert of_one[0] == pytest.approx(np.hypot(np.median(sigma), found.of_mean(expression, far)[0]), rel=1e-6)


def test_known_errors_tell_how_sure_as_many_constants_as_rows_are():
    x, y = np.array([[1.0], [2.0]]), np.array([2.1, 3.7])
    found = uncertainty(parse("0.5123 + 1.6123*x_0"), Task(x, y, SQUARED_ERROR, noise=0.1))
    np.testing.assert_allclose(found.errors, [0.1 * math.sqrt(5), 0.1 * math.sqrt(2)])


def test_a_line_has_the_errors_and_bands_of_the_closed_form(rng):
    x = rng.uniform(0, 4, 18)
    y = 1.3 * x + 0.7 + 0.4 * rng.standard_normal(18)
    expression, found = fit("1.1*x_0 + 0.2", x, y)
    line = stats.linregress(x, y)
    np.testing.assert_allclose(found.errors, [line.stderr, line.intercept_stderr], rtol=1e-6)
    fresh = np.array([-3.0, 2.0, 11.0])
    s2 = np.sum((y - line.slope * x - line.intercept) ** 2) / 16
    of_mean = s2 * (1 / 18 + (fresh - x.mean()) ** 2 / np.sum((x - x.mean()) ** 2))
    np.testing.assert_allclose(found.of_mean(expression, fresh[:, None]), np.sqrt(of_mean), rtol=1e-6)
    of_one = found.of_observation(expression, fresh[:, None])
    np.testing.assert_allclose(of_one, np.sqrt(of_mean + s2), rtol=1e-6)
    assert found.quantile(0.95) == pytest.approx(2.1199, abs=1e-4)  # the table of Student's t, 16 degrees


def test_several_columns_have_the_errors_of_the_normal_equations(rng):
    X = rng.standard_normal((40, 3))
    y = X @ [1.0, -2.0, 0.5] + 0.3 * rng.standard_normal(40)
    _, found = fit("1.2*x_0 + 1.1*x_1 + 0.7*x_2", X, y)
    residual = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
    expected = residual @ residual / 37 * np.linalg.inv(X.T @ X)
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-6, atol=1e-12)


def test_what_the_data_leave_open_is_unknown_and_the_rest_is_not(rng):
    """Of a*b*x + c only the product matters: a and b have no errors, predictions and c have."""
    x = rng.uniform(0, 4, 30)
    y = 6 * x + 2 + 0.1 * rng.standard_normal(30)
    expression, found = fit("2.1*(3.1*x_0) + 1.5", x, y)
    assert found.errors[:2].tolist() == [math.inf, math.inf]
    assert np.isinf(found.intervals()[:2]).all()
    plain, other = fit("5.1*x_0 + 1.5", x, y)
    fresh = np.linspace(-1, 9, 5)[:, None]
    np.testing.assert_allclose(found.errors[2], other.errors[1], rtol=1e-6)
    np.testing.assert_allclose(found.of_mean(expression, fresh), other.of_mean(plain, fresh), rtol=1e-6)
    assert np.isnan(found.covariance[0]).all()


def test_predictions_that_depend_on_what_the_data_leave_open_are_unknown(rng):
    """Of a column that is zero in the data nothing is known."""
    X = np.column_stack((rng.uniform(0, 4, 30), np.zeros(30)))
    expression, found = fit("2.1*x_0 + 1.4*x_1", X, 2 * X[:, 0] + 0.1 * rng.standard_normal(30))
    of_mean = found.of_mean(expression, np.array([[1.0, 0.0], [1.0, 0.5]]))
    assert np.isfinite(of_mean[0])
    assert of_mean[1] == math.inf


def test_as_many_constants_as_rows_leave_no_noise_to_tell():
    _, found = fit("1.1*x_0 + 0.3*x_0**2 + 0.1", [1.0, 2.0, 4.0], [1.0, 3.0, 4.0])
    assert np.isnan(found.errors).all()
    assert np.isnan(found.intervals()).all()


def test_round_constants_belong_to_the_form(rng):
    expression = parse("0.5*x_0**2 + 2.718*x_0 + 3*sin(1.7123*x_0)")
    x = rng.uniform(0, 3, 50)
    task = Task(x[:, None], 0.5 * x**2 + 2.9 * x + 3 * np.sin(1.6 * x), SQUARED_ERROR)
    assert [expression.constants[place] for place in fitted_places(expression, task)] == [2.718, 1.7123]
    moved = most_likely(expression, task)
    np.testing.assert_allclose(moved.constants, (0.5, 2.9, 3, 1.6), rtol=1e-6)
    assert (moved.constants[0], moved.constants[2]) == (0.5, 3.0)


def test_limits_that_users_state_are_not_fitted(rng):
    x = np.sort(rng.uniform(0.1, 9, 40))
    shape = Shape((Tending(0, np.inf, 1078.0),), Box(np.array([0.1]), np.array([9.0])))
    y = 1078 - 900 * np.exp(-0.3 * x) + 5 * rng.standard_normal(40)
    task = Task(x[:, None], y, SQUARED_ERROR, space=SearchSpace(shape=shape))
    found = most_likely(parse("1078.0 - 899.17*exp(-0.3137*x_0)"), task)
    expected, covariance = optimize.curve_fit(lambda x, a, k: 1078 - a * np.exp(-k * x), x, y, (900, 0.3))
    assert found.constants[0] == 1078
    np.testing.assert_allclose(np.abs(found.constants[1:]), expected, rtol=1e-5)
    np.testing.assert_allclose(uncertainty(found, task).errors, np.sqrt(np.diag(covariance)), rtol=1e-3)


def test_exact_data_have_errors_at_rounding_not_zero(rng):
    x = rng.uniform(1, 5, 100)
    _, found = fit("6.6743e-11*x_0", x, 6.6743e-11 * x)
    assert 0 < found.errors[0] < 1e-9 * 6.6743e-11


def test_powers_of_zero_have_derivatives():
    x = np.array([0.0, 0.5, 1, 2, 3, 4, 5])
    y = np.array([0.1, 0.8, 1.9, 5.6, 10.5, 16.1, 22.3])
    _, found = fit("2.1*x_0**1.45", x, y)
    _, covariance = optimize.curve_fit(lambda x, a, b: a * x**b, x, y, (2, 1.4))
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-3)


def test_values_without_a_number_have_no_uncertainty():
    task = Task(np.array([[-1.0], [1.0], [2.0]]), np.array([1.0, 2.0, 3.0]), SQUARED_ERROR)
    assert uncertainty(parse("1.7*log(x_0)"), task) is None


def test_intervals_cover_what_they_promise():
    """200 tables of a saturation curve: constants, values of the curve, and new observations."""
    rng = np.random.default_rng(0)
    x, fresh = np.linspace(0.5, 10, 20), np.linspace(0.2, 12, 10)
    clean = michaelis(fresh, 12, 2)
    inside = {"constants": [], "mean": [], "observations": []}
    for _ in range(200):
        expression, found = fit("12*x_0/(2 + x_0)", x, michaelis(x, 12, 2) + 0.4 * rng.standard_normal(20))
        low, high = found.intervals().T
        inside["constants"] += [low <= (12, 2), high >= (12, 2)]
        centre = Program([expression]).values(fresh[:, None])[0]
        t = found.quantile(0.95)
        inside["mean"].append(abs(centre - clean) <= t * found.of_mean(expression, fresh[:, None]))
        observed = clean + 0.4 * rng.standard_normal(10)
        reach = t * found.of_observation(expression, fresh[:, None])
        inside["observations"].append(abs(centre - observed) <= reach)
    assert 0.93 < 2 * np.mean(inside["constants"]) - 1 < 0.97  # each side is half of it
    assert 0.92 < np.mean(inside["mean"]) < 0.98
    assert 0.93 < np.mean(inside["observations"]) < 0.97


def huber_noise(rng, n):
    """Huber's least favourable noise: normal up to 1.35, and exponential beyond."""
    inside = 1 - 2 * stats.norm.sf(1.35)
    share = inside / (inside + 2 * stats.norm.pdf(1.35) / 1.35)
    far = (1.35 + rng.exponential(1 / 1.35, n)) * rng.choice([-1, 1], n)
    near = stats.truncnorm.rvs(-1.35, 1.35, size=n, random_state=rng)
    return np.where(rng.uniform(size=n) < share, near, far)


LAWS = {
    "squared_error": (SQUARED_ERROR, lambda m, rng: m + rng.standard_normal(len(m))),
    "absolute_error": (ABSOLUTE_ERROR, lambda m, rng: m + rng.laplace(size=len(m))),
    "huber": (HUBER, lambda m, rng: m + huber_noise(rng, len(m))),
    "poisson": (POISSON, lambda m, rng: rng.poisson(m).astype(float)),
    "gamma": (GAMMA, lambda m, rng: rng.gamma(25, m / 25)),
    "custom": (Custom(lambda p, y: np.square(p - y)), lambda m, rng: m + rng.standard_normal(len(m))),
}


@pytest.mark.parametrize("law", LAWS)
def test_bands_hold_what_they_promise_for_the_noise_that_a_loss_is_made_for(law):
    loss, noisy = LAWS[law]
    rng = np.random.default_rng(0)
    inside, of_mean = [], []
    for _ in range(60):
        X, fresh = rng.uniform(0.5, 10, (2, 60, 1))
        task = Task(X, noisy(michaelis(X[:, 0], 30, 2), rng), loss)
        expression = most_likely(parse("30.1234*x_0/(2.1234 + x_0)"), task)
        found, values = uncertainty(expression, task), Program([expression]).values(fresh)[0]
        clean = michaelis(fresh[:, 0], 30, 2)
        off = np.abs(noisy(clean, rng) - values)
        inside.append(off <= found.reach_of_observation(expression, fresh))
        of_mean.append(np.abs(clean - values) <= found.quantile(0.95) * found.of_mean(expression, fresh))
    assert 0.93 <= np.mean(inside) <= 0.97
    assert 0.90 <= np.mean(of_mean) <= 0.99  # sixty curves, whose values lie inside or not together


def test_robust_losses_have_the_errors_of_m_estimates(rng):
    """Of a mean, by Huber's formula: the variance of clipped residuals over the squared share inside."""
    y = rng.standard_normal(4000)
    y[::20] += 30
    level = optimize.brentq(lambda c: np.sum(np.clip(y - c, -1.35, 1.35)), -5, 5)
    found = uncertainty(parse(repr(level)), Task(np.ones((4000, 1)), y, HUBER))
    off = y - level
    expected = np.sqrt(np.mean(np.clip(off, -1.35, 1.35) ** 2) / 4000) / np.mean(np.abs(off) < 1.35)
    assert found.errors[0] == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("loss", [HUBER, ABSOLUTE_ERROR])
def test_gross_errors_make_neither_constants_nor_bands_unsure(loss):
    """One row of twenty is a hundred standard deviations off; errors are those that repetitions show."""
    rng = np.random.default_rng(0)
    covered, reaches, errors, levels = [], [], [], []
    for _ in range(150):
        y = 3.2 + 0.1 * rng.standard_normal(200) + 10 * rng.standard_normal(200) * (rng.random(200) < 0.05)
        task = Task(np.ones((200, 1)), y, loss.with_scale_of(y - np.median(y)))
        expression = parse(repr(task.level))
        found = uncertainty(expression, task)
        low, high = found.intervals()[0]
        covered.append(low <= 3.2 <= high)
        errors.append(found.errors[0])
        levels.append(task.level)
        reaches.append(found.reach_of_observation(expression, np.ones((1, 1)))[0])
    assert 0.9 <= np.mean(covered) <= 0.99
    assert np.mean(errors) == pytest.approx(np.std(levels), rel=0.2)
    assert 0.18 < np.mean(reaches) < 0.32  # of the rows that are not far off 1.96 * 0.1 are 95 %


def test_noise_proportional_to_the_value_grows_with_it(rng):
    x = rng.uniform(1, 50, 300)
    y = 2.5 * x * (1 + 0.1 * rng.standard_normal(300))
    slope = float(np.mean(y / x))  # where the gamma deviance's gradient vanishes
    expression = parse(f"{slope!r}*x_0")
    found = uncertainty(expression, Task(x[:, None], y, GAMMA))
    assert found.errors[0] == pytest.approx(np.std(y / x, ddof=1) / math.sqrt(300), rel=1e-6)
    of_one = found.of_observation(expression, np.array([[1.0], [40.0]]))
    np.testing.assert_allclose(of_one / (slope * np.array([1.0, 40.0])), 0.1, rtol=0.15)
