"""The sequence of work depends on the data and the seed alone; the clock only ends it."""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from repeat_fits import quick
from tasks import task
from untrained import save_untrained

from nsr.clock import Clock
from nsr.network.checkpoint import from_pretrained
from nsr.search.engine import Search

HELPERS = Path(__file__).parents[1] / "helpers"


def fronts(kind: str, hash_seed: int, seconds_a_look: float) -> str:
    """What `repeat_fits` finds in a process of its own."""
    done = subprocess.run(
        [sys.executable, str(HELPERS / "repeat_fits.py"), kind, str(seconds_a_look)],
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 1
    return done.stdout


@pytest.mark.integration
def test_fits_repeat_whatever_the_order_of_hashes_and_the_speed_of_the_clock(tmp_path):
    again = [{name: front} for name, front in quick(save_untrained(tmp_path / "untrained")).items()]
    assert fronts("quick", 1, 10.0).splitlines() == list(map(json.dumps, again))


@pytest.mark.slow
def test_usual_fits_repeat_in_twenty_processes():
    first = fronts("thorough", 0, 1e-3)
    for number in range(1, 20):
        assert fronts("thorough", number, 10.0 ** (number % 5 - 3)) == first


def test_a_search_that_its_time_ends_does_so_at_the_same_place(tmp_path, ticking, rng):
    """However fast a machine is that is fast enough."""
    network = from_pretrained(save_untrained(tmp_path / "untrained"))
    X = rng.uniform(1, 4, (60, 3))
    own = task(X, X[:, 0] * X[:, 1] + np.sin(X[:, 2]) + 0.1 * rng.standard_normal(60))
    runs = []
    for seconds_a_look in (1e-9, 1e-5):
        ticking(seconds_a_look)
        search = Search(own, network, 16, ("families", "separation", "reduction", "evolution"))
        runs.append(list(search.run(Clock.of(1.0).of_search())))
        assert search.ended == "time"
    assert runs[0] == runs[1]


@pytest.mark.parametrize(
    "components", [("families", "separation", "reduction"), ("network", "families", "evolution")]
)
def test_a_shorter_search_does_the_first_part_of_a_longer_one(components, tmp_path, ticking, rng):
    network = from_pretrained(save_untrained(tmp_path / "untrained"))
    X = rng.uniform(1, 4, (60, 3))
    own = task(X, X[:, 0] * X[:, 1] + np.sin(X[:, 2]) + 0.1 * rng.standard_normal(60))
    runs = []
    for limit in (0.04, 0.1, 1e9):
        ticking(1e-3)
        search = Search(own, network, 16, components)
        runs.append(list(itertools.islice(search.run(Clock.of(limit)), 30)))
    for shorter, longer in itertools.pairwise(runs):
        assert len(shorter) <= len(longer)
        assert shorter[:-1] == longer[: len(shorter) - 1]  # the last one may be cut short
    assert len(runs[0]) < len(runs[-1])
