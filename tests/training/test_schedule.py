"""The learning rate's three phases, over steps and over time."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from lightning.pytorch.callbacks import Timer

from training.schedule import Schedule, share_done


def trainer(step=0, max_steps=-1, callbacks=()):
    strategy = SimpleNamespace(broadcast=lambda value: value)
    return SimpleNamespace(
        global_step=step, max_steps=max_steps, callbacks=list(callbacks), strategy=strategy
    )


def test_rises_stays_and_falls_linearly():
    schedule = Schedule(warmup_steps=10, decay_share=0.2)
    assert schedule.factor(0, 0.0) == pytest.approx(0.1)
    assert schedule.factor(4, 0.01) == pytest.approx(0.5)
    assert schedule.factor(500, 0.5) == schedule.factor(790, 0.79) == 1.0
    assert schedule.factor(900, 0.9) == pytest.approx(0.5)
    assert schedule.factor(1000, 1.0) == schedule.factor(1001, 1.2) == 0.0


def test_no_decay_stays_constant():
    assert Schedule(warmup_steps=0, decay_share=0.0).factor(10, 1.0) == 1.0


def test_decay_share_is_a_share():
    with pytest.raises(ValueError, match="between 0 and 1"):
        Schedule(decay_share=15)


def test_share_of_steps():
    assert share_done(trainer(25, 100)) == 0.25
    assert share_done(trainer(25)) == 0.0


def test_share_of_time_counts_what_earlier_starts_used():
    timer = Timer(duration=timedelta(hours=1))
    timer.load_state_dict({"time_elapsed": {"train": 900.0}})
    assert share_done(trainer(callbacks=[timer])) == pytest.approx(0.25)
    assert share_done(trainer(90, 100, [timer])) == pytest.approx(0.9)
