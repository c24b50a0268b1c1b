"""Searches of the page, without a browser."""

import math
import re

import numpy as np
import pytest

from nsr.app import searching
from nsr.app.examples import EXAMPLES
from nsr.app.findings import finding, live_headline, live_lines, picture, summary
from nsr.app.searching import Phase, Search
from nsr.app.wishes import FunctionWishes, TrajectoryWishes
from nsr.data.reading import read_table, table_in
from nsr.progress import FrontRow, Progress

pytestmark = pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")


class Content(Search):
    """Stops as soon as an equation is good."""

    def _watch(self, progress):
        return super()._watch(progress) or progress.unexplained < 1e-3


def searched(wishes, table):
    search = Content(wishes, table)
    search.start()
    search.join()
    return search


@pytest.fixture(scope="module")
def falling():
    """A ball that falls, measured to a centimetre or so."""
    t = np.linspace(0.5, 3, 25)
    heights = 4.905 * t**2 + np.random.default_rng(5).normal(scale=1e-2, size=25)
    rows = "".join(f"{one},{other},ball\n" for one, other in zip(t, heights, strict=True))
    wishes = FunctionWishes(
        target="fall height", features=("time",), units="time=s, fall height=m", constant_units="free"
    )
    return searched(wishes, table_in(f"time,fall height,what\n{rows}".encode(), "fall.csv"))


def test_a_search_ends_with_a_front(falling):
    assert falling.phase is Phase.FOUND
    assert falling.error == ""
    lines = falling.front
    assert [line.complexity for line in lines] == sorted(line.complexity for line in lines)
    (best,) = (line for line in lines if line.is_best)
    assert "<math>" in best.html
    assert float(best.unexplained) < 1e-6
    assert "equations" in summary(falling.job)


def test_an_equation_is_told_in_languages_that_compute_it(falling):
    found = finding(falling.job, falling.job.estimator.best_index_)
    assert found.html[0].startswith("fall height = <math>")
    names = {}
    exec(found.texts["Python"], names)
    assert math.isclose(names["f"](2.0), 4.905 * 4, rel_tol=1e-3)
    assert "4.9" in found.texts["LaTeX"]
    assert re.fullmatch(r"=.*A2.*", found.texts["Excel"])
    assert found.cells == "cells: A2 is time"
    assert found.lines[0].startswith("fall height = ")


def test_a_picture_is_a_png(falling):
    assert picture(falling.job, falling.job.estimator.best_index_).startswith(b"\x89PNG")


def test_constants_have_errors_where_rows_are_noisy(falling):
    (told,) = finding(falling.job, falling.job.estimator.best_index_).constants
    assert told["value"].startswith("4.9")
    assert "±" in told["value"]
    least, most = map(float, told["95 % interval"].split(" to "))
    assert least < 4.905 < most


def test_equations_of_motion_are_found():
    t = np.linspace(0, 4, 40)
    rows = "".join(f"{one},{2 * math.exp(-0.7 * one)}\n" for one in t)
    wishes = TrajectoryWishes(time="t", time_limit=2, max_complexity=4)
    found = searched(wishes, table_in(f"t,level\n{rows}".encode(), "decay.csv"))
    assert found.error == ""
    row = found.job.estimator.best_index_
    told = finding(found.job, row)
    assert told.lines[0].startswith("dlevel/dt = ")
    assert "0.7" in told.texts["LaTeX"]
    assert told.html[0].startswith("dlevel/dt = <math>")
    assert picture(found.job, row).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        (FunctionWishes(target="z"), "no column 'z'"),
        (FunctionWishes(target="y", units="x=m"), "unit"),
        (FunctionWishes(target="y", operators=("sine",)), "sine"),
        (FunctionWishes(target="y", time_limit=-1), "--time-limit"),
        (TrajectoryWishes(time="word"), "word"),
    ],
)
def test_what_cannot_be_done_is_said_as_the_command_says_it(wishes, message):
    found = searched(wishes, table_in(b"x,y,word\n1,2,a\n2,3,b\n3,4,c\n", "drop.csv"))
    assert found.phase is Phase.FAILED
    assert message in found.error
    assert found.job is None


def test_one_search_waits_for_another_and_may_be_stopped_meanwhile():
    search = Search(FunctionWishes(target="y"), table_in(b"x,y\n1,2\n2,3\n", "drop.csv"))
    with searching._TURN:
        search.start()
        assert search.phase is Phase.WAITING
        search.stop()
    search.join()
    assert search.error == "stopped before it began"


def test_a_search_that_is_stopped_keeps_the_best_so_far(rng, monkeypatch):
    x = rng.normal(size=(200, 3))
    rows = "".join(f"{a},{b},{c},{d}\n" for (a, b, c), d in zip(x, rng.normal(size=200), strict=True))
    search = Search(
        FunctionWishes(target="y", time_limit=600), table_in(f"a,b,c,y\n{rows}".encode(), "z.csv")
    )
    told = search._watch
    monkeypatch.setattr(search, "_watch", lambda progress: (search.stop(), told(progress))[1])
    search.start()
    search.join()
    assert search.phase is Phase.FOUND
    assert search.job.estimator.ended_ == "stopped"


def test_the_front_so_far_is_text_without_markup():
    front = (FrontRow(1, 1.0, "3"), FrontRow(3, 0.01, "2*a<b>"))
    progress = Progress("families", "2*a<b>", 0.01, 3, 7, 1.2, 30.0, front)
    lines = live_lines(progress)
    assert [line.is_best for line in lines] == [False, True]
    assert lines[1].html == "2*a&lt;b&gt;"
    assert live_headline(progress) == "families, 1 of 30 s, 7 tried, unexplained 0.01"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.file)
def test_examples_hold_what_is_asked_of_them(example):
    job = example.wishes.job(read_table(example.path))
    assert job.notes == []
