"""Runs the training command as forks of one process that has loaded, once, what takes seconds to load."""

import multiprocessing
import os
import socket
import sys
from collections.abc import Callable
from importlib.util import find_spec
from multiprocessing.process import BaseProcess
from pathlib import Path

ROOT = Path(__file__).parents[2]
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["training.main"])


def start(function: Callable[..., None], *arguments: object) -> BaseProcess:
    """A process that calls a function of a module."""
    process = _CONTEXT.Process(target=_call, args=(function, *arguments))
    process.start()
    return process


def _call(function: Callable[..., None], *arguments: object) -> None:
    # What it starts is forked from it, as from any process; multiprocessing would have it start as it did.
    multiprocessing.set_start_method("fork", force=True)
    function(*arguments)


def start_ranks(words: list[str], n: int) -> list[BaseProcess]:
    """The ranks of one run of the training command, each started by itself as a cluster's scheduler does."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
    place = {"MASTER_ADDR": "localhost", "MASTER_PORT": port}
    return [start(train, words, place | {"LOCAL_RANK": str(rank)}) for rank in range(n)]


def train(words: list[str], variables: dict[str, str] | None = None) -> None:
    """Runs the training command, with these environment variables."""
    from training.main import main

    os.chdir(ROOT)
    os.environ.update(variables or {})
    sys.argv = ["training.main", *words]
    main()


def train_as_group(words: list[str]) -> None:
    """As `train`, at the head of a process group, and as if `python -m training.main` had been called.

    What Lightning starts for the other ranks is that command.
    """
    os.setpgid(0, 0)
    sys.modules["__main__"].__spec__ = find_spec("training.main")
    train(words)


def train_and_stop_in_validation(words: list[str]) -> None:
    """As `train`, and the run is asked to stop when its first validation has begun."""
    import signal

    from training.last_checkpoint import LastCheckpoint

    LastCheckpoint.on_validation_start = lambda *_: os.kill(os.getpid(), signal.SIGTERM)
    train(words)
