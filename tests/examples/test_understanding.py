"""The examples of understanding, shortened."""

import pytest

from examples import friedman, saliency

pytestmark = pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")


def test_what_mattered_in_friedmans_function(capsys):
    friedman.main(rows=120, columns=5, noise=0.5, time_limit=0.5, seed=0)
    printed = capsys.readouterr().out
    assert all(part in printed for part in ("before the fit", "sobol_total", "of the residuals"))


def test_gradients_agree_with_leaving_out():
    assert min(saliency.agreements(1, 24, 0).values()) >= 0.7
