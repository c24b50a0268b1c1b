"""The command `nsr app`, up to where it serves."""

import socket
import sys

import pytest

from nsr import cli


def refused(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["nsr", "app", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == cli.EXIT_BAD_INPUT
    return capsys.readouterr().err


def test_without_its_extra_it_names_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "nicegui", None)
    monkeypatch.delitem(sys.modules, "nsr.app.widgets.server", raising=False)
    assert refused(monkeypatch, capsys) == "nsr: the page needs nicegui: pip install 'nsr[app]'\n"


def test_a_port_that_is_taken_and_a_file_that_is_not_there(monkeypatch, capsys):
    pytest.importorskip("nicegui")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert "give another with --port" in refused(monkeypatch, capsys, "--port", port)
    assert "there is no file nowhere.csv" in refused(monkeypatch, capsys, "nowhere.csv")
