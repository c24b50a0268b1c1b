"""The training command: `python -m training.main fit --config training/configs/tiny.yaml`.

`--ckpt_path last` resumes a run exactly, or starts it if there is nothing to resume. Everything a
run writes lies under its folder, `--run`. Later `--config` files override earlier ones.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.utilities.exceptions import SIGTERMException

from nsr.network.tokenizer import Tokenizer
from training.cost import planned
from training.data import ProblemData
from training.module import Pretraining, TrainingError

# An endless stream has no epochs: steps and time say when to validate and when to stop.
TRAINER_DEFAULTS: dict[str, Any] = {
    "devices": 1,
    "precision": "bf16-mixed",
    "max_epochs": -1,
    "gradient_clip_val": 1.0,
    "log_every_n_steps": 20,
    "check_val_every_n_epoch": None,
    "val_check_interval": "00:00:10:00",
    "num_sanity_val_steps": 0,
}


class LastCheckpoint(ModelCheckpoint):
    """Keeps one checkpoint, last.ckpt, replaced atomically.

    It is written every few minutes, at the end, and when the run is interrupted or asked to stop.

    Args:
        dirpath: Folder of the checkpoint.
        every_minutes: Minutes between checkpoints.
    """

    def __init__(self, dirpath: str | None = None, every_minutes: float = 5.0) -> None:
        super().__init__(
            dirpath=dirpath,
            save_last=True,
            save_top_k=0,
            train_time_interval=timedelta(minutes=every_minutes),
            enable_version_counter=False,
        )

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Saves when it is time, but never between the batches of one accumulated step."""
        if (batch_idx + 1) % trainer.accumulate_grad_batches == 0:
            super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Saves the final state, with the validation that ended the run."""
        self._save(trainer)

    def on_exception(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002 (Lightning's signature)
        exception: BaseException,
    ) -> None:
        """Saves before an orderly stop; any other error leaves the last good checkpoint alone."""
        if isinstance(exception, KeyboardInterrupt | SIGTERMException):
            self._save(trainer)

    def _save(self, trainer: pl.Trainer) -> None:
        if self.dirpath and not trainer.fast_dev_run and trainer.global_step:  # type: ignore[attr-defined]
            trainer.save_checkpoint(Path(self.dirpath) / "last.ckpt")


class PretrainingCLI(LightningCLI):
    """LightningCLI with one folder per run, a thread count, and CSV logs unless told otherwise."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Adds `run`, `threads` and `checkpoint`."""
        parser.add_argument(
            "--run", type=str, default="runs/default", help="folder of everything the run writes"
        )
        parser.add_argument(
            "--threads", type=int, default=0, help="CPU threads of the step; 0: PyTorch's choice"
        )
        parser.add_lightning_class_args(LastCheckpoint, "checkpoint")
        parser.link_arguments("run", "trainer.default_root_dir")
        parser.link_arguments("run", "checkpoint.dirpath", compute_fn=_checkpoint_folder)
        parser.link_arguments(
            "model.network.max_variables", "model.network.vocab_size", compute_fn=_vocabulary_size
        )

    def before_instantiate_classes(self) -> None:
        """Sets the thread count, as nothing has used a thread yet."""
        threads = self._get(self.config, "threads")
        if threads:
            torch.set_num_threads(threads)

    def instantiate_trainer(self, **kwargs: Any) -> pl.Trainer:
        """Adds the CSV logger where the config names no other."""
        if self._get(self.config_init, "trainer.logger") in (None, True):
            folder = self._get(self.config_init, "run")
            kwargs["logger"] = CSVLogger(folder, name="logs", flush_logs_every_n_steps=1)
        return super().instantiate_trainer(**kwargs)

    def before_fit(self) -> None:
        """Says what the run will cost."""
        if self.trainer.is_global_zero:
            data: ProblemData = self.datamodule
            shape = self.model.model.config
            print(planned(self.trainer, shape, data.prior, data.stream.batch_size), flush=True)


def _vocabulary_size(max_variables: int) -> int:
    return Tokenizer(max_variables).vocab_size


def _checkpoint_folder(run: str) -> str:
    return str(Path(run) / "checkpoints")


def main() -> PretrainingCLI:
    """Runs the command line."""
    return PretrainingCLI(
        Pretraining,
        ProblemData,
        trainer_defaults=TRAINER_DEFAULTS | {"enable_progress_bar": sys.stderr.isatty()},
        seed_everything_default=0,
    )


if __name__ == "__main__":
    try:
        main()
    except TrainingError as error:
        sys.exit(f"training stopped: {error}")
