"""A process for work that may hang or grow: it has hard limits of time and memory, and can be killed."""

from __future__ import annotations

import multiprocessing
import os
import resource
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Any

from pebble import ProcessExpired, ProcessPool

_GIBIBYTE = 2**30
# The variables by which numerical libraries and joblib learn how many cores they may use.
_CORE_VARIABLES = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "LOKY_MAX_CPU_COUNT",
)  # fmt: skip


class SandboxError(Exception):
    """Work failed in the sandbox; the message says how: time, memory, a crash or its own error."""


class Sandbox:
    """Runs functions one after another in one process, which is replaced when it has to be killed.

    Args:
        cores: Cores that libraries in the process are told to use.
        memory_limit: Gibibytes of address space it may take.
    """

    def __init__(self, cores: int = 1, memory_limit: float = 8.0) -> None:
        # A forked process would inherit the locks of threads that do not exist in it.
        self._pool = ProcessPool(
            max_workers=1,
            context=multiprocessing.get_context("spawn"),
            initializer=_limit,
            initargs=(cores, int(memory_limit * _GIBIBYTE)),
        )

    def run(self, function: Callable[..., Any], *args: Any, time_limit: float) -> Any:
        """Calls a function of a module with arguments that can be pickled.

        Raises:
            SandboxError: If it took longer than `time_limit` seconds, needed too much memory, crashed,
                or raised an error.
            BrokenProcessPool: If no process can be started here.
        """
        future = self._pool.schedule(function, args=args, timeout=time_limit)
        try:
            return future.result()
        except BrokenProcessPool:
            raise  # no process could be started: that is not the work's fault
        except FutureTimeoutError:
            raise SandboxError(f"killed after {time_limit:.0f} s") from None
        except MemoryError:
            raise SandboxError("out of memory") from None
        except ProcessExpired as error:
            raise SandboxError(f"the process died: {error}") from None
        except Exception as error:
            raise SandboxError(f"{type(error).__name__}: {error}") from error

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


def _limit(cores: int, memory: int) -> None:
    for name in _CORE_VARIABLES:
        os.environ[name] = str(cores)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
