"""Pretraining as a LightningModule: loss, optimiser, schedule, validation, and what a run remembers."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn

from nsr.network.checkpoint import from_pretrained
from nsr.network.config import ModelConfig
from nsr.network.model import Attention, FeedForward, Model
from nsr.network.tokenizer import Tokenizer
from training.averaging import AveragedWeights
from training.development import DevelopmentConfig, evaluate, evaluate_classical
from training.loss import Losses, TokenLoss, mean_by_kind
from training.metadata import describe_hardware
from training.optimizer import Joined, muon_and_adamw
from training.schedule import Schedule, share_done
from training.stream import Batch
from training.transfer import transferred

RUN_KEY = "nsr_run"


class TrainingError(RuntimeError):
    """Training cannot go on; the message says why and what to change."""


@dataclass(frozen=True)
class OptimizerConfig:
    """Muon and AdamW, the average of the weights, and safeguards.

    Attributes:
        lr: Peak learning rate of both; Muon's updates are as large as AdamW's.
        momentum: Decay of Muon's average of gradients.
        betas: Decay of AdamW's two moment averages.
        weight_decay: Applied to matrices only, not to biases and norms.
        average_decay: Decay of the average of the weights over steps.
        max_skipped: Steps in a row with a non-finite gradient, each skipped, after which training stops.
    """

    lr: float = 2e-3
    momentum: float = 0.95
    betas: tuple[float, float] = (0.9, 0.95)
    weight_decay: float = 0.1
    average_decay: float = 0.999
    max_skipped: int = 50


def optimizer_of(model: Model, config: OptimizerConfig) -> Joined:
    """Muon for the matrices of hidden layers, AdamW for embeddings, inputs, outputs, biases and norms."""
    return muon_and_adamw(
        model,
        (Attention, FeedForward),
        lr=config.lr,
        betas=config.betas,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
    )


class Pretraining(pl.LightningModule):
    """Trains the network to write each problem's equation, token by token.

    Args:
        network: Shape of the network.
        optimizer: The optimiser, the average of the weights, and safeguards.
        schedule: The learning rate over the run's budget.
        development: Effort spent on validation.
        init_from: Name or folder of a checkpoint to start from, with a fresh optimiser; its shape
            replaces `network`, unless it reads other inputs: then what fits is carried over.
        compile_network: Whether torch.compile fuses the training step.
    """

    skipped: Tensor
    skipped_in_a_row: Tensor

    def __init__(
        self,
        network: ModelConfig,
        optimizer: OptimizerConfig = OptimizerConfig(),
        schedule: Schedule = Schedule(),  # noqa: B008 (frozen)
        development: DevelopmentConfig = DevelopmentConfig(),  # noqa: B008 (frozen)
        init_from: str | None = None,
        compile_network: bool = False,
    ) -> None:
        super().__init__()
        pretrained = None if init_from is None else from_pretrained(init_from)
        if pretrained is None:
            self.tokenizer = Tokenizer(network.max_variables)
            self.model = Model(network)
        elif pretrained.config.n_targets != network.n_targets:
            self.tokenizer = Tokenizer(network.max_variables)
            self.model = transferred(pretrained, network)
        else:
            self.tokenizer = pretrained.tokenizer
            self.model = pretrained.model.float().train()
        self.token_loss = TokenLoss(self.tokenizer)
        self.optimizer_config = optimizer
        self.schedule = schedule
        self.development = development
        self.init_from = init_from
        if compile_network:
            self.model.compile(dynamic=True)
        self.samples_seen = 0
        self._pending = 0  # samples of batches whose gradient no step has used yet
        self._seconds_before = 0.0
        self._started: float | None = None
        self.history: list[dict[str, float]] = []
        self.register_buffer("skipped_in_a_row", torch.zeros(()), persistent=False)
        self.register_buffer("skipped", torch.zeros(()))
        self._reported = 0
        self._window = _Window()

    @property
    def seconds(self) -> float:
        """Wall time spent in training so far, over all interruptions."""
        return self._seconds_before + (time.monotonic() - self._started if self._started else 0.0)

    # The step

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:  # noqa: ARG002 (Lightning's signature)
        """Loss of one batch, in nats per token."""
        tokens = batch["tokens"]
        n_samples = len(tokens) * self.trainer.world_size
        self._pending += n_samples
        logits = self.model(batch["X"], batch["y"], batch["n_variables"], tokens[:, :-1])
        losses: Losses = self.token_loss(logits, tokens[:, 1:])
        self._window.add(losses, n_samples)
        return losses.mean

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """That of `optimizer_of`."""
        return optimizer_of(self.model, self.optimizer_config)

    def configure_callbacks(self) -> list[pl.Callback]:
        """The average of the weights, which validation and export take."""
        return [AveragedWeights(self.optimizer_config.average_decay)]

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,  # noqa: ARG002 (Lightning's signature)
    ) -> None:
        """Clips by the total norm, sets the learning rate, and marks a non-finite step for skipping.

        The norm is that of the gradients all ranks agreed on, so all ranks skip together; the
        optimiser reads the mark on its device, so nothing waits for it.
        """
        limit = float("inf") if gradient_clip_val is None else gradient_clip_val
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), limit)
        bad = (~torch.isfinite(norm)).float()
        optimizer.found_inf = bad  # type: ignore[attr-defined]
        self.skipped += bad
        self.skipped_in_a_row.add_(1).mul_(bad)
        self.samples_seen, self._pending = self.samples_seen + self._pending, 0
        factor = self.schedule.factor(self.trainer.global_step, share_done(self.trainer))
        for group in optimizer.param_groups:
            group["lr"] = self.optimizer_config.lr * factor

    def on_train_start(self) -> None:
        """Starts the clocks."""
        self._started = time.monotonic()
        self._window = _Window()

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:  # noqa: ARG002
        """At times reports."""
        step = self.trainer.global_step
        if step == self.trainer.max_steps:
            self.trainer.should_stop = True  # ends the epoch the way a time limit does: with a validation
        if step % self.trainer.log_every_n_steps == 0 and step != self._reported:  # type: ignore[attr-defined]
            self._reported = step
            self._report(step)

    def _report(self, step: int) -> None:
        self._stop_if_hopeless()
        figures = self._window.close()
        shown = {name: figures[name] for name in ("train_loss", "samples/s")}
        self.log_dict(shown, prog_bar=True, logger=False)
        rate = self.trainer.optimizers[0].param_groups[0]["lr"]
        extra = {"lr": rate, "samples": self.samples_seen, "skipped": float(self.skipped)}
        for logger in self.loggers:
            logger.log_metrics(figures | extra, step=step)

    def _stop_if_hopeless(self) -> None:
        limit = self.optimizer_config.max_skipped
        if float(self.skipped_in_a_row) >= limit:
            raise TrainingError(
                f"the gradient was not finite for {limit} steps in a row: lower model.optimizer.lr, or "
                "train in float32 (trainer.precision: 32-true); the last checkpoint is intact"
            )

    # Validation

    def validation_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:  # noqa: ARG002
        """Measures one batch in float32: of the development set, then of the classical suites."""
        measure = (evaluate, evaluate_classical)[dataloader_idx]
        with torch.autocast(self.device.type, enabled=False):
            figures = measure(self.model, self.tokenizer, batch, self.development)
        for name, figure in figures.items():
            self.log(
                f"val_{name}",
                figure.mean,
                batch_size=figure.weight,
                on_epoch=True,
                logger=False,
                sync_dist=True,
                add_dataloader_idx=False,
            )

    def on_validation_epoch_end(self) -> None:
        """Adds a row to the learning curve."""
        if self.trainer.sanity_checking:
            return
        figures = {k: float(v) for k, v in self.trainer.callback_metrics.items() if k.startswith("val_")}
        row = {"step": self.trainer.global_step, "samples": self.samples_seen, "minutes": self.seconds / 60}
        row |= self._window.losses() | figures
        self.history.append(row)
        for logger in self.loggers:
            logger.log_metrics(
                figures | {k: row[k] for k in ("samples", "minutes")}, step=self.trainer.global_step
            )
        if self.trainer.is_global_zero:
            print(" | ".join(f"{name} {value:.4g}" for name, value in row.items()), flush=True)

    def on_validation_end(self) -> None:
        """Keeps validation out of the training rate."""
        self._window.restart_clock()

    # What a run remembers

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds what export needs: shape, vocabulary size and the run's story, all plain values."""
        checkpoint[RUN_KEY] = {
            "network": asdict(self.model.config),
            "optimizer": asdict(self.optimizer_config) | {"betas": list(self.optimizer_config.betas)},
            "schedule": asdict(self.schedule),
            "development": asdict(self.development),
            "data": _data_configuration(self.trainer),
            "init_from": self.init_from,
            "precision": str(self.trainer.precision),
            "hardware": describe_hardware(self.trainer.world_size, self.device),
            "samples_seen": self.samples_seen,
            "seconds": self.seconds,
            "step": self.trainer.global_step,
            "skipped": int(self.skipped),
            "history": self.history,
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Takes up the counts where the checkpoint left them.

        Raises:
            TrainingError: If the checkpoint is of a network of another shape or vocabulary.
        """
        run = checkpoint[RUN_KEY]
        ours = asdict(self.model.config)
        if other := {name: value for name, value in run["network"].items() if ours.get(name) != value}:
            own = {name: ours.get(name) for name in other}
            raise TrainingError(
                f"the checkpoint's network has {other}, this run's has {own}: resume with the config the "
                "run began with, or start another in a new --run folder"
            )
        self.samples_seen, self._seconds_before = run["samples_seen"], run["seconds"]
        self.history = list(run["history"])


def _data_configuration(trainer: pl.Trainer) -> dict[str, Any]:
    data = trainer.datamodule  # type: ignore[attr-defined]
    if not data:
        return {}
    kind = "functions" if data.systems is None else "systems"
    return {kind: asdict(data.prior), "stream": asdict(data.stream)}


class _Window:
    """Mean losses and rate since the last report, without a look at the device in between."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}
        self._losses: list[Losses] = []
        self.restart_clock()

    def add(self, losses: Losses, n_samples: int) -> None:
        self._losses.append(replace(losses, mean=losses.mean.detach()))
        self._timed_samples += n_samples

    def losses(self) -> dict[str, float]:
        """Of the window; of the one before, if nothing has come since it was closed."""
        if not self._losses:
            return self._last
        mean = torch.stack([losses.mean for losses in self._losses]).mean()
        sums = torch.stack([losses.sums for losses in self._losses]).sum(0)
        counts = torch.stack([losses.counts for losses in self._losses]).sum(0)
        by_kind = {f"train_loss_{kind}": nats for kind, nats in mean_by_kind(sums, counts).items()}
        return {"train_loss": float(mean)} | by_kind

    def close(self) -> dict[str, float]:
        seconds = time.monotonic() - self._since
        self._last = self.losses()
        rate = self._timed_samples / max(seconds, 1e-9)
        self._losses = []
        self.restart_clock()
        return self._last | {"samples/s": rate}

    def restart_clock(self) -> None:
        self._since = time.monotonic()
        self._timed_samples = 0
