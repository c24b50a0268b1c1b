"""Rows of fitted fronts in other languages, through the estimators."""

import html
import pickle
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import sympy
import torch
from untrained import UNTRAINED

import nsr
from nsr import ODERegressor, SymbolicRegressor
from nsr.evaluate.program import Program
from nsr.export.onnx import to_onnx
from nsr.expressions.operators import OPERATORS
from nsr.expressions.parsing import parse

TIMES = np.linspace(0, 5, 60)


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(4)
    return pd.DataFrame(rng.uniform(1, 2, (40, 3)), columns=["mass (kg)", "idle", "v"])


@pytest.fixture(scope="module")
def model(table):
    y = 0.4567 * table["mass (kg)"] * table["v"] ** 2 + 1.2345
    model = SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=8, stages=("families",), n_equations=6)
    noise = 0.01 * np.random.default_rng(8).standard_normal(40)
    return model.fit(table, (y + noise).rename("energy"))


@pytest.fixture(scope="module")
def systems():
    states = pd.DataFrame({"u": 2 * np.exp(-0.7 * TIMES), "v": 1 + 3 * np.exp(-0.2 * TIMES)})
    return ODERegressor(stages=("library",)).fit(TIMES, states)


def columns_of(model, table, row):
    """The columns that an equation has, as its exports take them."""
    return [table.to_numpy()[:, place] for place in model.expressions_[model.row(row)].variables]


def called(text, *arguments):
    scope = {}
    exec(text, scope)
    return next(value for name, value in scope.items() if name[0] in "df" and callable(value))(*arguments)


def test_every_row_is_exported_with_the_columns_that_occur(model, table):
    for row in range(len(model.equations_)):
        expected = model.predict(table, row)
        own = columns_of(model, table, row)
        np.testing.assert_allclose(called(model.numpy(row), *own) + np.zeros(40), expected, rtol=1e-12)
        np.testing.assert_allclose(called(model.python(row), *(c[0] for c in own)), expected[0], rtol=1e-12)
        module = model.torch(row)
        values = module(torch.tensor(table.to_numpy())).detach()
        np.testing.assert_allclose(values, expected, rtol=1e-12)
        assert all(parameter.requires_grad for parameter in module.parameters())
    for write in (model.c, model.jax, model.matlab, model.julia):
        assert "idle" not in write()
        assert "mass_kg" in write()


def test_excel_finds_the_columns_where_the_table_has_them(model):
    assert "A2" in model.excel()
    assert "C2" in model.excel()
    assert "Z9" in model.excel(cells=["Z9", "Y9", "X9"])
    with pytest.raises(ValueError, match="give 3 cells"):
        model.excel(cells=["A1"])


def test_a_row_that_does_not_exist_is_refused(model):
    with pytest.raises(ValueError, match="there is no row 99"):
        model.julia(99)


def test_systems_are_exported_by_component(systems):
    values = dict(zip(sympy.symbols("u v", real=True), (1.5, 0.5), strict=True))
    expected = [Program([one]).values(np.array([[1.5, 0.5]]))[0, 0] for one in systems.expressions_[-1]]
    texts = systems.python(-1)
    assert ["def du_dt(u, v)" in texts[0], "def dv_dt(u, v)" in texts[1]] == [True, True]
    np.testing.assert_allclose([called(text, 1.5, 0.5) for text in texts], expected)
    np.testing.assert_allclose([float(one.subs(values)) for one in systems.sympy(-1)], expected)
    assert [len(write(-1)) for write in (systems.latex, systems.c, systems.excel, systems.torch)] == [2] * 4
    assert "double du_dt(double u, double v)" in systems.c(-1)[0]


def mathml(text):
    return [ElementTree.fromstring(html.unescape(one + "</math>")) for one in text.split("</math>")[:-1]]


def test_notebooks_show_typeset_equations(model, systems):
    for fitted, n_each in ((model, 1), (systems, 2)):
        text = fitted._repr_html_()
        root = ElementTree.fromstring(html.unescape(text))
        rows = root.findall("./tbody/tr")
        assert len(rows) == len(fitted.equations_)
        assert [len(row.findall(".//math")) for row in rows] == [n_each] * len(rows)
        assert ["★" in row[0].text for row in rows].index(True) == fitted.best_index_
        bundle = fitted._repr_mimebundle_(include=None, exclude=None)
        assert bundle == {"text/plain": repr(fitted), "text/html": text}
        assert "http" not in text
    numbers = {one.text for one in root.iter("mn")}
    assert any(number.startswith("-0.7") or number.startswith("0.7") for number in numbers)
    assert "class=" in SymbolicRegressor()._repr_html_()  # of scikit-learn


def test_names_cannot_bring_markup_into_notebooks():
    X = pd.DataFrame({"<script>alert(1)</script>": np.linspace(1, 2, 12)})
    model = SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=8, stages=("families",))
    assert "<script" not in model.fit(X, 2 * X.iloc[:, 0])._repr_html_()


def test_the_table_of_latex_has_a_line_for_each_row(model, systems):
    for fitted in (model, systems):
        lines = fitted.latex_table().splitlines()
        rows = [line for line in lines if line.endswith(r"\\")][1:]
        assert (lines[0], lines[-1]) == (r"\begin{tabular}{rrrrl}", r"\end{tabular}")
        assert len(rows) == len(fitted.equations_)
        assert all(line.count(" & ") == 4 and line.count("$") % 2 == 0 for line in rows)
        assert [r"\star" in row for row in rows].index(True) == fitted.best_index_
    assert r"\frac{d u}{dt} = " in rows[-1]


@pytest.mark.slow
def test_onnx_models_compute_the_same():
    """By the reference of the standard, as runtimes have not all operators in 64 bits."""
    onnx = pytest.importorskip("onnx")
    reference = pytest.importorskip("onnx.reference")
    pytest.importorskip("onnxscript")
    calls = {1: "{0}(x_0/2.5)", 2: "{0}(x_0, x_1)"}
    texts = [calls[one.arity].format(one.name) for one in OPERATORS.values() if one.symbol is None]
    expression = parse(" + ".join([*texts, "1.5*x_0*x_2 - x_0/x_1 + x_0**1.5"]))
    X = np.random.default_rng(1).uniform(0.5, 2, (5, 3))
    evaluator = reference.ReferenceEvaluator(onnx.load_model_from_string(to_onnx(expression, 3)))
    np.testing.assert_allclose(
        evaluator.run(None, {"X": X})[0], Program([expression]).values(X)[0], rtol=1e-12
    )


def test_onnx_of_a_row_takes_all_columns(model, table):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    session = runtime.InferenceSession(model.onnx(dtype="float32"))
    values = session.run(["y"], {"X": table.to_numpy(np.float32)})[0]
    np.testing.assert_allclose(values, model.predict(table), rtol=1e-5)


def test_what_is_read_back_exports_the_same(model, systems, tmp_path):
    for fitted in (model, systems):
        fitted.save(tmp_path / "result.json")
        for other in (nsr.load(tmp_path / "result.json"), pickle.loads(pickle.dumps(fitted))):
            assert other._repr_html_() == fitted._repr_html_()
            assert other.latex_table() == fitted.latex_table()
            for name in ("python", "numpy", "jax", "c", "excel", "matlab", "julia", "latex", "sympy"):
                assert getattr(other, name)(0) == getattr(fitted, name)(0)


def test_sympy_forms_are_over_the_columns_names(model):
    assert model.sympy().free_symbols <= set(sympy.symbols("mass_kg idle v", real=True))
