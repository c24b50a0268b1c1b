"""Checkpoints: a folder with config.json, tokenizer.json and model.safetensors."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from safetensors import SafetensorError, safe_open

from nsr.expressions.operators import OPERATORS
from nsr.network.config import ModelConfig
from nsr.network.devices import fastest_dtype, find_device
from nsr.network.tokenizer import FILE_NAME, Tokenizer

if TYPE_CHECKING:
    import torch

    from nsr.network.model import Model

DEFAULT_CHECKPOINT = "nsr-small"
CONFIG, WEIGHTS = "config.json", "model.safetensors"
FORMAT = "nsr-1"

Subject = Literal["functions", "systems"]

_PACKAGE = Path(__file__).parents[1]
# Shipped checkpoints lie inside the package in a wheel, beside it in a clone.
_SHELVES = (_PACKAGE / "checkpoints", _PACKAGE.parent / "checkpoints")


class CheckpointError(ValueError):
    """A folder is not a checkpoint that this version can load; the message says why."""


@dataclass(frozen=True)
class Pretrained:
    """A network that is loaded when it is first asked; many a search ends before, and PyTorch takes seconds.

    Attributes:
        load: Loads the network.
        tokenizer: Its vocabulary.
        config: Its shape.
        name: The name or folder it was loaded from.
        metadata: What config.json tells about its training.
    """

    load: Callable[[], Model]
    tokenizer: Tokenizer
    config: ModelConfig
    name: str
    metadata: dict[str, Any]

    @cached_property
    def model(self) -> Model:
        """The network, in evaluation mode, in the type that its device multiplies fastest."""
        return self.load()

    def check_variables(self, n_variables: int) -> None:
        """Raises where a table has more columns than the network knows.

        Raises:
            ValueError: If so.
        """
        most = self.config.max_variables
        if n_variables > most:
            raise ValueError(
                f"the network knows {most} variables, the data have {n_variables}; choose the relevant ones"
            )


def save_pretrained(
    folder: str | Path,
    model: Model,
    tokenizer: Tokenizer,
    dtype: torch.dtype | None = None,
    metadata: dict[str, Any] | None = None,
) -> None:
    """Writes a checkpoint; each file is replaced as a whole, so a failed write leaves the old one.

    Args:
        folder: Made if absent.
        model: The network.
        tokenizer: Its vocabulary.
        dtype: Type of the stored weights; bfloat16 by default.
        metadata: Plain values about the training, kept in config.json.
    """
    import torch
    from safetensors.torch import save_file

    dtype = torch.bfloat16 if dtype is None else dtype
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    config = {
        "format": FORMAT,
        "model": asdict(model.config),
        "operators": {name: OPERATORS[name].arity for name in tokenizer.operators},
        "metadata": metadata or {},
    }
    weights = {
        name: value.detach().to("cpu", dtype).contiguous() for name, value in model.state_dict().items()
    }
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
        partial = Path(scratch)
        (partial / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        tokenizer.save(partial)
        save_file(weights, partial / WEIGHTS)
        for file in sorted(partial.iterdir()):
            file.chmod(0o644)
            file.replace(target / file.name)


def from_pretrained(
    name_or_folder: str | Path, device: str = "cpu", knows: Subject | None = None
) -> Pretrained:
    """Opens a checkpoint.

    The weights of one that ships are read when they are needed. Those of any other are read now: they may be
    damaged, which is better known before a search than in its midst.

    Args:
        name_or_folder: A folder, or the name of a shipped checkpoint.
        device: Where the network goes, as `nsr.network.devices.find_device` takes it.
        knows: What the network has to be trained on; by default either.

    Raises:
        CheckpointError: If it is missing, damaged, too large for its weights, or made for another
            vocabulary, shape or subject.
    """
    folder = _find(name_or_folder)
    config, metadata = _read_config(folder)
    if knows is not None and knows != subject(config):
        others = [name for name in shipped() if subject(_read_config(_find(name))[0]) == knows]
        raise CheckpointError(
            f"checkpoint {str(name_or_folder)!r} knows {subject(config)}, and {knows} are needed here; use "
            f"{' or '.join(map(repr, others)) or 'another one'}"
        )
    _check_size(config, folder)
    try:
        tokenizer = Tokenizer.load(folder)
    except ValueError as error:
        raise CheckpointError(str(error)) from error
    if (tokenizer.vocab_size, tokenizer.max_variables) != (config.vocab_size, config.max_variables):
        raise CheckpointError(f"{folder}: tokenizer.json and {CONFIG} disagree about the vocabulary")
    _check_operators(folder, tokenizer)
    pretrained = Pretrained(
        partial(_loaded, config, folder / WEIGHTS, device), tokenizer, config, str(name_or_folder), metadata
    )
    if folder.parent not in _SHELVES:
        _ = pretrained.model
    return pretrained


def subject(config: ModelConfig) -> Subject:
    """What a network of this shape writes: one that sees several targets at each point writes systems."""
    return "systems" if config.n_targets > 1 else "functions"


def shipped() -> list[str]:
    """Names of the checkpoints that came with this installation."""
    return sorted({path.parent.name for shelf in _SHELVES for path in shelf.glob(f"*/{CONFIG}")})


def _find(name_or_folder: str | Path) -> Path:
    folders = [Path(name_or_folder), *(shelf / name_or_folder for shelf in _SHELVES)]
    for folder in folders:
        if os.path.isfile(folder / CONFIG):  # noqa: PTH113 (which is no error for names that are too long)
            return folder
    known = ", ".join(shipped()) or "none"
    raise CheckpointError(
        f"no checkpoint {str(name_or_folder)!r}: give a folder with a {CONFIG}, or a shipped name ({known})"
    )


def _read_config(folder: Path) -> tuple[ModelConfig, dict[str, Any]]:
    path = folder / CONFIG
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is damaged: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} is not an {FORMAT} checkpoint; it was made by another program or version"
        )
    shape = content.get("model")
    names = {field.name for field in fields(ModelConfig)}
    if not isinstance(shape, dict) or set(shape) != names or not all(type(v) is int for v in shape.values()):
        raise CheckpointError(f"{path} does not describe a network that this version knows")
    try:
        return ModelConfig(**shape), content.get("metadata") or {}
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from error


def _check_operators(folder: Path, tokenizer: Tokenizer) -> None:
    """Raises where the network was trained with other operators than the vocabulary and the table have."""
    stored = json.loads((folder / CONFIG).read_text(encoding="utf-8")).get("operators")
    if stored is None:  # checkpoints from before operators were stored
        return
    if not isinstance(stored, dict) or tuple(stored) != tokenizer.operators:
        raise CheckpointError(f"{folder}: {FILE_NAME} and {CONFIG} disagree about the operators")
    changed = [name for name, arity in stored.items() if OPERATORS[name].arity != arity]
    if changed:
        raise CheckpointError(
            f"{folder}: the network knows {', '.join(changed)} with another number of arguments; register "
            "the operators that it was trained with"
        )


def _check_size(config: ModelConfig, folder: Path) -> None:
    """Raises where a shape is larger than its weights, before a network of that shape is made."""
    path = folder / WEIGHTS
    if not path.is_file():
        raise CheckpointError(f"{path} is missing; copy the whole checkpoint folder")
    try:
        with safe_open(path, "np") as stored:
            n_tensors = len(stored.keys())
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is damaged: {error}") from error
    # Every number of a shape is a side of a stored tensor or counts groups of them.
    shape = asdict(config)
    layers = shape.pop("n_encoder_layers") + shape.pop("n_decoder_layers")
    longest = max(shape.values())
    if layers > n_tensors or longest > path.stat().st_size:
        raise CheckpointError(
            f"{path} does not fit the shape in {CONFIG}: {max(layers, longest)} is more than it has weights"
        )


def _loaded(config: ModelConfig, path: Path, device: str) -> Model:
    """A network with the weights of a file."""
    import torch
    from safetensors.torch import load_file

    from nsr.network.model import without_weights

    model = without_weights(config)
    device = find_device(device)
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is damaged: {error}") from error
    for name, value in weights.items():
        if not value.is_floating_point():  # which would lose what is behind the point
            raise CheckpointError(f"{path} is damaged: {name} holds whole numbers")
        if not bool(value.isfinite().all()):
            raise CheckpointError(f"{path} is damaged: {name} holds NaN or infinity")
    try:
        is_short = all(
            value.dtype == torch.bfloat16 for value in weights.values()
        )  # others would lose digits
        dtype = fastest_dtype(device) if is_short else torch.float32
        model.load_state_dict({name: value.to(dtype) for name, value in weights.items()}, assign=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise CheckpointError(f"{path} does not fit the shape in {CONFIG}: {reason}") from error
    return model.to(device).eval()
