"""The loss of a fit as JSON has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsr.refinement.likelihood import Loss
from nsr.refinement.losses import NAMED, Custom
from nsr.saving.plain import number

Array = NDArray[np.float64]


def plain_loss(loss: Loss) -> dict[str, Any]:
    """Its name, its scale if it has one, and whether it is a function of the user's, which is not kept."""
    content: dict[str, Any] = {"name": loss.name, "is_function": isinstance(loss, Custom)}
    noise = getattr(loss, "noise", None)
    return content if noise is None else content | {"noise": noise}


def rebuilt_loss(content: Mapping[str, Any], function: Callable[[Array, Array], Array] | None) -> Loss:
    """The loss that `plain_loss` was given.

    Args:
        content: What it said.
        function: The user's own, where it is one.

    Raises:
        ValueError: If a function is missing.
        KeyError: If there is no such loss.
    """
    name = str(content["name"])
    if content["is_function"]:
        if function is None:
            raise ValueError(
                f"the loss {name!r} of this fit is a function: give it as nsr.load(path, loss={name})"
            )
        return Custom(function, name)
    loss = NAMED[name]
    return replace(loss, noise=number(content["noise"])) if "noise" in content else loss  # type: ignore[type-var]
