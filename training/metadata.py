"""What machine a run used, for its model card."""

from __future__ import annotations

import platform
from pathlib import Path

import torch


def describe_hardware(world_size: int, device: torch.device) -> str:
    """One line: the processors that train, and the version of PyTorch."""
    if device.type == "cuda":
        processor = f"{world_size} x {torch.cuda.get_device_name(device)}"
    else:
        processor = f"{_cpu_name()} ({world_size} x {torch.get_num_threads()} threads)"
    return f"{processor}, PyTorch {torch.__version__}"


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
