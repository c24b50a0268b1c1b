"""Reads the checkpoint of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from training.module import RUN_KEY


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The last checkpoint of a run.

    Args:
        path: A run's folder, or a checkpoint file.

    Raises:
        ValueError: If there is no checkpoint, or it is not of a run of this repository.
    """
    file = path if path.is_file() else path / "checkpoints" / "last.ckpt"
    if not file.is_file():
        raise ValueError(f"{path} holds no checkpoint; give a run's folder or a .ckpt file")
    checkpoint: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
    if RUN_KEY not in checkpoint:
        raise ValueError(f"{file} was not written by training.main")
    return checkpoint
