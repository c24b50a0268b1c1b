import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from strategies import expressions

from nsr.expressions.expression import Expression
from nsr.ode.settings import OdeSettings
from nsr.refinement.refine import Effort
from nsr.report.report import Report, SearchSummary
from nsr.saving.plain import plain, rebuilt
from nsr.search.evolution_settings import EvolutionSettings
from nsr.search.settings import SearchSettings

NUMBERS = nps.arrays(
    st.sampled_from([np.float64, np.int64, np.bool_]), nps.array_shapes(min_dims=1, max_dims=3, min_side=0)
)


def there_and_back(kind, value):
    return rebuilt(kind, json.loads(json.dumps(plain(value), allow_nan=False)))


@given(NUMBERS)
def test_arrays_keep_type_shape_and_every_bit(values):
    again = there_and_back(np.ndarray[tuple[int, ...], np.dtype[np.float64]], values)
    assert again.dtype == values.dtype
    np.testing.assert_array_equal(again, values)


@given(expressions())
def test_expressions_keep_their_tokens(expression):
    assert there_and_back(Expression, expression) == expression


@pytest.mark.parametrize(
    "settings",
    [
        SearchSettings(),
        SearchSettings(evolution=EvolutionSettings(n_children=7, first=Effort(1, 2, 3))),
        OdeSettings(),
    ],
)
def test_settings_are_equal_again(settings):
    assert there_and_back(type(settings), settings) == settings


@given(st.floats(), st.one_of(st.none(), st.integers()))
def test_numbers_keep_every_bit_and_what_may_be_missing_stays_so(seconds, seed):
    summary = SearchSummary("time", 3, seconds, 1.0, seed)
    again = there_and_back(SearchSummary, summary)
    assert again == summary or (math.isnan(seconds) and math.isnan(again.seconds))


def test_what_json_cannot_hold_is_refused():
    with pytest.raises(TypeError, match="function"):
        plain({"loss": lambda p, y: p - y})


@pytest.mark.parametrize("wrong", [{}, [], 3, None, {"equation": 5}])
def test_what_is_of_another_type_is_refused(wrong):
    with pytest.raises((TypeError, KeyError)):
        rebuilt(Report, wrong)
    with pytest.raises((TypeError, ValueError)):
        rebuilt(tuple[int, str], wrong)
    with pytest.raises((TypeError, KeyError)):
        rebuilt(Expression, {"tokens": wrong})


def test_arrays_of_other_things_than_numbers_are_refused():
    content = {"type": "object", "shape": [1], "values": ["x"]}
    with pytest.raises(ValueError, match="not one of numbers"):
        rebuilt(np.ndarray[tuple[int, ...], np.dtype[np.float64]], content)


def test_all_fields_of_a_report_are_known_types():
    hints = {field.name for field in dataclasses.fields(Report)}
    assert hints == {
        "equation", "n_rows", "n_rows_used", "n_columns", "explained", "noise", "relative_error", "columns",
        "search", "findings", "by_group",
    }  # fmt: skip
