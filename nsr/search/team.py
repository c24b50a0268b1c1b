"""Work that other processes do meanwhile, by joblib: on this machine, or wherever its backend reaches.

Orders are sent to all workers at a time, and what comes of them is waited for later. Where a worker is lost,
what it should have done is lost, and nothing else.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import joblib
from joblib.parallel import get_active_backend

Order = TypeVar("Order")
Result = TypeVar("Result")

# A team that has failed this many times, one after the other, is sent nothing any more.
_MOST_FAILURES = 3


class Team(Generic[Order, Result]):
    """Workers that all do the same kind of work.

    Attributes:
        n_workers: How many there are.
        why_failed: What went wrong at the last time; empty where nothing has.

    Args:
        n_workers: How many there are.
        work: What one does with an order; a function of a module, as other processes have to know it.
    """

    def __init__(self, n_workers: int, work: Callable[[Order], Result]) -> None:
        self.n_workers = n_workers
        self.why_failed = ""
        self._work = work
        self._backend: Any = get_active_backend()[0]  # which another thread would not know
        self._pool: Any = None  # of a backend that begins anew for each call without one
        self._thread: threading.Thread | None = None
        self._results: list[Result] | None = None
        self._n_failures = 0
        self._is_closed = False

    @property
    def is_lost(self) -> bool:
        """Whether it has failed too often."""
        return self._n_failures >= _MOST_FAILURES

    def send(self, orders: Sequence[Order]) -> None:
        """Sends an order to each worker; what came of those before was received."""
        self._results = None
        self._thread = threading.Thread(target=self._do, args=(list(orders),), daemon=True)
        self._thread.start()

    def received(self, seconds: float) -> list[Result] | None:
        """What has come of the orders.

        Args:
            seconds: Longest time to wait for it.

        Returns:
            None where it has not come in time, or workers are lost.
        """
        assert self._thread is not None
        self._thread.join(min(seconds, threading.TIMEOUT_MAX))
        if self._thread.is_alive():
            return None
        self._n_failures = self._n_failures + 1 if self._results is None else 0
        return self._results

    def close(self) -> None:
        """Lets the workers go, once they have done what they were sent."""
        thread = self._thread
        if thread is None or not thread.is_alive():
            self._let_go()
        else:
            self._is_closed = True

    def _do(self, orders: list[Order]) -> None:
        try:
            if self._pool is None:
                self._pool = joblib.Parallel(self.n_workers, backend=self._backend).__enter__()
            self._results = self._pool(joblib.delayed(self._work)(order) for order in orders)
        except Exception as error:  # each backend has its own for workers that are lost
            self.why_failed = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        if self._results is None or self._is_closed:
            self._let_go()

    def _let_go(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            with contextlib.suppress(Exception):  # there may be nobody left to let go
                pool.__exit__(None, None, None)
