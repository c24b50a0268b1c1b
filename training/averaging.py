"""Averaged weights: what is validated, saved for export, and left when training ends."""

from __future__ import annotations

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor


class AveragedWeights(WeightAveraging):
    """An exponential average of the weights over steps, which soon forgets the initial ones.

    After step n the average keeps the share min(decay, n / (n + 9)) of what it was: it looks back over at
    most a tenth of the run.

    Args:
        decay: Largest share that is kept.
    """

    def __init__(self, decay: float) -> None:
        super().__init__(use_buffers=False, multi_avg_fn=self._average)
        self.decay = decay
        self._is_swapped = False

    def _average(self, averages: list[Tensor], weights: list[Tensor], n_averaged: Tensor | int) -> None:  # noqa: ARG002
        # The callback's own count of steps lies on the host, so that nothing waits for the device.
        n = self._latest_update_step + 1
        torch._foreach_lerp_(averages, weights, 1 - min(self.decay, n / (n + 9)))

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Keeps the count of updates on the host, where it is looked at."""
        super().setup(trainer, pl_module, stage)
        if self._average_model is not None:
            self._average_model.n_averaged = self._average_model.n_averaged.cpu()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Leaves the weights as they are, as the last checkpoint is yet to be written."""

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Leaves the averaged weights in the network."""
        self._copy_average_to_current(pl_module)

    def on_exception(
        self,
        trainer: pl.Trainer,  # noqa: ARG002 (Lightning's signature)
        pl_module: pl.LightningModule,
        exception: BaseException,  # noqa: ARG002 (Lightning's signature)
    ) -> None:
        """Puts the weights back if a validation was interrupted, before a checkpoint is written."""
        if self._is_swapped:
            self._swap_models(pl_module)

    def _swap_models(self, pl_module: pl.LightningModule) -> None:
        super()._swap_models(pl_module)
        self._is_swapped = not self._is_swapped
