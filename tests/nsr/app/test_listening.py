"""Where the page is served, without a browser."""

import asyncio
import socket

import pytest

from nsr.app.listening import HOST, announce, check_port


def test_the_address_is_said_once_somebody_listens(monkeypatch, capsys):
    # Clocks of these tests stand while nothing is done, so that no pause would end.
    monkeypatch.setattr("nsr.app.listening._PAUSE", 0)

    async def started():
        with socket.socket() as one:
            one.bind((HOST, 0))
            port = one.getsockname()[1]
            said = asyncio.create_task(announce(port))
            for _ in range(50):
                await asyncio.sleep(0)
            before = capsys.readouterr().out
            one.listen()
            await said
        return port, before

    port, before = asyncio.run(started())
    assert before == ""
    assert f"http://{HOST}:{port}" in capsys.readouterr().out


def test_a_port_that_somebody_has_is_refused_with_the_remedy():
    with socket.socket() as one:
        one.bind((HOST, 0))
        one.listen()
        with pytest.raises(ValueError, match="--port"):
            check_port(one.getsockname()[1])
