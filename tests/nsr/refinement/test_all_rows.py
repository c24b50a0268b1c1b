"""Constants of a front that are fitted to all rows of a long table."""

from functools import partial

import numpy as np
import pytest
import torch
from scipy.optimize import curve_fit

from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.network.devices import device_of_rows
from nsr.refinement import all_rows
from nsr.refinement.candidates import scored
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.task import Task


@pytest.mark.parametrize(
    ("backend", "device"),
    [
        ("compiled", "cpu"),
        ("torch", "cpu"),
        pytest.param(
            "torch", "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
        ),
    ],
)
def test_any_device_finds_the_constants_that_scipy_finds(backend, device, rng, monkeypatch):
    monkeypatch.setattr("nsr.refinement.blocks.ROWS_AT_A_TIME", 700)
    monkeypatch.setattr("nsr.refinement.gauss_newton.ROWS_AT_A_TIME", 700)
    monkeypatch.setattr(all_rows, "Program", partial(Program, backend=backend))
    x = rng.uniform(0, 2, 2_000)
    y = 3.17 * np.exp(-1.37 * x) + 0.05 * rng.standard_normal(2_000)
    task = Task(x[:, None], y, SQUARED_ERROR)
    found = scored([parse("3.05123*exp(-1.29876*x_0)"), parse("2.41234 - 1.25678*x_0")], task, "curves")
    curve, line = all_rows.on_all_rows(found, task, device=device)
    values, _ = curve_fit(lambda x, a, b: a * np.exp(b * x), x, y, (3, -1))
    np.testing.assert_allclose(curve.expression.constants, values, rtol=1e-6)
    np.testing.assert_allclose(
        Program([line.expression]).values(task.X)[0], np.polyval(np.polyfit(x, y, 1), x), rtol=1e-6
    )
    assert curve.stage == "curves"


def test_rows_are_evaluated_on_the_device_where_it_computes_in_64_bits(monkeypatch):
    assert device_of_rows("cpu") == "cpu"
    monkeypatch.setattr("nsr.network.devices.find_device", lambda name: {"auto": "cuda"}.get(name, name))
    assert [device_of_rows(name) for name in ("auto", "cuda:1", "mps")] == ["cuda", "cuda:1", "cpu"]
