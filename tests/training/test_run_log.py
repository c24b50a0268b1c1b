"""The log of a run loses no line, whenever the run is killed."""

import csv

import numpy as np
import pandas as pd
import pytest

from training.run_log import RunLog


def test_lines_are_in_the_file_at_once_and_new_columns_are_added(tmp_path):
    log = RunLog(str(tmp_path))
    rows = [{"loss": 3.0}, {"loss": 2.0, "rate": 0.5}, {"loss": 1.0}]
    for step, row in enumerate(rows, 1):
        log.log_metrics(row, step)
        written = pd.read_csv(tmp_path / "logs" / "version_0" / "metrics.csv")
        expected = pd.DataFrame(rows[:step]).assign(step=np.arange(1, step + 1))
        pd.testing.assert_frame_equal(written, expected[sorted(expected.columns)])


def test_a_run_that_is_killed_while_a_column_is_added_keeps_its_log(tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    def killed(*_):
        raise Killed

    log = RunLog(str(tmp_path))
    log.log_metrics({"loss": 3.0}, 1)
    path = tmp_path / "logs" / "version_0" / "metrics.csv"
    before = path.read_bytes()
    monkeypatch.setattr(csv.DictWriter, "writerows", killed)
    with pytest.raises(Killed):
        log.log_metrics({"loss": 2.0, "val_loss": 2.5}, 2)
    assert path.read_bytes() == before
