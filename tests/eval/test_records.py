import gzip
import importlib.metadata
import json

import pytest

from eval.records import RESULTS, Fit, Records, read_results, write_rows

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


def test_rows_written_at_one_go_say_what_made_them_and_replace_what_was_there(tmp_path):
    path = tmp_path / "new" / "rows.jsonl"
    rows = [{"method": "ours", "error": float("nan")}, {"method": "theirs", "error": 0.5}]
    write_rows(path, rows)
    write_rows(path, rows, {"ours": None, "theirs": "scipy"}.get)
    first, second = map(json.loads, path.read_text().splitlines())
    assert first["error"] is None
    assert second["error"] == 0.5
    assert "scipy" not in first["versions"]
    assert f"scipy {importlib.metadata.version('scipy')}" in second["versions"]
    assert first["commit"] == second["commit"] != ""
    assert [one.name for one in path.parent.iterdir()] == ["rows.jsonl"]


def test_rows_that_json_does_not_know_lose_nothing_of_before(tmp_path):
    path = tmp_path / "rows.jsonl"
    write_rows(path, [{"value": 1}])
    before = path.read_bytes()
    with pytest.raises(TypeError, match="JSON"):
        write_rows(path, [{"value": object()}])
    assert path.read_bytes() == before
