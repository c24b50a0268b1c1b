import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from eval.ablation import VARIANTS, app, variants
from eval.report import finders
from nsr.search.settings import COMPONENTS

ROW = {
    "problem": "a", "method": "nsr", "noise": 0.0, "seed": 1, "error": None, "equation": "x_0",
    "r2": 1.0, "fvu": 0.0, "complexity": 3, "seconds": 1.0, "memory_gib": 0.5,
    "recovered": True, "symbolic": True, "by_numbers": False, "by_identities": False,
}  # fmt: skip
ROWS = [
    ROW | {"stage": "families"},
    ROW | {"problem": "b", "stage": "network"},
    ROW | {"problem": "c", "stage": "network", "symbolic": False},
    ROW | {"problem": "d", "stage": "", "symbolic": False},
    ROW | {"problem": "a", "method": "operon", "stage": None},
]


def test_every_stage_is_left_out_once():
    left_out = [set(COMPONENTS) - set(stages) for stages in VARIANTS.values()]
    assert left_out == [set(), *({stage} for stage in COMPONENTS)]


def test_finders_are_counted_with_their_solutions():
    table = finders(pd.DataFrame(ROWS)).set_index("stage")
    assert dict(table["equations"]) == {"network": 2, "families": 1}
    assert dict(table["symbolic"]) == {"network": 1, "families": 1}
    assert set(table["method"]) == {"nsr"}


def test_variants_stand_side_by_side():
    better, worse = pd.DataFrame(ROWS[:2]), pd.DataFrame(ROWS[1:3])
    table = variants({"all": better, "without families": worse}).set_index("stages")
    assert table.loc["all", "symbolic"] == pytest.approx(100)
    assert table.loc["without families", "symbolic"] == pytest.approx(50)


def test_the_report_reads_what_the_runs_wrote(tmp_path):
    for name in ("all", "without_network"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "settings.json").write_text(json.dumps({"suite": "hard", "stages": name}))
        lines = [json.dumps(row) for row in ROWS[:4]]
        (tmp_path / name / "results.jsonl").write_text("\n".join(lines) + "\n")
    result = CliRunner().invoke(app, ["report", str(tmp_path)])
    assert result.exit_code == 0, result.output
    text = (tmp_path / "ablation.md").read_text()
    assert "without network" in text
    assert "suite hard" in text
    assert "| 0 | nsr | network | 2 | 1 |" in text
