"""A search in a thread of its own, which is watched, stopped, and asked for what it has found."""

from __future__ import annotations

import threading
from enum import StrEnum

from nsr.app.findings import FrontLine, front_lines
from nsr.app.jobs import Job
from nsr.app.wishes import Wishes
from nsr.console import in_options
from nsr.data.notes import kept_notes
from nsr.data.table import Table
from nsr.progress import Progress, watched_by

# Two searches at once would take each other's time; the pages of a program search in turn.
_TURN = threading.Lock()


class Phase(StrEnum):
    """How far a search is."""

    WAITING = "waiting for the search of another page"
    PREPARING = "loading (and, the first time on a machine, compiling)"
    SEARCHING = "searching"
    FOUND = "done"
    FAILED = "failed"


class Search:
    """A search; its attributes are replaced as a whole, so that other threads may read them at any time.

    Attributes:
        phase: How far it is.
        progress: What it was told last; None before there is anything.
        job: What was fitted; None before that, and where it failed.
        front: Of the fit, from simple to accurate; empty before that.
        error: Why it failed.
        notes: What there is to say of the data and the fit.
    """

    def __init__(self, wishes: Wishes, table: Table) -> None:
        self.phase = Phase.WAITING
        self.progress: Progress | None = None
        self.job: Job | None = None
        self.front: tuple[FrontLine, ...] = ()
        self.error = ""
        self.notes: tuple[str, ...] = ()
        self._wishes, self._table = wishes, table
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nsr search", daemon=True)

    def start(self) -> None:
        """Begins, once."""
        self._thread.start()

    def stop(self) -> None:
        """Lets it end with the best so far."""
        self._is_stopped.set()

    def join(self, seconds: float | None = None) -> None:
        """Waits until it has ended."""
        self._thread.join(seconds)

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.phase in {Phase.FOUND, Phase.FAILED}

    def _run(self) -> None:
        with _TURN:
            if self._is_stopped.is_set():
                self.error, self.phase = "stopped before it began", Phase.FAILED
                return
            self.phase = Phase.PREPARING
            try:
                self._search()
            except ValueError as error:
                self.error, self.phase = in_options(str(error)), Phase.FAILED
            except BaseException as error:  # of which the terminal is told the rest
                self.error, self.phase = f"{type(error).__name__}: {error}", Phase.FAILED
                raise

    def _search(self) -> None:
        with kept_notes() as told, watched_by(self._watch):
            job = self._wishes.job(self._table)
            job.fit()
        notes = dict.fromkeys([*job.notes, *told, *job.estimator.warnings_])
        self.notes = tuple(map(in_options, notes))
        self.front = tuple(front_lines(job))
        self.job, self.phase = job, Phase.FOUND

    def _watch(self, progress: Progress) -> bool:
        self.progress, self.phase = progress, Phase.SEARCHING
        return self._is_stopped.is_set()
