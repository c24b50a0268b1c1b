"""The training command: configs, runs, resuming, and errors that name what is wrong."""

import csv
import errno
import logging
import math
import sys
from pathlib import Path

import lightning.pytorch as pl
import pytest
import torch
from fsspec.implementations.local import LocalFileOpener
from shrunken import SHRUNKEN

from training.main import main

CONFIGS = sorted(Path("training/configs").glob("*.yaml"))
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*`isinstance.treespec, LeafSpec.`"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*Checkpoint directory"),
    pytest.mark.filterwarnings("ignore:.*No checkpoint will be loaded"),
]


@pytest.fixture
def fit(tmp_path, monkeypatch):
    """Runs the command with shrunken data, in one folder per test."""

    def run(steps: int, *extra: str, config: Path = Path("training/configs/tiny.yaml")) -> None:
        arguments = ["fit", f"--config={config}", f"--run={tmp_path}", f"--trainer.max_steps={steps}"]
        monkeypatch.setattr(sys, "argv", ["training.main", *arguments, *SHRUNKEN, *extra])
        main()

    return run


def saved(folder: Path) -> dict:
    return torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_every_config_takes_steps_with_shrunken_data(config, fit, tmp_path):
    fit(1, config=config)
    assert saved(tmp_path)["global_step"] == 1


def test_a_run_logs_to_csv_and_resumes_from_last(fit, tmp_path):
    fit(2, "--ckpt_path=last")
    assert saved(tmp_path)["global_step"] == 2
    fit(4, "--ckpt_path=last")
    assert saved(tmp_path)["global_step"] == 4
    assert [row["step"] for row in saved(tmp_path)["nsr_run"]["history"]] == [2, 4]
    with (tmp_path / "logs" / "version_1" / "metrics.csv").open() as file:
        steps = [int(row["step"]) for row in csv.DictReader(file) if row["train_loss"]]
    assert steps == [3, 4]


def test_every_checkpoint_is_of_a_step_whose_line_is_in_the_log(fit, tmp_path, monkeypatch):
    """A run may be killed right after any of them."""
    saved_and_logged = []

    def save(trainer, path):
        with (tmp_path / "logs" / "version_0" / "metrics.csv").open() as file:
            steps = [int(row["step"]) for row in csv.DictReader(file) if row["train_loss"]]
        saved_and_logged.append((trainer.global_step, steps[-1]))

    monkeypatch.setattr(pl.Trainer, "save_checkpoint", save)
    fit(4, "--checkpoint.every_minutes=0")
    assert saved_and_logged == [(1, 1), (2, 2), (3, 3), (4, 4)]


def test_no_checkpoint_is_written_within_an_accumulated_step(fit, monkeypatch):
    batches = []
    monkeypatch.setattr(
        pl.Trainer, "save_checkpoint", lambda trainer, path: batches.append(trainer.fit_loop.total_batch_idx)
    )
    fit(2, "--checkpoint.every_minutes=0", "--trainer.accumulate_grad_batches=3")
    assert len(batches) == 2
    assert batches[0] % 3 == 0


def test_the_cost_is_said_before_the_run_starts(fit, capsys):
    fit(3)
    said = capsys.readouterr().out.splitlines()[0]
    assert "parameters" in said
    assert "24 problems" in said  # three steps of eight


def test_an_unknown_key_is_named(fit, capsys):
    with pytest.raises(SystemExit):
        fit(1, "--model.optimizer.learning_rate=1")
    assert "learning_rate" in capsys.readouterr().err


def test_a_full_disk_leaves_the_last_checkpoint_whole(fit, tmp_path, monkeypatch):
    fit(1)

    def full(self, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(LocalFileOpener, "write", full, raising=False)
    with pytest.raises(OSError, match="No space left"):
        fit(2, "--ckpt_path=last")
    assert saved(tmp_path)["global_step"] == 1


def test_tensorboard_by_config(fit, tmp_path):
    pytest.importorskip("tensorboard")
    logger = "training/configs/loggers/tensorboard.yaml"
    fit(1, f"--config={logger}", f"--trainer.logger.init_args.save_dir={tmp_path / 'board'}")
    assert list((tmp_path / "board").rglob("events.out.tfevents.*"))
    assert not (tmp_path / "logs").exists()


@pytest.mark.integration
def test_wandb_offline_by_config(fit, tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_SILENT", "true")
    logger = "training/configs/loggers/wandb.yaml"
    fit(1, f"--config={logger}", f"--trainer.logger.init_args.save_dir={tmp_path}")
    assert list((tmp_path / "wandb").glob("offline-run-*"))


def test_a_validation_before_the_first_report_has_losses(fit, tmp_path):
    fit(1, "--trainer.log_every_n_steps=20")
    (row,) = saved(tmp_path)["nsr_run"]["history"]
    assert all(math.isfinite(value) for value in row.values())
    assert {"train_loss", "val_loss"} <= set(row)


def test_nothing_is_advertised(fit, caplog, capsys):
    with caplog.at_level(logging.INFO):
        fit(1)
    assert "Tip" not in caplog.text + "".join(capsys.readouterr())
