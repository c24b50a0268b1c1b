"""Fields in files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from nsr.fields.tables import read_fields

RNG = np.random.default_rng(0)
TIMES, PLACES = np.arange(5.0), np.linspace(0, 1, 4)
FIELD = RNG.standard_normal((5, 4))


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "fields.npz"
    np.savez(path, u=FIELD, v=2 * FIELD, t=TIMES, x=PLACES, other=np.zeros(3))
    return path


@pytest.fixture
def long(tmp_path):
    T, X = np.meshgrid(TIMES, PLACES, indexing="ij")
    frame = pd.DataFrame({"when": T.ravel(), "depth": X.ravel(), "u": FIELD.ravel(), "v": 2 * FIELD.ravel()})
    path = tmp_path / "fields.csv"
    frame.sample(frac=1, random_state=0).to_csv(path, index=False)
    return path


def test_archives(archive):
    found = read_fields(archive, "t", ["x"], None, ["v"])
    assert list(found.fields) == ["u"]
    assert list(found.inputs) == ["v"]
    assert_array_equal(found.fields["u"], FIELD)
    assert_array_equal(found.axes[0], PLACES)


def test_tables_in_any_order(long):
    found = read_fields(long, "when", ["depth"], ["v"], [])
    assert_array_equal(found.fields["v"], 2 * FIELD)
    assert_array_equal(found.times, TIMES)


def test_what_is_missing_is_named(archive, long, tmp_path):
    with pytest.raises(ValueError, match="no array 'w'"):
        read_fields(archive, "t", ["x"], ["w"], [])
    with pytest.raises(ValueError, match=r"no field of the shape \(4, 5\).*u \(5, 4\)"):
        read_fields(archive, "x", ["t"], None, [])
    for given in (archive, long):
        with pytest.raises(ValueError, match="no field 'wind'"):
            read_fields(given, *(("t", ["x"]) if given == archive else ("when", ["depth"])), None, ["wind"])
    with pytest.raises(ValueError, match="a name of their own"):
        read_fields(archive, "t", ["t"], None, [])
    with pytest.raises(ValueError, match="no column 'x'"):
        read_fields(long, "when", ["x"], None, [])
    pd.read_csv(long).iloc[1:].to_csv(tmp_path / "part.csv", index=False)
    with pytest.raises(ValueError, match=r"19 rows for 5 x 4 values.*must be complete"):
        read_fields(tmp_path / "part.csv", "when", ["depth"], None, [])
    twice = pd.read_csv(long)
    pd.concat([twice, twice.iloc[:1]]).to_csv(tmp_path / "twice.csv", index=False)
    with pytest.raises(ValueError, match="two rows for one time and place"):
        read_fields(tmp_path / "twice.csv", "when", ["depth"], None, [])


def test_pickles_are_never_read(tmp_path):
    path = tmp_path / "bad.npz"
    np.savez(path, t=TIMES, x=PLACES, u=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="not an archive of arrays"):
        read_fields(path, "t", ["x"], None, [])
    path.write_bytes(b"PK\x03\x04 not one")
    with pytest.raises(ValueError, match="not an archive of arrays"):
        read_fields(path, "t", ["x"], None, [])
