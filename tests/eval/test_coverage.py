"""Coverage of intervals is counted against truths that nothing rounds."""

import json
from itertools import islice

import numpy as np
import pytest
from typer import Typer
from typer.testing import CliRunner

from eval import coverage
from eval.coverage import Coverage, fit_true_form, trials
from nsr.evaluate.program import Program
from nsr.expressions.round_numbers import nearest_fraction

SETTINGS = ((100, 0.01), (30, 0.05))


def test_trials_repeat_in_turns_and_have_no_round_constants():
    first, again = (list(islice(trials(SETTINGS), 6)) for _ in range(2))
    assert first == again
    assert [(trial.rows, trial.noise) for trial in first] == list(SETTINGS) * 3
    constants = [value for trial in first for value in trial.problem.expression.constants]
    for value in constants:
        numerator, denominator = nearest_fraction(value)
        assert value != numerator / denominator


def test_noise_is_relative_to_the_spread_of_the_target():
    trial = next(trials(SETTINGS))
    X, clean, observed = trial.fresh()
    truth = Program([trial.problem.expression]).values(X)[0]
    np.testing.assert_allclose(clean, truth)
    assert np.std(observed - clean) == pytest.approx(trial.noise * np.std(truth), rel=0.3)


def test_nearly_all_is_inside_where_the_true_form_is_fitted():
    counted = Coverage()
    for trial in islice(trials(SETTINGS), 12):
        fit_true_form(trial, counted)
    for kind in ("constants", "values", "observations"):
        assert 0.75 * counted.total[kind] <= counted.inside[kind] <= counted.total[kind]
    assert counted.total["observations"] == 200 * 12


def test_the_command_prints_shares_and_keeps_them(tmp_path):
    app = Typer()
    app.command()(coverage.main)
    kept = tmp_path / "coverage.jsonl"
    done = CliRunner().invoke(app, ["--count", "3", "--searched", "0", "--output", str(kept)])
    assert done.exit_code == 0, done.output
    assert "true form, 12 rows" in done.output
    assert "found in 0 of 0 searches" in done.output
    rows = [json.loads(line) for line in kept.read_text().splitlines()]
    observed = next(row for row in rows if (row["problems"], row["kind"]) == ("true form", "observations"))
    assert observed["of"] == 3 * 200
    assert observed["commit"]
