import gzip
import json

import pytest

from eval.records import RESULTS, Fit, Records, read_results

FIT = Fit("I.12.1", "mean", 0.0, 1)
ROW = {"r2": 0.5, "error": None}


def test_what_was_added_is_read_back(tmp_path):
    records = Records(tmp_path, {"time_limit": 3}, Fit)
    records.add(FIT, ROW)
    records.close()
    again = Records(tmp_path, {"time_limit": 3}, Fit)
    assert again.done == {FIT}
    again.close()
    frame = read_results(tmp_path)
    assert frame.to_dict("records") == [
        {"problem": "I.12.1", "method": "mean", "noise": 0.0, "seed": 1, **ROW}
    ]


def test_a_line_that_was_being_written_is_dropped(tmp_path):
    records = Records(tmp_path, {}, Fit)
    records.add(FIT, ROW)
    records.close()
    path = tmp_path / RESULTS
    whole = path.read_bytes()
    for cut in (1, 10, len(whole) - 1):
        path.write_bytes(whole + whole[:cut])
        records = Records(tmp_path, {}, Fit)
        assert records.done == {FIT}
        records.add(Fit("other", "mean", 0.0, 1), ROW)
        records.close()
        assert [json.loads(line)["problem"] for line in path.read_text().splitlines()] == ["I.12.1", "other"]


def test_other_settings_are_refused(tmp_path):
    Records(tmp_path, {"time_limit": 3}, Fit).close()
    with pytest.raises(ValueError, match=r"time_limit was 3, is 4.*choose another --output"):
        Records(tmp_path, {"time_limit": 4}, Fit)


def test_two_runs_cannot_write_at_once(tmp_path):
    first = Records(tmp_path, {}, Fit)
    with pytest.raises(ValueError, match="another run writes"):
        Records(tmp_path, {}, Fit)
    first.close()
    Records(tmp_path, {}, Fit).close()


def test_compressed_results_are_read(tmp_path):
    line = json.dumps({"problem": "a", "r2": 1.0}) + "\n"
    (tmp_path / f"{RESULTS}.gz").write_bytes(gzip.compress(line.encode()))
    assert read_results(tmp_path)["problem"].tolist() == ["a"]


def test_missing_and_empty_results_are_errors(tmp_path):
    with pytest.raises(ValueError, match="make it with a benchmark's"):
        read_results(tmp_path)
    (tmp_path / RESULTS).write_text("")
    with pytest.raises(ValueError, match="no fit has finished"):
        read_results(tmp_path)
