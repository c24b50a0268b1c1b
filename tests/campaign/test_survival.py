"""Processes that are killed, at any moment: what was on disk stays whole, and the next run goes on."""

import itertools
import json
import multiprocessing
import os
import signal

import numpy as np
import pandas as pd
import pytest
import torch
from campaign import share_of
from shrunken import SHRUNKEN
from victims import fit, killed_after, record, seconds_of, started, train

import nsr
from eval.records import RESULTS, read_results

pytestmark = pytest.mark.campaign


@pytest.fixture
def moments():
    """Moments of a run of some seconds, more of them near its end, where things are written."""

    def drawn(n: int, seconds: float) -> list[float]:
        return (seconds * np.random.default_rng(0).beta(2, 1, n)).tolist()

    return drawn


def test_a_fit_that_is_killed_leaves_a_whole_result_or_that_of_before(tmp_path, moments):
    table, output = tmp_path / "table.csv", tmp_path / "result.json"
    table.write_text("x,y\n" + "\n".join(f"{x},{2 * x + 1}" for x in range(12)))
    seconds = [seconds_of(fit, table, output) for _ in range(2)][1]  # the first one loads everything
    whole = output.read_bytes()
    for place, latest in enumerate(moments(share_of(1, 50), seconds)):
        if place % 2:
            output.unlink()
        else:
            output.write_bytes(whole)
        moments_before = (latest / 2**n for n in itertools.count())  # it may be quicker than the one before
        assert any(killed_after(moment, fit, table, output) for moment in moments_before)
        if output.exists():
            assert nsr.load(output).expressions_
        left = {path.name for path in tmp_path.iterdir()} - {table.name, output.name}
        assert all(name.startswith(f".{output.name}-") for name in left)
        output.touch()
    output.unlink()
    seconds_of(fit, table, output)
    assert nsr.load(output).predict(pd.DataFrame({"x": [3.0]})) == pytest.approx(7)


def test_no_fit_of_a_benchmark_that_is_killed_is_lost_or_repeated(tmp_path, moments):
    n_fits, done = 2_000, []
    for moment in [*moments(share_of(1, 20), 1.0), None]:
        ours, theirs = multiprocessing.Pipe(duplex=False)
        process = started(record, tmp_path, n_fits, theirs)
        theirs.close()
        while moment is not None and not ours.poll(moment) and process.is_alive():
            pass  # what it loads takes longer than that
        if moment is not None:
            process.join(moment)
            if process.exitcode is None:
                os.kill(process.pid, signal.SIGKILL)
        try:
            while True:
                done.append(ours.recv())
        except (EOFError, OSError):
            process.join()
    assert len(done) == len(set(done))
    rows = [json.loads(line) for line in (tmp_path / RESULTS).read_text().splitlines()]
    assert sorted(row["seed"] for row in rows) == list(range(n_fits))
    assert len(read_results(tmp_path)) == n_fits


def test_a_training_that_is_killed_goes_on_from_its_last_step(tmp_path, moments):
    last = tmp_path / "checkpoints" / "last.ckpt"
    n_steps = share_of(3, 60)
    words = [f"--trainer.max_steps={n_steps}", *SHRUNKEN]
    steps = [0]
    for moment in moments(share_of(1, 30), 10.0):
        killed_after(moment, train, tmp_path, words)
        if last.exists():
            steps.append(torch.load(last, weights_only=True)["global_step"])
    assert steps == sorted(steps)
    seconds_of(train, tmp_path, words)
    assert torch.load(last, weights_only=True)["global_step"] == n_steps
