"""Where the page is served: on this machine alone."""

from __future__ import annotations

import asyncio
import socket

HOST = "127.0.0.1"
_PAUSE = 0.02  # seconds between two tries to reach a server that starts


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


async def announce(port: int) -> None:
    """Says where the page is once it answers, which is later than NiceGUI tells of its start."""
    while not await _answers(port):
        await asyncio.sleep(_PAUSE)
    print(f"NSR is at http://{HOST}:{port}, on this machine alone; Ctrl-C ends it", flush=True)


async def _answers(port: int) -> bool:
    """Whether somebody listens at a port of this machine."""
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True
