import itertools

import pytest

from nsr.clock import Meter
from nsr.search.turns import in_turns


def test_work_is_shared_and_not_turns():
    meter = Meter()

    def batches(name: str, work: float, count: int):
        for _ in range(count):
            meter.done += work
            yield name

    order = list(in_turns([(1.0, batches("long", 4.0, 5)), (2.0, batches("short", 1.0, 60))], meter))
    assert order.count("long") == 5
    assert order.count("short") == 60
    between = order[order.index("long") + 1 : len(order) - 1 - order[::-1].index("long")]
    assert between.count("short") == pytest.approx(2.0 * 4.0 * 4, abs=2)


def test_what_reports_no_work_does_not_starve_others():
    order = list(
        itertools.islice(in_turns([(1.0, itertools.repeat(0)), (1.0, itertools.repeat(1))], Meter()), 10)
    )
    assert order.count(1) == 5
