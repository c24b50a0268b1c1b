"""Where the page is served: on this machine alone."""

from __future__ import annotations

import socket

HOST = "127.0.0.1"


def check_port(port: int) -> None:
    """Raises where somebody else listens.

    Raises:
        ValueError: If so.
    """
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((HOST, port))
        except OSError as error:
            why = error.strerror or str(error)
            raise ValueError(f"port {port} cannot be had ({why}): give another with --port") from None
