"""Learning curves: read whole from the logs of a run and its resumptions, drawn as a PNG."""

import sys

import pandas as pd
import pytest
import torch
import typer

from training.curve import draw_curves, main, read_curve
from training.module import RUN_KEY

FIRST = """samples,step,train_loss,val_loss,val_recovered
100,10,5.0,,
200,20,4.0,,
,25,,4.2,0.25
300,30,3.0,,
"""
SECOND = """samples,step,train_loss,train_loss_number,val_loss
210,21,3.9,2.0,
400,40,2.0,1.0,
"""


@pytest.fixture
def run(tmp_path):
    for version, text in ((2, FIRST), (10, SECOND)):
        folder = tmp_path / "run" / "logs" / f"version_{version}"
        folder.mkdir(parents=True)
        (folder / "metrics.csv").write_text(text)
    return tmp_path / "run"


def test_a_later_part_replaces_what_it_repeats(run):
    rows = read_curve(run)
    assert rows["samples"].tolist() == [100, 200, 210, 400]
    assert rows["train_loss"].tolist() == [5.0, 4.0, 3.9, 2.0]


def test_a_validation_gets_the_samples_of_its_step(run):
    rows = read_curve(run / "logs" / "version_2" / "metrics.csv")
    assert rows["samples"].tolist() == [100, 200, 250, 300]
    assert rows["val_recovered"].dropna().tolist() == [0.25]


def test_without_csv_logs_the_checkpoint_tells(tmp_path):
    history = [{"step": 4, "samples": 32, "val_loss": 2.0}]
    torch.save({RUN_KEY: {"history": history}}, tmp_path / "last.ckpt")
    assert read_curve(tmp_path / "last.ckpt").to_dict("records") == history


def test_several_runs_share_a_picture(run, tmp_path):
    other = run / "logs" / "version_2" / "metrics.csv"
    main([run, other], tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(typer.BadParameter, match="holds no checkpoint"):
        main([tmp_path], tmp_path / "curve.png")
    torch.save({RUN_KEY: {"history": []}}, tmp_path / "young.ckpt")
    with pytest.raises(typer.BadParameter, match="logged nothing yet"):
        main([tmp_path / "young.ckpt"], tmp_path / "curve.png")


def test_without_matplotlib_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ValueError, match=r"pip install .*plots"):
        draw_curves({"run": pd.DataFrame()}, tmp_path / "curve.png")
