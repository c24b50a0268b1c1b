"""An equation in full: typeset, with its constants, pictures, and texts to copy."""

from __future__ import annotations

import json
from base64 import b64encode

from nicegui import background_tasks, run, ui

from nsr.app.findings import Finding, finding, picture
from nsr.app.jobs import Job


class EquationPanel:
    """A row of the front."""

    def __init__(self) -> None:
        self._card = ui.card().classes("w-full")
        self.clear()

    def clear(self) -> None:
        """Shows nothing."""
        self._shown: tuple[Job, int] | None = None
        self._card.visible = False

    def show(self, job: Job, row: int) -> None:
        """Shows a row: it, and then its picture, come when other threads have made them."""
        self._shown = job, row
        self._card.clear()
        self._card.visible = True
        with self._card:
            ui.spinner()
        background_tasks.create(self._fill(job, row), name="equation")

    async def _fill(self, job: Job, row: int) -> None:
        found = await run.io_bound(finding, job, row)
        if not self._is_wanted(job, row) or found is None:  # nothing is made where the server ends
            return
        self._card.clear()
        with self._card:
            for line in found.html:
                # MathML that SymPy has written; names of columns are escaped.
                ui.html(line, sanitize=False).classes("equation overflow-x-auto w-full")
            with ui.row():
                for name, text in found.texts.items():
                    _copy_button(name, text)
            _show_constants(found)
            with ui.column().classes("w-full") as place:
                ui.spinner()
            _show_texts(found)
        try:
            drawn, said = await run.io_bound(picture, job, row), ""
        except ValueError as error:
            drawn, said = None, str(error)
        if self._is_wanted(job, row):
            place.clear()
            with place:
                _show_picture(drawn, said)

    def _is_wanted(self, job: Job, row: int) -> bool:
        return self._shown == (job, row) and not self._card.is_deleted


def _show_picture(drawn: bytes | None, said: str) -> None:
    if said:
        ui.label(said).classes("text-negative")
    elif drawn:
        ui.image(f"data:image/png;base64,{b64encode(drawn).decode()}").classes("w-full max-w-4xl")


def _copy_button(name: str, text: str) -> None:
    """A button that copies in the browser itself, which allows it while a click is handled."""
    button = ui.button(f"Copy {name}", icon="content_copy").props("outline no-caps size=sm")
    button.on("click", js_handler=f"() => navigator.clipboard.writeText({json.dumps(text)})")
    button.on("click", lambda: ui.notify(f"{name} copied"))


def _show_constants(found: Finding) -> None:
    if found.constants:
        columns = list(dict.fromkeys(name for row in found.constants for name in row))
        ui.table(
            rows=list(found.constants),
            columns=[{"name": name, "label": name, "field": name, "align": "left"} for name in columns],
        ).props("dense flat")
    else:
        ui.label("no fitted constants with errors").classes("text-sm opacity-70")


def _show_texts(found: Finding) -> None:
    with ui.expansion("As text").classes("w-full"):
        ui.code("\n".join(found.lines), language="text").classes("w-full")
        for name, text in found.texts.items():
            ui.label(name).classes("font-bold")
            ui.code(text, language="text").classes("w-full")
        ui.label(found.cells).classes("text-sm")
