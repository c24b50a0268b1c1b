import json

import numpy as np
import pytest

from nsr.refinement.losses import ABSOLUTE_ERROR, GAMMA, HUBER

LAW = "2*x_0*x_1"


def law(X):
    return 2 * X[:, 0] * X[:, 1]


@pytest.mark.parametrize(("n_rows", "n_tables"), [(25, 40), (200, 10)])
def test_clean_data_give_few_warnings(reported, n_rows, n_tables):
    """Noise of one size around the law: of the reports, of a handful of checks each, hardly any warns."""
    warned = []
    for seed in range(n_tables):
        rng = np.random.default_rng([seed, n_rows])
        X = rng.uniform(1, 3, (n_rows, 3))
        y = law(X) + 0.5 * rng.standard_normal(n_rows)
        factor = (y @ law(X)) / (law(X) @ law(X))
        warned += reported(X, y, f"{2 * factor}*x_0*x_1", seed).warnings
    assert len(warned) <= n_tables // 10


FAULTS = {
    "structure": lambda X, rng: 0.5 * (X[:, 2] - 2) ** 2 + 0.1 * rng.standard_normal(len(X)),
    "spread": lambda X, rng: 0.1 * law(X) * rng.standard_normal(len(X)),
    "order": lambda X, rng: 0.1 * np.cumsum(rng.standard_normal(len(X))),
    "outliers": lambda X, rng: np.where(np.arange(len(X)) == 17, 9.0, 0.3 * rng.standard_normal(len(X))),
    "shape": lambda X, rng: 0.2 * rng.standard_t(2, len(X)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_told_by_its_name(reported, fault, rng):
    X = rng.uniform(1, 3, (200, 3))
    report = reported(X, law(X) + FAULTS[fault](X, rng), LAW)
    assert report[fault].is_warning
    assert report[fault].text in report.warnings
    assert f"! {fault}" in repr(report)


@pytest.mark.parametrize(("fault", "loss"), [("spread", "gamma"), ("outliers", "huber")])
def test_a_loss_for_such_errors_is_named(reported, fault, loss, rng):
    X = rng.uniform(1, 3, (200, 3))
    assert f"loss='{loss}'" in reported(X, law(X) + FAULTS[fault](X, rng), LAW)[fault].text


@pytest.mark.parametrize(("loss", "is_named"), [(GAMMA, True), (HUBER, False), (ABSOLUTE_ERROR, False)])
def test_a_loss_to_which_they_count_little_is_named_beside_outliers(reported, loss, is_named, rng):
    """Few rows that are far off can look like relative errors, which then are the loss."""
    X = rng.uniform(1, 3, (200, 3))
    y = law(X) + FAULTS["outliers"](X, rng)
    finding = reported(X, y, LAW, loss=loss.with_scale_of(y - law(X)))["outliers"]
    assert finding.is_warning
    assert ("huber" in finding.text) == is_named


def test_counts_are_told_of_the_loss_for_counts(reported, rng):
    """Their variance is their mean; errors that are a share of the value would grow faster."""
    x = np.repeat(np.geomspace(0.2, 200, 40), 4)[:, None]
    assert "loss='poisson'" in reported(x, rng.poisson(3 * x[:, 0]).astype(float), "3*x_0")["spread"].text
    shares = 3 * x[:, 0] * (1 + 0.1 * rng.standard_normal(160))
    assert "poisson" not in reported(x, shares, "3*x_0")["spread"].text


@pytest.mark.parametrize(("factor", "said"), [(1.0, "of the size"), (2.0, "larger"), (0.5, "smaller")])
def test_errors_that_were_given_are_compared_with_residuals(reported, factor, said, rng):
    X, errors = rng.uniform(1, 3, (200, 3)), rng.uniform(0.1, 0.4, 200)
    y = law(X) + factor * errors * rng.standard_normal(200)
    weights = errors**-2 / np.mean(errors**-2)
    noise = 1 / np.sqrt(np.mean(errors**-2))
    finding = reported(X, y, LAW, weights=weights, noise=noise)["errors"]
    chi2 = np.sum(((y - law(X)) / errors) ** 2)
    assert finding.figures["chi2_per_degree"] == pytest.approx(chi2 / 199)
    assert said in finding.text
    assert finding.is_warning == (factor != 1)
    with pytest.raises(KeyError):
        reported(X, y, LAW, weights=weights)["errors"]  # weights alone say nothing of sizes


@pytest.mark.parametrize("ended", ["time", "interrupted"])
def test_a_search_that_was_ended_is_in_doubt_only_where_something_is_left(reported, rng, ended):
    X = rng.uniform(1, 3, (200, 3))
    noise = 0.3 * rng.standard_normal(200)
    assert not reported(X, law(X) + noise, LAW, ended=ended)["search"].is_warning
    assert not reported(X, law(X), LAW, ended=ended)["search"].is_warning
    assert reported(X, law(X) + (X[:, 2] - 2) ** 2 + noise, LAW, ended=ended)["search"].is_warning


def test_the_facts_are_those_of_the_data(reported, rng):
    X = rng.uniform(1, 3, (500, 2))
    y = law(X) + 0.25 * rng.standard_normal(500)
    report = reported(X, y, LAW)
    residuals = y - law(X)
    assert report.explained == pytest.approx(1 - np.mean(residuals**2) / np.var(y))
    assert report.noise == pytest.approx(np.sqrt(residuals @ residuals / 499))
    assert report.relative_error == pytest.approx(np.median(np.abs(residuals / law(X))))
    assert (report.n_rows, report.n_columns) == (500, 2)
    assert report.search.n_tried == 1000
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False))["explained"] == report.explained
    with pytest.raises(KeyError):
        report["no such check"]


def test_rounding_errors_are_not_looked_at(reported, rng):
    X = rng.uniform(1, 3, (100, 2))
    report = reported(X, law(X), LAW)
    assert report.warnings == ()
    assert "everything" in report["explained"].text


def test_little_explained_is_told(reported, rng):
    X = rng.uniform(1, 3, (100, 2))
    y = X[:, 0] + 5 * rng.standard_normal(100)
    assert reported(X, y, "x_0")["explained"].is_warning


def test_few_rows_say_that_nothing_can_be_told(reported, rng):
    X = rng.uniform(1, 3, (6, 2))
    report = reported(X, law(X) + 0.1 * rng.standard_normal(6), LAW)
    assert "cannot be told" in report["structure"].text
    assert not report["structure"].is_warning


def test_a_constant_equation_and_a_constant_target_are_reported(reported, rng):
    X, y = rng.uniform(1, 3, (50, 2)), 5 + rng.standard_normal(50)
    report = reported(X, y, "5")
    assert report["explained"].is_warning
    assert report.columns.idle == ("x_0", "x_1")
    assert reported(X, np.full(50, 5.0), "5").warnings == ()


def test_sorted_rows_are_not_blamed_twice(reported, rng):
    X = np.sort(rng.uniform(1, 3, (100, 1)), axis=0)
    y = X[:, 0] ** 2 + 0.01 * rng.standard_normal(100)
    report = reported(X, y, "4*x_0 - 3.7")
    assert report["structure"].is_warning
    assert "sorted by x_0" in report["order"].text


def test_weights_of_rows_count(reported, rng):
    """Where errors are known to grow, and weighted, they do not grow."""
    X = rng.uniform(1, 3, (300, 2))
    y = law(X) + 0.1 * law(X) ** 2 * rng.standard_normal(300)
    assert reported(X, y, LAW)["spread"].is_warning
    assert not reported(X, y, LAW, weights=law(X) ** -4.0)["spread"].is_warning


def test_poles_in_the_data_s_box_are_told(reported, rng):
    X = rng.uniform(1, 3, (30, 1))
    X = X[np.abs(X - 2).min(axis=1) > 0.1]
    pole = reported(X, 1 / (X[:, 0] - 2), "1/(x_0 - 2)")["box"]
    assert pole.is_warning
    assert "pole" in pole.text
    # So narrow that hardly any point that is drawn from the box shows it.
    narrow = reported(X, X[:, 0], "x_0 + 0.00001/(x_0 - 2)")["box"]
    assert narrow.is_warning
    peak = reported(X, X[:, 0], "x_0 + 1000*exp(-900*(x_0 - 2)**2)")["box"]
    assert "far beyond" in peak.text
    assert reported(X, np.sqrt(np.abs(X[:, 0] - 2)), "sqrt(abs(x_0 - 2))")["box"].is_warning is False
    outside = X[X[:, 0] > 2]
    both = np.vstack((outside, -outside))
    assert "no value" in reported(both, np.log(both[:, 0] ** 2 - 1), "log(x_0**2 - 1)")["box"].text


def test_a_table_in_which_nothing_varies_has_a_report(reported, rng):
    report = reported(np.zeros((20, 1)), rng.normal(size=20), "0.1")
    assert "residuals show no structure" in str(report)
