"""The learning rate over a budget of steps or of time: warm-up, constant, and linear decay if asked for."""

from __future__ import annotations

from dataclasses import dataclass

from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import Timer


@dataclass(frozen=True)
class Schedule:
    """Warm-up, constant, linear decay (arXiv:2405.18392).

    Attributes:
        warmup_steps: Steps over which the rate rises linearly from zero.
        decay_share: Last part of the budget, over which the rate falls linearly to zero; 0 keeps
            it constant.
    """

    warmup_steps: int = 500
    decay_share: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.decay_share <= 1:
            raise ValueError(f"decay_share {self.decay_share} must lie between 0 and 1")

    def factor(self, step: int, done: float) -> float:
        """Share of the peak rate.

        Args:
            step: Optimiser steps taken.
            done: Share of the budget that is spent, 0 to 1.
        """
        rise = min(1.0, (step + 1) / max(self.warmup_steps, 1))
        left = max(0.0, 1.0 - done)
        return rise * (min(1.0, left / self.decay_share) if self.decay_share else 1.0)


def share_done(trainer: Trainer) -> float:
    """Share of the run's budget that is spent: of `max_steps` or of `max_time`, whichever is further.

    Time counts over interruptions, as the trainer's timer is part of the checkpoint. All ranks get
    rank 0's answer. Without a budget nothing is ever done.
    """
    by_steps = trainer.global_step / trainer.max_steps if trainer.max_steps > 0 else 0.0
    timer = next((c for c in trainer.callbacks if isinstance(c, Timer)), None)  # type: ignore[attr-defined]
    remaining = timer.time_remaining() if timer else None
    if timer is None or remaining is None:
        return by_steps
    elapsed = timer.time_elapsed()
    by_time: float = trainer.strategy.broadcast(elapsed / max(elapsed + remaining, 1e-9))
    return max(by_steps, by_time)
