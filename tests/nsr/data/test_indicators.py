import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import OneHotEncoder

from nsr.data.indicators import Indicators


@pytest.fixture
def frame(rng):
    return pd.DataFrame(
        {
            "mass": rng.uniform(1, 2, 60),
            "sex": rng.choice(["male", "female"], 60),
            "site": pd.Categorical(rng.choice(["a", "b", "c"], 60)),
        }
    )


def test_columns_are_those_of_scikit_learns_encoder(frame):
    found = Indicators.of(frame)
    assert found is not None
    encoder = OneHotEncoder(drop="if_binary", sparse_output=False).fit(frame[["sex", "site"]])
    encoded = found.encoded(frame)
    assert list(encoded.columns) == ["mass", "sex=male", "site=a", "site=b", "site=c"]
    np.testing.assert_array_equal(encoded.iloc[:, 1:], encoder.transform(frame[["sex", "site"]]))


def test_numbers_need_none_and_new_values_are_refused(frame):
    assert Indicators.of(frame[["mass"]]) is None
    found = Indicators.of(frame)
    assert found is not None
    with pytest.raises(ValueError, match="'other', which it did not in the fit; the values are female, male"):
        found.encoded(frame.assign(sex="other"))
    with pytest.raises(ValueError, match="60 different values"):
        Indicators.of(frame.assign(name=[f"n{i}" for i in range(60)]))


def test_empty_cells_are_missing_in_all_of_their_columns(frame):
    frame.loc[3, "site"] = None
    found = Indicators.of(frame)
    assert found is not None
    assert found.encoded(frame).isna().sum().tolist() == [0, 0, 1, 1, 1]


def test_units_are_those_of_numbers(frame):
    found = Indicators.of(frame)
    assert found is not None
    assert found.units(["kg", "", ""]) == ["kg", "1", "1", "1", "1"]
    assert found.units({"mass": "kg"}) == {"mass": "kg"} | dict.fromkeys(found.names[1:], "1")
