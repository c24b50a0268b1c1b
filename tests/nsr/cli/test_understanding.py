"""`nsr discover` and `nsr explain`."""

import numpy as np
import pandas as pd
import pytest

UNITS = "mass (kg)=kg,height=m,energy=kg*m"


def test_statements_about_a_table(nsr, table):
    code, out, err = nsr("discover", table, "--target", "energy")
    assert code == 0
    assert "scaling: energy over mass_kg*height is constant" in out
    assert "'mass (kg)'" in err  # which is called otherwise in statements
    assert "units allow" in nsr("discover", table, "--target", "energy", "--units", UNITS)[1]


@pytest.fixture
def rows_only(monkeypatch):
    """Instead of a page the rows that it would be about; another file tests pages."""

    def explain(estimator, X, y, row, seed):
        return f"{len(y)} rows of {', '.join(X.columns)}: {estimator.equations(3)[estimator.row(row)]}"

    monkeypatch.setattr("nsr.understanding.page.explain", explain)


@pytest.fixture
def result(nsr, table, guessed, tmp_path):
    guessed("1.5*x_0*x_1")
    path = tmp_path / "result.json"
    assert nsr("fit", table, "--target", "energy", "--output", path)[0] == 0
    return path


def test_a_page_about_a_result(nsr, table, result, tmp_path, rows_only):
    page = tmp_path / "page.html"
    assert nsr("explain", result, table, "--output", page) == (0, "", "")
    assert page.read_text() == "40 rows of mass (kg), height: 2*mass_kg*height"


def test_what_cannot_be_explained_is_refused(nsr, table, result, tmp_path):
    page = tmp_path / "page.html"
    assert nsr("explain", result, table, "--output", table)[0] == 2
    assert "leave out --group" in nsr("explain", result, table, "--output", page, "--group", "a")[2]
    pd.read_csv(table).drop(columns="energy").to_csv(table, index=False)
    code, _, err = nsr("explain", result, table, "--output", page)
    assert (code, "no column 'energy'" in err) == (2, True)
    assert not page.exists()


def test_rows_that_miss_a_value_are_left_out_where_the_fit_allows_it(nsr, table, tmp_path, rows_only):
    frame = pd.read_csv(table)
    frame.loc[[3, 5], "height"] = np.nan
    frame.to_csv(table, index=False)
    path, page = tmp_path / "r.json", tmp_path / "p.html"
    words = ("--target", "energy", "--missing", "drop", "--time-limit", "1", "--output", path)
    assert nsr("fit", table, *words)[0] == 0
    code, _, err = nsr("explain", path, table, "--output", page)
    assert (code, "2 of 40 rows" in err) == (0, True)
    assert page.read_text().startswith("38 rows")


def test_of_a_fit_by_group_one_group_is_explained(nsr, tmp_path, rng, rows_only):
    frame = pd.DataFrame({"x": rng.uniform(1, 2, 60), "kind": ["a", "b"] * 30})
    frame["y"] = np.where(frame["kind"] == "a", 2.0, 5.0) * frame["x"] ** 2
    data, path, page = (tmp_path / name for name in ("t.csv", "r.json", "p.html"))
    frame.to_csv(data, index=False)
    words = ("--target", "y", "--category", "kind", "--time-limit", "1", "--output", path)
    assert nsr("fit", data, *words)[0] == 0
    code, _, err = nsr("explain", path, data, "--output", page)
    assert (code, "say which with --group" in err) == (2, True)
    assert nsr("explain", path, data, "--output", page, "--group", "b")[0] == 0
    assert page.read_text() == "30 rows of x: 5*x**2"
