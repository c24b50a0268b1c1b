"""What every run's trainer is told unless its config says otherwise."""

from __future__ import annotations

from typing import Any

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
