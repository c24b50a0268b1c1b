"""The server of the page, on this machine alone."""

from __future__ import annotations

import sys
import warnings
from contextlib import suppress
from pathlib import Path

from nicegui import app, ui
from starlette.middleware.trustedhost import TrustedHostMiddleware

from nsr.app.listening import HOST, announce
from nsr.app.widgets.page import Page
from nsr.data.notes import DataWarning

# Seconds that a page may be silent, as where a search leaves it no processor, before it is given up.
_PATIENCE = 60.0


def serve(port: int, first: Path | None) -> None:
    """Serves the page until Ctrl-C, and opens a browser where somebody sits at a terminal.

    Args:
        port: Where to listen.
        first: A table to begin with.
    """
    warnings.filterwarnings("ignore", category=DataWarning)  # the page shows them
    # A foreign page whose name was made to lead here is refused, and so cannot talk to this server.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    app.on_startup(lambda: announce(port))
    with suppress(KeyboardInterrupt):  # which the server raises again once it has ended
        ui.run(
            lambda: Page(first).show(),
            host=HOST,
            port=port,
            title="NSR",
            favicon="📈",
            show=sys.stdout.isatty(),
            reload=False,
            show_welcome_message=False,
            reconnect_timeout=_PATIENCE,
            uvicorn_logging_level="critical",  # else it prints a traceback where a tab is closed early
            timeout_graceful_shutdown=1,
        )
