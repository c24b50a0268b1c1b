"""`nsr pde`: fields in files."""

from __future__ import annotations

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
    result = tmp_path / "heat.json"
    assert nsr("pde", archive, "--output", result)[0] == 0
    code, _, err = nsr("predict", result, archive)
    assert code == 2
    assert err.count("\n") == 1
