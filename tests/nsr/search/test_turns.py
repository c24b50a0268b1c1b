from types import SimpleNamespace

import pytest

from nsr.search import turns
from nsr.search.turns import in_turns


def test_time_is_shared_and_not_turns(monkeypatch):
    now = 0.0
    monkeypatch.setattr(turns, "time", SimpleNamespace(monotonic=lambda: now))

    def batches(name: str, seconds: float, count: int):
        nonlocal now
        for _ in range(count):
            now += seconds
            yield name

    order = list(in_turns([(1.0, batches("slow", 4.0, 5)), (2.0, batches("quick", 1.0, 60))]))
    assert order.count("slow") == 5
    assert order.count("quick") == 60
    between = order[order.index("slow") + 1 : len(order) - 1 - order[::-1].index("slow")]
    assert between.count("quick") == pytest.approx(2.0 * 4.0 * 4, abs=2)
