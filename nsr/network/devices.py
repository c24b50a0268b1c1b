"""Devices by name: which of PyTorch's the network runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def check_device(name: str) -> None:
    """Raises where a device does not work on this machine; `auto` and `cpu` always do.

    Args:
        name: As `find_device` takes it.

    Raises:
        ValueError: If there is no such device, or it does not work.
    """
    if name not in ("auto", "cpu"):
        find_device(name)


def find_device(name: str) -> str:
    """The device of a name, checked to work on this machine.

    Args:
        name: `auto` for a GPU where there is one, or a device of PyTorch such as `cpu`, `cuda`, `cuda:1`
            or `mps`.

    Raises:
        ValueError: If there is no such device, or it does not work.
    """
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError):
        raise ValueError(f"device {name!r} is not known; use auto, cpu, cuda, cuda:0 or mps") from None
    try:
        torch.ones(1, device=device).cpu()
    except Exception:  # each kind of device has its own way of being absent
        there = ", ".join(["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))])
        raise ValueError(
            f"device {name!r} does not work on this machine; use auto or one of {there}"
        ) from None
    return name


def device_of_rows(name: str) -> str:
    """Where many rows are evaluated in 64 bits: on the device of a name if that is CUDA's, else on the CPU.

    Args:
        name: As `find_device` takes it.
    """
    found = "cpu" if name == "cpu" else find_device(name)
    return found if found.startswith("cuda") else "cpu"


def fastest_dtype(device: str) -> torch.dtype:
    """The type in which a device multiplies matrices fastest, where weights are bfloat16.

    Args:
        device: As `find_device` returns it.
    """
    import torch

    if device.startswith("cuda"):
        is_native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        # Not every version of PyTorch can tell; processors without it take longer than for float32.
        can_tell = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
        is_native = device == "cpu" and can_tell is not None and can_tell()
    return torch.bfloat16 if is_native else torch.float32
