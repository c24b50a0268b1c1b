"""The page for those who know PySR, gplearn or PySINDy names what these and NSR really have."""

from __future__ import annotations

import inspect
import json
import re
import warnings
from dataclasses import is_dataclass
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from markdown_tables import Row, rows

import nsr
from nsr import ODERegressor, SymbolicRegressor
from nsr.cli import app
from nsr.ode.settings import OdeSettings
from nsr.search.settings import SearchSettings

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "coming-from.md"
ROWS = list(rows(PAGE))
NONE = "—"
PYSR = json.loads((Path(__file__).parent / "pysr_parameters.json").read_text())
SINDY = (
    "SINDy", "SINDy.fit", "BaseOptimizer", "STLSQ", "SR3", "SSR", "FROLS", "EnsembleOptimizer",
    "WrappedOptimizer", "PolynomialLibrary", "FourierLibrary", "CustomLibrary", "ConcatLibrary",
    "TensoredLibrary", "GeneralizedLibrary", "ParameterizedLibrary", "SINDyPILibrary", "PDELibrary",
    "WeakPDELibrary",
)  # fmt: skip
# There only where other packages are.
FURTHER = ("ConstrainedSR3", "StableLinearSR3", "TrappingSR3", "SINDyPI", "MIOSR", "SBR")
DIFFERENTIATION = ("FiniteDifference", "SmoothedFiniteDifference", "SpectralDerivative", "SINDyDerivative")


def theirs(section: str, of: str | None = None) -> list[str]:
    """The names on the left side of a section, those of one class where rows say which."""
    own = [row for row in ROWS if row.section == section and (of is None or of in row["Of"].code)]
    return sorted(name for row in own for name in row[section].code)


def parameters(function: Any) -> list[str]:
    return sorted(set(inspect.signature(function).parameters) - {"self"})


def test_pysr_is_complete():
    names = PYSR["PySRRegressor"] + PYSR["PySRRegressor.fit"]
    assert theirs("PySR") == sorted(names)
    assert f"PySR {PYSR['version']}" in PAGE.read_text()


def test_gplearn_is_complete():
    genetic = pytest.importorskip("gplearn.genetic")
    assert theirs("gplearn") == parameters(genetic.SymbolicRegressor)


@pytest.mark.parametrize("name", SINDY + DIFFERENTIATION)
def test_pysindy_is_complete(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it imports
        pysindy = pytest.importorskip("pysindy")
    function = reduce(getattr, name.split("."), pysindy)
    assert theirs("PySINDy", name) == parameters(function)


def test_pysindy_has_no_other_classes():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pysindy = pytest.importorskip("pysindy")
    kinds = (
        pysindy.BaseOptimizer, pysindy.BaseDifferentiation, pysindy.feature_library.base.BaseFeatureLibrary
    )  # fmt: skip
    there = {name for name, one in vars(pysindy).items() if inspect.isclass(one) and issubclass(one, kinds)}
    said = {*SINDY, *DIFFERENTIATION, *FURTHER, "BaseDifferentiation", "IdentityLibrary"}
    assert there - said == set(), "name them on the page, or here where they have no parameters"
    assert all(f"`{name}`" in PAGE.read_text() for name in FURTHER)
    assert {name for row in ROWS if row.section == "PySINDy" for name in row["Of"].code} == {
        *SINDY, *DIFFERENTIATION
    }  # fmt: skip


def test_examples_have_parameters_that_exist():
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        exec(block, {})


def attribute(owner: type, name: str) -> bool:
    """Whether fitted estimators have an attribute; scikit-learn sets some and documents them."""
    documented = re.findall(r"^ +(\w+_): ", inspect.getdoc(owner) or "", re.MULTILINE)
    return hasattr(owner, name) or name in documented


def exists(name: str, owner: type, settings: Any) -> bool:
    """Whether NSR has what a name on the right side says."""
    if option := re.fullmatch(r"nsr (\w+) (--[\w-]+)", name):
        command = typer.main.get_command(app).commands[option[1]]  # type: ignore[attr-defined]
        return any(option[2] in one.opts for one in command.params)
    if number := re.fullmatch(r"settings\.([\w.]+)", name):
        *path, last = number[1].split(".")
        group = reduce(getattr, path, settings)
        return is_dataclass(group) and hasattr(group, last)
    if called := re.fullmatch(r"([\w.]*?)\(?(\w*)=?\)?", name):
        place, parameter = called.groups()
        if name == f"{parameter}=":
            return parameter in inspect.signature(owner).parameters
        if name.startswith("nsr."):
            *_, function = found(re.sub(r"\(.*", "", name))
        elif name.endswith("_"):
            return attribute(owner, name)
        else:
            function = getattr(owner, place, None)
        if not callable(function):
            return False
        return "(" not in name or not parameter or parameter in inspect.signature(function).parameters
    return False


def found(name: str) -> tuple[Any, ...]:
    """The module and the attribute of a dotted name."""
    module, _, last = name.rpartition(".")
    home = nsr if module == "nsr" else import_module(module)
    return home, getattr(home, last, None)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(row[row.section].code)[:40])
def test_ours_exist_or_there_is_a_reason(row: Row):
    owner, settings = (
        (ODERegressor, OdeSettings()) if row.section == "PySINDy" else (SymbolicRegressor, SearchSettings())
    )
    ours = row["NSR"]
    if ours.text == NONE:
        assert row["In short"].text, "say why there is none"
        return
    assert ours.code, "name what takes its place, in backticks"
    assert ", ".join(ours.code) == ours.text, "names only: the rest belongs into the last column"
    missing = [name for name in ours.code if not exists(name, owner, settings)]
    assert not missing
    assert "not there yet" not in row["In short"].text


@pytest.mark.parametrize(
    "name",
    [
        "no_such=", "fit(no_such=)", "no_such(path=)", "no_such()", "no_such_", "settings.no_such",
        "settings.evolution.no_such", "nsr fit --no-such", "nsr.no_such", "nsr.operator(no_such=)", "maxsize",
    ],
)  # fmt: skip
def test_what_does_not_exist_is_seen(name):
    assert not exists(name, SymbolicRegressor, SearchSettings())
