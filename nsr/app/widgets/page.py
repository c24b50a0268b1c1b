"""The page: a table, a question, the front that grows, and an equation."""

from __future__ import annotations

from pathlib import Path

from nicegui import ui

from nsr.app.examples import Example
from nsr.app.searching import Search
from nsr.app.widgets.data import DataPanel
from nsr.app.widgets.equation import EquationPanel
from nsr.app.widgets.front import FrontPanel
from nsr.app.widgets.question import QuestionPanel
from nsr.app.wishes import Wishes
from nsr.data.table import Table

# Room for what is typeset; an uploader needs none for a list of files, as there is one.
_STYLE = """
math { font-size: 1.15em }
mfrac > * { padding: 0.15em 0.1em }
.equation math { font-size: 1.6em }
.q-uploader__list, .q-uploader__subtitle { display: none }
"""
# Seconds between two looks at a search.
_EVERY = 0.3


class Page:
    """A page of one browser, with its own table and search.

    Args:
        first: A table to begin with.
    """

    def __init__(self, first: Path | None) -> None:
        self._first = first
        self._table: Table | None = None
        self._search: Search | None = None

    def show(self) -> None:
        """Draws it."""
        ui.colors(primary="#00796b")
        ui.add_css(_STYLE)
        with ui.row().classes("items-baseline"):
            ui.label("NSR").classes("text-2xl font-bold text-primary")
            ui.label("data in, equation out").classes("opacity-80")
        with ui.row(wrap=False).classes("w-full items-start gap-6 max-md:flex-wrap"):
            with ui.column().classes("w-full md:w-[30rem] shrink-0"):
                self._data = DataPanel(self._take)
                self._question = QuestionPanel(self._start, self._stop, self._data.inform)
            with ui.column().classes("grow min-w-0"):
                self._front = FrontPanel(self._open)
                self._equation = EquationPanel()
        self._timer = ui.timer(_EVERY, self._look, active=False)
        ui.context.client.on_delete(self._stop)
        if self._first is not None:
            self._data.read(self._first)

    def _take(self, table: Table, example: Example | None) -> None:
        """A table was given."""
        self._stop()
        self._search, self._table = None, table
        self._timer.deactivate()
        self._front.clear()
        self._equation.clear()
        self._question.ask(self._data.lines, None if example is None else example.wishes)

    def _start(self, wishes: Wishes) -> None:
        if self._table is None:
            return
        self._stop()
        self._equation.clear()
        self._search = Search(wishes, self._table)
        self._search.start()
        self._question.lock(True)
        self._front.begin()
        self._timer.activate()

    def _stop(self) -> None:
        if self._search is not None:
            self._search.stop()

    def _look(self) -> None:
        """Shows how far the search is; called again and again while there is one."""
        search = self._search
        if search is None:
            return
        self._front.look(search)
        if search.is_over:
            self._timer.deactivate()
            self._question.lock(False)
            if search.job is not None:
                self._open(search.job.estimator.best_index_)

    def _open(self, row: int) -> None:
        if self._search is not None and self._search.job is not None:
            self._front.mark(row)
            self._equation.show(self._search.job, row)
