"""A run's weights in parts small enough to be carried one by one, and what the run tells about itself.

Machines that are lent for minutes hand files back with limits on their size; `training.export` puts the parts
together again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

STORY = "run.json"
LARGEST_PART = 15 * 2**20
_PATTERN = "weights-*.safetensors"


def write_parts(
    folder: Path, weights: Mapping[str, Tensor], story: Mapping[str, Any], largest: int = LARGEST_PART
) -> list[Path]:
    """Writes weights in bfloat16, and the story as JSON last, so that what is incomplete has none.

    Args:
        folder: Made if absent; parts of an earlier call are replaced.
        weights: Tensors by name.
        story: Plain values.
        largest: Bytes that a part may have, unless a single tensor has more.

    Returns:
        The parts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in (folder / STORY, *folder.glob(_PATTERN)):
        old.unlink(missing_ok=True)
    parts: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, value in weights.items():
        stored = value.detach().to("cpu", torch.bfloat16).contiguous()
        if parts[-1] and size + stored.nbytes > largest:
            parts.append({})
            size = 0
        parts[-1][name] = stored
        size += stored.nbytes
    paths = [folder / f"weights-{number:02d}.safetensors" for number in range(len(parts))]
    for path, part in zip(paths, parts, strict=True):
        save_file(part, path)
    (folder / STORY).write_text(json.dumps({**story, "n_parts": len(parts)}), encoding="utf-8")
    return paths


def read_parts(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Weights and story of a folder that `write_parts` wrote.

    Raises:
        ValueError: If parts are missing.
    """
    story: dict[str, Any] = json.loads((folder / STORY).read_text(encoding="utf-8"))
    paths = sorted(folder.glob(_PATTERN))
    n_parts = story.pop("n_parts")
    if len(paths) != n_parts:
        raise ValueError(f"{folder} has {len(paths)} of {n_parts} parts; copy the others beside them")
    weights: dict[str, Tensor] = {}
    for path in paths:
        weights |= load_file(path)
    return weights, story
