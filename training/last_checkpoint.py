"""The checkpoint that a run goes on from, and how a run is asked to stop."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities.exceptions import SIGTERMException


class LastCheckpoint(ModelCheckpoint):
    """Keeps one checkpoint, last.ckpt, replaced atomically.

    It is written every few minutes, at the end, and when the run is interrupted or asked to stop by SIGTERM.
    One rank's wish is enough to stop: before each step, and each batch of validation, all ranks hear of it,
    so that all save and end at the same place. Lightning's own handler waits for the other ranks inside the
    signal, where they never answer.

    Args:
        dirpath: Folder of the checkpoint.
        every_minutes: Minutes between checkpoints.
    """

    def __init__(self, dirpath: str | None = None, every_minutes: float = 5.0) -> None:
        super().__init__(
            dirpath=dirpath,
            save_last=True,
            save_top_k=0,
            every_n_epochs=0,  # this class says when
            enable_version_counter=False,
        )
        self._every_seconds = 60 * every_minutes
        self._saved_at = 0.0
        self._is_asked_to_stop = False

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Starts the clock, and replaces Lightning's handler, which it puts back itself at the end."""
        self._saved_at = time.monotonic()
        self._is_asked_to_stop = False
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._ask_to_stop)

    def on_train_batch_start(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002 (Lightning's signature)
        batch: Any,  # noqa: ARG002
        batch_idx: int,
    ) -> None:
        """Saves when it is time, and stops when asked to, but never between the batches of one step.

        The step before is over by now: its line is in the log, and no killed run can have a checkpoint of a
        step that its log lacks.

        Raises:
            SIGTERMException: On every rank, if any was asked to stop.
        """
        if batch_idx % trainer.accumulate_grad_batches:
            return
        # The first rank's clock decides.
        is_due = trainer.is_global_zero and time.monotonic() - self._saved_at > self._every_seconds
        if not _any(trainer, self._is_asked_to_stop or is_due):
            return
        self._stop_if_asked(trainer)
        self._save(trainer)

    def on_validation_batch_start(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002 (Lightning's signature)
        batch: Any,  # noqa: ARG002
        batch_idx: int,  # noqa: ARG002
        dataloader_idx: int = 0,  # noqa: ARG002
    ) -> None:
        """Stops when asked to, as a validation may outlast the time that is left.

        Raises:
            SIGTERMException: On every rank, if any was asked to stop.
        """
        self._stop_if_asked(trainer)

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

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 (a handler's signature)
        self._is_asked_to_stop = True

    def _stop_if_asked(self, trainer: pl.Trainer) -> None:
        if _any(trainer, self._is_asked_to_stop):
            raise SIGTERMException

    def _save(self, trainer: pl.Trainer) -> None:
        if self.dirpath and not trainer.fast_dev_run and trainer.global_step:  # type: ignore[attr-defined]
            trainer.save_checkpoint(Path(self.dirpath) / "last.ckpt")
        self._saved_at = time.monotonic()


def _any(trainer: pl.Trainer, wish: bool) -> bool:
    """Whether any rank has a wish; every rank must ask."""
    return bool(trainer.strategy.reduce_boolean_decision(wish, all=False))
