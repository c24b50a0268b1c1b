"""The training command: `python -m training.main fit --config training/configs/tiny.yaml`.

`--ckpt_path last` resumes a run exactly, or starts it if there is nothing to resume. Everything a
run writes lies under its folder, `--run`. Later `--config` files override earlier ones.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from nsr.network.tokenizer import Tokenizer
from training.cost import planned
from training.data import ProblemData
from training.defaults import TRAINER_DEFAULTS
from training.last_checkpoint import LastCheckpoint
from training.module import Pretraining, TrainingError
from training.quiet import quieten
from training.run_log import RunLog


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
            kwargs["logger"] = RunLog(self._get(self.config_init, "run"))
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
    quieten()
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
