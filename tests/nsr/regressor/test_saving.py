"""Saved estimators are read back and say what they said before."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest
from untrained import UNTRAINED

import nsr
from nsr import SymbolicRegressor
from nsr.data.notes import DataWarning
from nsr.expressions.definitions import define
from nsr.expressions.operators import OPERATORS, Operator
from nsr.search.evolution_settings import EvolutionSettings
from nsr.search.settings import SearchSettings


def squared(predicted, y):
    return (predicted - y) ** 2


def fitted(y_err=None, weight=None, **parameters):
    rng = np.random.default_rng(5)
    table = pd.DataFrame({"S [mM]": np.repeat([0.3, 0.7, 1.5, 3, 6, 12, 25], 5), "T": rng.uniform(1, 2, 35)})
    y = 12 * table["S [mM]"] / (2 + table["S [mM]"]) + 0.3 * rng.standard_normal(35)
    given = {"checkpoint": UNTRAINED, "n_candidates": 16, "stages": ("families",)}
    model = SymbolicRegressor(**given | parameters)
    model.fit(table, y.rename("rate"), sample_weight=weight, y_err=y_err)
    return model, table


def answer(model, table, index, asked):
    answered = model.predict(table, index, **asked)
    return answered if asked else (answered,)


def assert_says_the_same(other, model, table):
    pd.testing.assert_frame_equal(other.equations_, model.equations_)
    pd.testing.assert_frame_equal(other.constants_, model.constants_)
    assert other.expressions_ == model.expressions_
    assert other.names_ == model.names_
    assert other.data_ == model.data_
    assert (repr(other), other.sympy(), other.latex()) == (repr(model), model.sympy(), model.latex())
    assert other.equations("warranted") == model.equations("warranted")
    assert [one.text for one in other.reports_] == [one.text for one in model.reports_]
    assert repr(other.report()) == repr(model.report())
    assert other.report().to_dict() == model.report().to_dict()
    for name in ("best_index_", "loss_", "ended_", "n_tried_", "seconds_", "warnings_"):
        assert getattr(other, name) == getattr(model, name)
    for index in range(len(model.equations_)):
        for asked in ({}, {"return_std": True}, {"interval": 0.9}):
            pairs = zip(answer(other, table, index, asked), answer(model, table, index, asked), strict=True)
            for again, before in pairs:
                np.testing.assert_array_equal(again, before)


@pytest.mark.parametrize(
    "parameters",
    [
        {"guesses": ("Vm*'S [mM]'/(Km + 'S [mM]')",)},
        {"loss": "huber", "settings": SearchSettings(evolution=EvolutionSettings(n_children=9))},
        {"loss": "gamma", "random_state": None},
        {"y_err": np.linspace(0.2, 0.4, 35)},
        {"weight": np.arange(35) % 3},
    ],
    ids="-".join,
)
def test_what_is_read_back_says_the_same(parameters, tmp_path):
    model, table = fitted(**parameters)
    path, again = tmp_path / "result.json", tmp_path / "again.json"
    model.save(path)
    other = nsr.load(path)
    assert_says_the_same(other, model, table)
    assert other.get_params() == model.get_params()
    other.save(str(again))
    assert json.loads(again.read_text()) == json.loads(path.read_text())


def test_a_copy_by_pickle_says_the_same_and_keeps_the_rows():
    model, table = fitted()
    other = pickle.loads(pickle.dumps(model))
    assert other._seen.n_rows == 35
    assert_says_the_same(other, model, table)


def test_a_loss_that_is_a_function_is_given_again(tmp_path):
    model, table = fitted(loss=squared)
    model.save(tmp_path / "result.json")
    with pytest.raises(ValueError, match=r"nsr\.load\(path, loss=squared\)"):
        nsr.load(tmp_path / "result.json")
    assert_says_the_same(nsr.load(tmp_path / "result.json", loss=squared), model, table)


def test_what_is_read_back_can_be_fitted_again(tmp_path):
    model, table = fitted()
    model.save(tmp_path / "result.json")
    other = nsr.load(tmp_path / "result.json")
    before = other.report()
    other.fit(table, 2 * table["T"])
    assert other.equations()[other.best_index_] == "2*T"
    assert other.report().equation != before.equation


def test_the_file_tells_readers_what_there_is(tmp_path):
    model, table = fitted()
    model.save(tmp_path / "result.json")
    content = json.loads((tmp_path / "result.json").read_text())
    assert (content["target"], content["columns"]["S_mM"]) == ("rate", "S [mM]")
    assert content["data"]["n_rows"] == 35
    assert content["data"]["columns"][0]["high"] == table["S [mM]"].max()
    assert content["equations"][content["best"]]["equation"] == model.best_["equation"]
    assert content["parameters"]["n_candidates"] == 16
    told = model.constants_[model.constants_["equation"] == model.best_index_]
    assert [one["error"] for one in content["equations"][content["best"]]["constants"]] == list(told["error"])


def test_warnings_are_kept(tmp_path):
    rng = np.random.default_rng(1)
    model = SymbolicRegressor(checkpoint=UNTRAINED, stages="families", n_candidates=16)
    with pytest.warns(DataWarning, match="explains"):
        model.fit(rng.uniform(1, 2, (40, 1)), rng.standard_normal(40))
    assert any("explains" in warning for warning in model.warnings_)
    model.save(tmp_path / "result.json")
    assert nsr.load(tmp_path / "result.json").warnings_ == model.warnings_


def test_operators_that_are_put_together_are_in_the_file(tmp_path, registered):
    before = dict(OPERATORS.snapshot)
    define("lorentz(v) = 1/sqrt(1 - v**2)")
    v = np.linspace(0.1, 0.9, 40)
    X = pd.DataFrame({"m": np.linspace(1, 2, 40)[::-1] ** 2, "v": v})
    model = SymbolicRegressor(
        checkpoint=UNTRAINED, n_candidates=8, guesses="k*m*lorentz(v)", stages="families"
    )
    model.fit(X, 3 * X["m"] / np.sqrt(1 - v**2))
    row = next(i for i, text in enumerate(model.equations()) if "lorentz" in text)
    model.save(tmp_path / "result.json")
    expected = model.predict(X, row)
    OPERATORS._publish(before)
    other = nsr.load(tmp_path / "result.json")
    np.testing.assert_array_equal(other.predict(X, row), expected)
    assert other.equations() == model.equations()
    OPERATORS._publish(before)
    define("lorentz(v) = 1 - v")
    with pytest.raises(ValueError, match="'lorentz' is another one here"):
        nsr.load(tmp_path / "result.json")


def test_operators_from_outside_are_registered_before(tmp_path, registered):
    model, _ = fitted()
    model.save(tmp_path / "result.json")
    content = json.loads((tmp_path / "result.json").read_text())
    content["equations"][content["best"]]["tokens"] = ["halved", "x_0"]
    (tmp_path / "other.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="halved"):
        nsr.load(tmp_path / "other.json")
    registered(Operator("halved", 1, lambda a: a / 2, lambda a: a / 2))
    assert nsr.load(tmp_path / "other.json").equations()[content["best"]] == "halved(S_mM)"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"best": 99}, "not a result"),
        ({"equations": []}, "not a result"),
        ({"equations": 3}, "not a result"),
        ({"parameters": {"colour": "red"}}, "not a result"),
        ({"data": {}}, "not a result"),
        ({"format": 0}, "another version"),
    ],
)
def test_what_was_changed_is_refused(tmp_path, change, message):
    model, _ = fitted()
    model.save(tmp_path / "result.json")
    content = json.loads((tmp_path / "result.json").read_text()) | change
    (tmp_path / "result.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message):
        nsr.load(tmp_path / "result.json")


def parts_of(value, path=()):
    """All places in nested lists and objects."""
    yield path
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield from parts_of(value[key], (*path, key))


def test_whatever_is_changed_in_a_file_is_refused_in_a_line_or_read(tmp_path):
    model, _ = fitted()
    path = tmp_path / "result.json"
    model.save(path)
    text = path.read_text()
    places = [place for place in parts_of(json.loads(text)) if place]
    rng = np.random.default_rng(3)
    refused = []
    for number in rng.permutation(len(places))[:30]:
        for junk in (None, "x", -7, [], {}, float("inf"), True):
            content = json.loads(text)
            whole = content
            for key in places[number][:-1]:
                whole = whole[key]
            whole[places[number][-1]] = junk
            path.write_text(json.dumps(content))
            try:
                nsr.load(path)
            except ValueError as error:
                refused.append(str(error))
    assert len(refused) > 50
    assert not any("\n" in message for message in refused)


def test_rows_that_do_not_exist_are_refused():
    model, table = fitted()
    last = len(model.equations_) - 1
    np.testing.assert_array_equal(model.predict(table, -1), model.predict(table, last))
    with pytest.raises(ValueError, match=f"there is no row {last + 1}: the front has the rows 0 to {last}"):
        model.predict(table, last + 1)
