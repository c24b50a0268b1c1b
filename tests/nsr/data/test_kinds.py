import numpy as np
import pytest

from nsr import ODERegressor, PDERegressor, SymbolicRegressor
from nsr.data.kinds import check_kinds


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"category": {}}, r"^category must be text, a whole number or None, not \{\}$"),
        ({"stages": None}, "^stages must be text or a list of texts, not None$"),
        ({"operators": [[]]}, "^operators must be text, a list of texts or None, not"),
        ({"complexity": {1: 2}}, "^complexity must be a mapping with texts as keys or None, not"),
        ({"callback": 3}, "^callback must be a function or None, not 3$"),
        ({"constant_bounds": 3}, "^constant_bounds must be a pair of numbers or None, not 3$"),
        ({"settings": "fast"}, "^settings must be of the type SearchSettings or None, not 'fast'$"),
        ({"template": 1}, "^template must be text or None, not 1$"),
        ({"without": b"sin" * 500}, r"not b'sinsin.{0,60}\.\.\.$"),
    ],
)
def test_parameters_of_another_kind_are_told_by_name(parameters, message):
    with pytest.raises(ValueError, match=message):
        SymbolicRegressor(**parameters).fit([[1.0], [2.0], [3.0]], [1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_candidates": np.int64(3), "time_limit": np.float32(2), "verbose": np.True_},
        {"time_limit": 3, "exponents": iter([1, 2]), "random_state": np.random.RandomState(0)},
        {"operators": np.array(["add"]), "required": {"x"}, "constant_bounds": np.array([0, 1])},
    ],
)
def test_what_is_as_good_is_taken(parameters):
    check_kinds(SymbolicRegressor(**parameters))


@pytest.mark.parametrize("estimator", [SymbolicRegressor, ODERegressor, PDERegressor])
def test_defaults_are_of_their_kinds(estimator):
    check_kinds(estimator())
