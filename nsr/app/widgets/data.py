"""The table: a place to drop a file on, examples, and what the columns hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

from nicegui import events, run, ui

from nsr.app.examples import EXAMPLES, Example
from nsr.app.sheet import ColumnLine, column_lines, information_about
from nsr.data.notes import kept_notes
from nsr.data.reading import read_table, table_in
from nsr.data.table import Table

MOST_MEGABYTES = 50
# Columns that are shown at a time.
_MOST_LINES = 12
_HEADINGS = {
    "name": "column", "holds": "holds", "least": "least", "median": "median", "most": "most",
    "information": "information",
}  # fmt: skip


class DataPanel:
    """Reads tables, and shows their columns.

    Args:
        on_table: Is told of each table, and of the example that it is.
    """

    def __init__(self, on_table: Callable[[Table, Example | None], None]) -> None:
        self._on_table = on_table
        self._table: Table | None = None
        self.lines: list[ColumnLine] = []
        with ui.card().classes("w-full"):
            ui.label("1. Data").classes("text-lg font-bold")
            self._upload = (
                ui.upload(
                    label=f"drop a table here, or press +: CSV, .xlsx, .parquet, up to {MOST_MEGABYTES} MB",
                    auto_upload=True,
                    max_file_size=MOST_MEGABYTES * 10**6,
                    on_upload=self._uploaded,
                    on_rejected=partial(self._refuse, f"a table has {MOST_MEGABYTES} MB at most"),
                )
                .props("flat bordered hide-upload-btn")
                .classes("w-full")
            )
            ui.select(
                dict(enumerate(example.title for example in EXAMPLES)),
                label="or choose an example",
                on_change=lambda chosen: self._read_example(EXAMPLES[chosen.value]),
            ).classes("w-full")
            self._said = ui.label().classes("text-sm")
            self._error = ui.label().classes("text-negative")
            self._error.bind_visibility_from(self._error, "text")
            self._columns = ui.table(
                rows=[],
                columns=[
                    {"name": key, "label": label, "field": key, "align": "left" if place < 2 else "right"}
                    for place, (key, label) in enumerate(_HEADINGS.items())
                ],
                row_key="place",
            ).props("dense flat")
            self._columns.classes("w-full")
            self._columns.visible = False
            self._about_information = ui.label().classes("text-xs opacity-70")

    def read(self, path: Path) -> None:
        """Reads a table of this machine."""
        self._read(lambda: read_table(path), None)

    async def inform(self, target: str | None) -> None:
        """Shows how much each column tells of a target."""
        table = self._table
        if table is None or target is None:
            return
        try:
            told = await run.io_bound(information_about, table, target) or {}
        except ValueError as error:
            told = {}
            self._about_information.text = f"mutual information: {error}"
        else:
            self._about_information.text = (
                f"information: mutual information with {target!r} in nats; 0 where it is not above noise"
            )
        if table is self._table:
            self._show({name: f"{value:.2f}" for name, value in told.items()})

    async def _uploaded(self, event: events.UploadEventArguments) -> None:
        content = await event.file.read()
        self._upload.reset()
        self._read(lambda: table_in(content, event.file.name), None)

    def _read_example(self, example: Example) -> None:
        self._read(lambda: read_table(example.path), example)

    def _read(self, read: Callable[[], Table], example: Example | None) -> None:
        try:
            with kept_notes() as notes:
                table = read()
            lines = column_lines(table)
        except ValueError as error:
            self._refuse(str(error))
            return
        self._table, self.lines = table, lines
        self._error.text = self._about_information.text = ""
        name = Path(table.source).name
        self._said.text = "; ".join([f"{name}: {len(table):,} rows, {len(lines)} columns", *notes])
        self._show({})
        self._on_table(table, example)

    def _refuse(self, why: str) -> None:
        self._error.text = why

    def _show(self, information: dict[str, str]) -> None:
        self._columns.visible = True
        self._columns.pagination = {"rowsPerPage": _MOST_LINES}
        self._columns.props.set_bool("hide-bottom", len(self.lines) <= _MOST_LINES)
        self._columns.rows = [
            {"place": place, "information": information.get(line.name, ""), **asdict(line)}
            for place, line in enumerate(self.lines)
        ]
