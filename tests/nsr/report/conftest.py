import pytest
from tasks import task

from nsr.expressions.parsing import parse
from nsr.report.fitted import Fitted
from nsr.report.report import SearchSummary, report_on


@pytest.fixture
def reported():
    """Makes a report on an equation, its constants as they are given."""

    def make(X, y, text, seed=0, ended="answered", **more):
        names = [f"x_{place}" for place in range(X.shape[1])]
        fitted = Fitted(task(X, y, **more), parse(text), names, seed)
        return report_on(fitted, text, len(y), SearchSummary(ended, 1000, 1.5, 30.0, 0))

    return make
