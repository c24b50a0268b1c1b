import json
from pathlib import Path

import pytest

from eval.refinement import main
from nsr.problems.suites import load

RESULTS = Path(__file__).parents[2] / "eval" / "results" / "refinement.jsonl"


@pytest.mark.parametrize("name", ["I.12.1", "III.8.54"])
def test_the_command_finds_again_what_is_among_the_results(monkeypatch, tmp_path, name):
    """A product, whatever the method, and a frequency near 2 pi, which random starts miss."""
    problems = [problem for problem in load("feynman") if problem.name == name]
    monkeypatch.setattr("eval.refinement.load", lambda _: problems)
    main(restarts="1", output=tmp_path / "rows.jsonl")
    again, kept = (
        {
            (row["form"], row["method"]): name in row["failed"]
            for row in map(json.loads, path.read_text().splitlines())
            if row["restarts"] == 1
        }
        for path in (tmp_path / "rows.jsonl", RESULTS)
    )
    assert again == kept
