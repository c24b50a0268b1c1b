"""A fixture for tests that search: however busy a machine is, they get the same seconds."""

import time

import pytest


@pytest.fixture(autouse=True)
def own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time limits count this process's seconds on the processor, which nobody else on the machine takes."""
    monkeypatch.setattr(time, "monotonic", time.process_time)
