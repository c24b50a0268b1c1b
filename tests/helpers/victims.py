"""Work that is killed in its midst, in processes that are forked from one that has loaded everything."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

ROOT = Path(__file__).parents[2]
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["nsr.cli", "nsr.search.solve", "nsr.saving.file", "nsr.showing", "training.main"]
)


def started(function: Callable[..., None], *arguments: object) -> BaseProcess:
    """A process that calls a function of a module."""
    process = _CONTEXT.Process(target=function, args=arguments)
    process.start()
    return process


def killed_after(seconds: float, function: Callable[..., None], *arguments: object) -> bool:
    """Whether a function was still at work after some time, when it was killed as no program can resist."""
    process = started(function, *arguments)
    process.join(seconds)
    was_at_work = process.exitcode is None
    if was_at_work and process.pid is not None:
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    return was_at_work


def seconds_of(function: Callable[..., None], *arguments: object) -> float:
    """How long a function takes that nobody kills."""
    begin = time.monotonic()
    process = started(function, *arguments)
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - begin


def fit(table: Path, output: Path) -> None:
    """Runs `nsr fit` with a search of guesses alone, quietly."""
    from nsr import cli
    from nsr.search import registry
    from nsr.search.guesses import Guesses

    registry.STAGES = [lambda _: Guesses()]
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 (which the process's end closes)
    sys.argv = ["nsr", "fit", str(table), "--target=y", "--guess=a*x + b", f"--output={output}"]
    cli.main()


def record(folder: Path, n_fits: int, told: Connection) -> None:
    """Records fits of a benchmark that are not yet, and tells of each when it is."""
    from eval.records import Fit, Records

    records = Records(folder, {}, Fit)
    for seed in range(n_fits):
        fit = Fit("problem", "method", 0.0, seed)
        if fit not in records.done:
            records.add(fit, {"equation": f"{seed}*x" * 500})
            told.send(seed)
    records.close()


def train(folder: Path, words: list[str]) -> None:
    """Runs the training command from where it was; each step is kept."""
    from training.main import main

    os.chdir(ROOT)
    multiprocessing.set_start_method("fork", force=True)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 (which the process's end closes)
    options = [f"--run={folder}", "--ckpt_path=last", "--checkpoint.every_minutes=0"]
    sys.argv = ["training.main", "fit", "--config=training/configs/tiny.yaml", *options, *words]
    main()
