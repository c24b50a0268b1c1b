"""The front: it grows while a search goes on, and its rows are opened by a click."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nicegui import events, ui

from nsr.app.findings import FrontLine, live_headline, live_lines, summary
from nsr.app.searching import Phase, Search

_NARROW = "width: 1px"  # as narrow as its cells allow
_COLUMNS = [
    {"name": "mark", "label": "", "field": "mark", "align": "left", "headerStyle": _NARROW},
    {"name": "complexity", "label": "complexity", "field": "complexity", "headerStyle": _NARROW},
    {"name": "unexplained", "label": "unexplained", "field": "unexplained", "headerStyle": _NARROW},
    {"name": "html", "label": "equation", "field": "html", "align": "left", "classes": "whitespace-normal"},
    {"name": "note", "label": "", "field": "note", "align": "left"},
]
# Its equations are MathML, which SymPy has written, or text whose special characters are escaped.
_CELL = '<q-td :props="props" v-html="props.value"></q-td>'


class FrontPanel:
    """A table of equations, from simple to accurate.

    Args:
        on_open: Is given the row that was clicked.
    """

    def __init__(self, on_open: Callable[[int], None]) -> None:
        self._on_open = on_open
        self._is_live = True
        with ui.card().classes("w-full") as self._card:
            ui.label("3. Equations, from simple to accurate").classes("text-lg font-bold")
            with ui.row().classes("items-center"):
                self._spinner = ui.spinner(size="sm")
                self._said = ui.label()
            self._error = ui.label().classes("text-negative")
            self._error.bind_visibility_from(self._error, "text")
            self._notes = ui.column().classes("gap-0 text-sm text-orange-9")
            self._rows = ui.table(rows=[], columns=_COLUMNS, row_key="row").props("dense flat")
            self._rows.classes("w-full cursor-pointer")
            self._rows.add_slot("body-cell-html", _CELL)
            self._rows.on("rowClick", self._clicked)
            self._hint = ui.label("click an equation to see it in full").classes("text-xs opacity-70")
        self.clear()

    def clear(self) -> None:
        """Shows nothing."""
        self._card.visible = False

    def begin(self) -> None:
        """Shows that a search has begun."""
        self._card.visible = self._spinner.visible = True
        self._error.text, self._rows.rows, self._is_live = "", [], True
        self._hint.visible = False
        self._notes.clear()

    def look(self, search: Search) -> None:
        """Shows how far a search is."""
        if search.job is not None:
            self._said.text = summary(search.job)
            self._fill(search.front)
            self._is_live = False
            self._hint.visible = True
        elif search.phase is Phase.SEARCHING and search.progress is not None:
            self._said.text = live_headline(search.progress)
            self._fill(live_lines(search.progress))
        else:
            self._said.text = search.phase
        if search.is_over:
            self._spinner.visible = False
            self._error.text = search.error
            with self._notes:
                for note in search.notes:
                    ui.label(f"note: {note}")

    def mark(self, row: int) -> None:
        """Marks the row that is open."""
        self._rows.selected = [self._rows.rows[row]]

    def _fill(self, lines: Sequence[FrontLine]) -> None:
        rows = [
            {
                "row": place,
                "mark": "★" if line.is_best else "",
                "complexity": line.complexity,
                "unexplained": line.unexplained,
                "html": line.html,
                "note": line.note,
            }
            for place, line in enumerate(lines)
        ]
        if rows != self._rows.rows:
            self._rows.rows = rows

    def _clicked(self, event: events.GenericEventArguments) -> None:
        if not self._is_live:
            self._on_open(int(event.args[1]["row"]))
