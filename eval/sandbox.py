"""A process for work that may hang or grow: it has hard limits of time and memory, and can be killed."""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import os
import pickle
import resource
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any

_GIBIBYTE = 2**30
# The variables by which numerical libraries and joblib learn how many cores they may use.
_CORE_VARIABLES = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "LOKY_MAX_CPU_COUNT",
)  # fmt: skip
# A forked process would inherit the locks of threads that do not exist in it.
_CONTEXT = multiprocessing.get_context("spawn")


class SandboxError(Exception):
    """Work failed in the sandbox; the message says how: time, memory, a crash or its own error."""


class Sandbox:
    """Runs functions one after another in one process, which is replaced when it has to be killed.

    Args:
        cores: Cores that libraries in the process are told to use.
        memory_limit: Gibibytes of address space it may take.
    """

    def __init__(self, cores: int = 1, memory_limit: float = 8.0) -> None:
        self._limits = cores, int(memory_limit * _GIBIBYTE)
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None

    def run(self, function: Callable[..., Any], *args: Any, time_limit: float) -> Any:
        """Calls a function of a module with arguments that can be pickled.

        Args:
            function: What to call.
            *args: What to call it with.
            time_limit: Seconds that it may take; loading the modules that it needs is not counted.

        Raises:
            SandboxError: If it took longer than `time_limit` seconds, needed too much memory, crashed,
                or raised an error.
            RuntimeError: If no process can be started here.
        """
        process, connection = self._running()
        try:
            connection.send((function, args))
            error, answer = _reply(process, connection, None)  # that all is loaded
            if not error:
                error, answer = _reply(process, connection, time_limit)
        except SandboxError:
            self._stop()
            raise
        except Exception as failure:
            self._stop()
            raise SandboxError(f"{type(failure).__name__}: {failure}") from failure
        except BaseException:  # an interrupt: what is still at work would answer the next call
            self._stop()
            raise
        if not error:
            error, answer = _attempted(pickle.loads, answer)
        if error:
            raise SandboxError(error)
        return answer

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _running(self) -> tuple[SpawnProcess, Connection]:
        """The process and what it is spoken to by; a new one if there is none."""
        if self._process is not None and self._connection is not None and self._process.is_alive():
            return self._process, self._connection
        self._stop()
        connection, theirs = _CONTEXT.Pipe()
        process = _CONTEXT.Process(target=_serve, args=(theirs, *self._limits))
        process.start()
        theirs.close()  # so that the connection ends where the process does
        self._process, self._connection = process, connection
        atexit.register(self._stop)  # before multiprocessing waits for what it has started
        try:
            _reply(process, connection, None)
        except SandboxError as error:
            self._stop()
            raise RuntimeError(f"no process can be started here: {error}") from None
        return process, connection

    def _stop(self) -> None:
        atexit.unregister(self._stop)
        if self._process is not None and self._connection is not None:
            self._connection.close()
            self._process.kill()
            self._process.join()
        self._process = self._connection = None


def _reply(process: SpawnProcess, connection: Connection, time_limit: float | None) -> tuple[str, Any]:
    """What the process says next: an error, or else a pickled answer."""
    if not wait([connection, process.sentinel], time_limit):
        raise SandboxError(f"killed after {time_limit:.0f} s")
    try:
        if connection.poll():  # perhaps what it has said just before its end
            error, answer = connection.recv()
            return error, answer
    except (EOFError, OSError):
        pass
    process.join()
    raise SandboxError(f"the process died: {_end(process.exitcode or 0)}")


def _end(code: int) -> str:
    """How a process with this exit code has ended."""
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _serve(connection: Connection, cores: int, memory: int) -> None:
    """What the process does: it calls what it is told to, until nobody is left to tell it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started it
    _limit(cores, memory)
    with contextlib.suppress(EOFError, BrokenPipeError):
        connection.send(("", b""))
        while True:
            error, work = _attempted(pickle.loads, connection.recv_bytes())
            connection.send((error, b""))
            if not error:
                connection.send(_attempted(_pickled_answer, *work))


def _attempted(function: Callable[..., Any], *args: Any) -> tuple[str, Any]:
    """What goes wrong in a call, or else an empty text and what it returns."""
    try:
        return "", function(*args)
    except MemoryError:
        return "out of memory", b""
    except Exception as error:
        return f"{type(error).__name__}: {error}", b""


def _pickled_answer(function: Callable[..., Any], args: tuple[Any, ...]) -> bytes:
    """What cannot be pickled is an error of the work, as any other."""
    return pickle.dumps(function(*args))


def _limit(cores: int, memory: int) -> None:
    for name in _CORE_VARIABLES:
        os.environ[name] = str(cores)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
