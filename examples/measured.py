"""Figures of an example as a file that says where they come from: `eval/results/understanding/` has ours."""

from __future__ import annotations

import json
import os
import platform
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

ROOT = Path(__file__).resolve().parents[1]

Output = Annotated[Path | None, typer.Option(help="JSON file to write figures to")]


def save(figures: dict[str, Any], output: Path | None) -> None:
    """Writes figures beside the command, the commit, the machine and the seconds that they took.

    Args:
        figures: Numbers and texts, as JSON can hold them; numbers get six digits.
        output: The file; its folder is made. Nothing is written where there is none.
    """
    if output is None:
        return
    origin = {
        "command": shlex.join(["python", "-m", f"examples.{Path(sys.argv[0]).stem}", *sys.argv[1:]]),
        "commit": _commit(),
        "machine": f"{_processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "processor_seconds": time.process_time(),
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(_rounded(origin | figures), indent=1) + "\n")


def _commit() -> str:
    """Of the tree that runs, with a plus where it differs from that."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _processor() -> str:
    details = Path("/proc/cpuinfo")
    lines = details.read_text().splitlines() if details.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
