import numpy as np
import pytest

from nsr.data.notes import DataWarning
from nsr.ode.tables import read_trajectories

TEXT = "run,t (s),x [m],note\nNA,0,1.5,u\nb,0,2.5,v\nNA,1,3.5,w\n"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(TEXT)
    return path


def test_trajectories_are_told_apart_also_by_what_seems_missing(path):
    with pytest.warns(DataWarning, match="'note' holds text"):
        found = read_trajectories(path, "t (s)", None, "run")
    times, tables = found.times, found.states
    assert found.names.columns == ("x [m]",)
    assert [list(table.columns) for table in tables] == [["x_m"], ["x_m"]]
    np.testing.assert_array_equal(times[0], [0, 1])
    np.testing.assert_array_equal(tables[0]["x_m"], [1.5, 3.5])
    np.testing.assert_array_equal(tables[1]["x_m"], [2.5])


def test_a_row_of_units_is_passed_over_and_told(path):
    path.write_text("t,x\ns,m\n0,1\n1,2\n")
    with pytest.warns(DataWarning, match=r"line 2 .* is passed over"):
        times = read_trajectories(path, "t", None, None).times
    np.testing.assert_array_equal(times[0], [0, 1])


@pytest.mark.parametrize(
    ("time", "states", "trajectory", "message"),
    [
        ("t", None, None, "no column 't'"),
        ("t (s)", ["x"], None, r"did you mean 'x \[m\]'"),
        ("t (s)", ["t (s)", "x [m]"], None, "leave it out of --states"),
        ("t (s)", ["run"], "run", "leave it out of --states"),
        ("t (s)", None, "t (s)", "cannot both"),
        ("t (s)", ["note"], None, "'note' holds 'u' in line 2"),
    ],
)
def test_columns_that_cannot_be_used(path, time, states, trajectory, message):
    with pytest.raises(ValueError, match=message):
        read_trajectories(path, time, states, trajectory)


def test_weights_of_rows(path):
    path.write_text("t,x,w\n0,1,0.5\n1,2,2\n")
    found = read_trajectories(path, "t", None, None, weights="w")
    assert found.names.columns == ("x",)
    np.testing.assert_array_equal(found.weights[0], [0.5, 2])


def test_groups_of_trajectories(path):
    path.write_text("run,strain,t,x\n1,a,0,1\n1,a,1,2\n2,b,0,3\n2,b,1,4\n3,a,0,5\n3,a,1,6\n")
    found = read_trajectories(path, "t", ["x"], "run", category="strain")
    assert list(found.category) == ["a", "b", "a"]
    assert found.category.name == "strain"
    alone = read_trajectories(path, "t", ["x"], "strain", category="strain")
    assert [len(times) for times in alone.times] == [4, 2]
    path.write_text("run,strain,t,x\n1,a,0,1\n1,b,1,2\n")
    with pytest.raises(ValueError, match="changes within trajectory 1, which has a, b"):
        read_trajectories(path, "t", ["x"], "run", category="strain")
