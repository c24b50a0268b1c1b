"""The command `nsr app`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def app(
    data: Annotated[
        Path | None, typer.Argument(help="table to begin with; others are dropped on the page")
    ] = None,
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="where to listen, on this machine alone")
    ] = 8080,
) -> None:
    """Open a page in the browser: drop a table, watch equations grow. Nothing leaves this machine."""
    from nsr.app.listening import check_port

    if data is not None and not data.is_file():
        raise ValueError(f"there is no file {data}; check the name and the folder")
    try:
        from nsr.app.widgets.server import serve
    except ModuleNotFoundError as error:
        raise ValueError(f"the page needs {error.name}: pip install 'nsr[app]'") from None
    check_port(port)
    serve(port, data)
