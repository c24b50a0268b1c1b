"""`nsr pde`: fields in files."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

import nsr as package


@pytest.fixture
def archive(tmp_path):
    t, x = np.linspace(0, 3, 41), np.linspace(0, 2 * np.pi, 48, endpoint=False)
    T, X = np.meshgrid(t, x, indexing="ij")
    u = np.exp(-0.3 * T) * np.cos(X) + np.exp(-1.2 * T) * np.sin(2 * X)
    noisy = u + 0.01 * np.random.default_rng(0).standard_normal(u.shape)
    path = tmp_path / "heat.npz"
    np.savez(path, heat=noisy, t=t, x=x)
    return path


def test_an_archive_is_fitted_saved_shown_and_drawn(nsr, archive, tmp_path):
    result, picture = tmp_path / "heat.json", tmp_path / "heat.png"
    code, out, err = nsr("pde", archive, "--output", result, "--plot", picture)
    assert (code, err) == (0, "")
    assert "*" in out
    assert out.splitlines()[-2].startswith("heat_t = 0.29")
    assert out.splitlines()[-1].startswith("  constants of heat_xx: 0.29")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert nsr("show", result)[1] == out
    assert nsr("show", result, "--format", "python")[1].startswith("def heat_t(heat, heat_x, heat_xx")
    assert isinstance(package.load(result), package.PDERegressor)


def test_a_long_table_says_the_same(nsr, archive, tmp_path):
    arrays = np.load(archive)
    T, X = np.meshgrid(arrays["t"], arrays["x"], indexing="ij")
    table = tmp_path / "long.csv"
    frame = pd.DataFrame({"hour": T.ravel(), "depth": X.ravel(), "heat": arrays["heat"].ravel()})
    frame.to_csv(table, index=False)
    code, out, _ = nsr("pde", table, "--time", "hour", "--x", "depth", "--equations", "3")
    assert code == 0
    assert out.splitlines()[-2:] == nsr("pde", archive)[1].splitlines()[-2:]


def test_what_cannot_be_done_is_said_in_a_line(nsr, archive, tmp_path):
    code, out, err = nsr("pde", archive, "--x", "place")
    assert (code, out) == (2, "")
    assert "no array 'place'" in err
    assert nsr("pde", archive, "--plot", tmp_path / "heat.txt")[0] == 2


def test_fields_are_simulated_from_the_first_time_of_a_file(nsr, archive, tmp_path):
    arrays, result = np.load(archive), tmp_path / "heat.json"
    T, X = np.meshgrid(arrays["t"], arrays["x"], indexing="ij")
    frame = pd.DataFrame({"hour": T.ravel(), "depth": X.ravel(), "heat": arrays["heat"].ravel()})
    table, begun = tmp_path / "long.csv", tmp_path / "begun.csv"
    frame.to_csv(table, index=False)
    assert nsr("pde", table, "--time", "hour", "--x", "depth", "--output", result)[0] == 0
    frame.assign(heat=frame["heat"].where(frame["hour"] == 0)).sample(frac=1, random_state=1).to_csv(
        begun, index=False
    )
    code, out, err = nsr("predict", result, begun)
    assert (code, err) == (0, "")
    found = pd.read_csv(io.StringIO(out))
    assert list(found) == ["hour", "depth", "heat"]
    np.testing.assert_allclose(found[["hour", "depth"]], frame[["hour", "depth"]])
    clean = np.exp(-0.3 * T) * np.cos(X) + np.exp(-1.2 * T) * np.sin(2 * X)
    np.testing.assert_allclose(found["heat"], clean.ravel(), atol=0.06)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda f: f.assign(heat=f["heat"].where(f["t"] > 0)), "at the first time"),
        (lambda f: f[f["x"] > 1], "lacks places of the fit, which has 48 along x from 0 to"),
        (lambda f: f.drop(columns="heat"), "no column 'heat'"),
    ],
)
def test_what_cannot_be_simulated_is_said_in_a_line(nsr, archive, tmp_path, change, why):
    arrays, result, table = np.load(archive), tmp_path / "heat.json", tmp_path / "table.csv"
    assert nsr("pde", archive, "--output", result)[0] == 0
    T, X = np.meshgrid(arrays["t"], arrays["x"], indexing="ij")
    frame = pd.DataFrame({"t": T.ravel(), "x": X.ravel(), "heat": arrays["heat"].ravel()})
    change(frame).to_csv(table, index=False)
    code, out, err = nsr("predict", result, table)
    assert (code, out) == (2, "")
    assert why in err
    assert err.count("\n") == 1
    assert "no bounds" in nsr("predict", result, archive, "--interval", "0.9")[2]
