"""What goes into submodules of a torch module, and what comes out, while it computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

Array = NDArray[np.float64]
Inputs = ArrayLike | Tensor | tuple[Tensor, ...]


@dataclass(frozen=True, eq=False)
class Record:
    """Rows of a submodule's inputs, shape (n, d), and outputs, shape (n, D)."""

    inputs: Array
    outputs: Array


def record(module: nn.Module, inputs: Inputs, layers: Sequence[str]) -> dict[str, Record]:
    """Runs a module once, without gradients and in its mode for evaluation, and records submodules.

    Args:
        module: Is left as it was.
        inputs: A table, a tensor, or a tuple of tensors for a module of several arguments.
        layers: Names as `module.named_modules()` has them; "" is the module itself.

    Returns:
        A record for each layer; all axes but the last are rows, and those of all its calls are joined.

    Raises:
        TypeError: If it is no module.
        ValueError: If a layer does not exist, is not called, or is not a function of tensors to a tensor
            that has as many rows.
    """
    if not isinstance(module, nn.Module):
        raise TypeError(f"a torch module is distilled, not {type(module).__name__}: give a torch.nn.Module")
    known = dict(module.named_modules())
    for name in layers:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            meant = (
                f"did you mean {near[0]!r}?" if near else f"it has {', '.join(filter(None, known)) or 'none'}"
            )
            raise ValueError(f"the module has no submodule {name!r}; {meant}")
    calls: dict[str, list[Record]] = {name: [] for name in layers}
    handles = [known[name].register_forward_hook(_keeper(name, calls[name])) for name in layers]
    was_training = module.training
    module.eval()
    try:
        with torch.no_grad():
            module(*_arguments(module, inputs))
    finally:
        module.train(was_training)
        for handle in handles:
            handle.remove()
    for name, found in calls.items():
        if not found:
            raise ValueError(f"the submodule {name!r} is not called for these inputs: choose another one")
    return {name: _joined(found) for name, found in calls.items()}


def _keeper(name: str, calls: list[Record]) -> Callable[[nn.Module, tuple[Any, ...], Any], None]:
    def keep(_: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
        tensors = [one for one in arguments if isinstance(one, Tensor)]
        if not tensors or not isinstance(output, Tensor):
            raise ValueError(
                f"the submodule {name!r} is no function of tensors to one tensor: choose another one"
            )
        outputs = _rows(output)
        inputs = [_rows(one) for one in tensors]
        if any(len(one) != len(outputs) for one in inputs):
            raise ValueError(
                f"the submodule {name!r} has other rows in its outputs than in its inputs (it mixes rows): "
                "choose one inside it"
            )
        calls.append(Record(np.concatenate(inputs, axis=1), outputs))

    return keep


def _rows(tensor: Tensor) -> Array:
    flat = tensor.detach().to("cpu", torch.float64)
    return np.asarray(flat.reshape(-1, flat.shape[-1] if flat.ndim > 1 else 1).numpy())


def _arguments(module: nn.Module, inputs: Inputs) -> tuple[Tensor, ...]:
    if isinstance(inputs, tuple):
        return inputs
    if isinstance(inputs, Tensor):
        return (inputs,)
    like = next(module.parameters(), torch.zeros(0))
    return (torch.as_tensor(np.array(inputs, dtype=np.float64), dtype=like.dtype, device=like.device),)


def _joined(calls: Sequence[Record]) -> Record:
    inputs = np.concatenate([one.inputs for one in calls])
    return Record(inputs, np.concatenate([one.outputs for one in calls]))
