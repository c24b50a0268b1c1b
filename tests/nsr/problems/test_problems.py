"""The benchmark tables: complete, inside their domains, and equal to what was published."""

import csv
import json
import math
from pathlib import Path

import mpmath
import numpy as np
import pytest
import sympy
from sklearn.datasets import make_friedman1, make_friedman2, make_friedman3

from nsr.evaluate.program import Program
from nsr.problems.formulas import TABLES
from nsr.problems.problem import Problem, sample
from nsr.problems.suites import load, load_systems, registered

REFERENCES = Path(__file__).parents[4] / "shared" / "reference"
REFERENCE, SRSD_REFERENCE = REFERENCES / "feynman.csv", REFERENCES / "srsd.json"
SIZES = {
    "feynman": 120,
    "strogatz": 14,
    "nguyen": 12,
    "keijzer": 15,
    "livermore": 22,
    "korns": 15,
    "jin": 6,
    "vladislavleva": 8,
    "srsd": 120,
    "friedman": 3,
    "generated": 156,
    "hard": 200,
    "hard2": 200,
    "periods": 22,
    "nist": 27,
}
TABLE_NAMES = (
    "feynman",
    "strogatz",
    "classical",
    "srsd",
    "friedman",
    "generated",
    "hard",
    "hard2",
    "periods",
)
PROBLEMS = {problem.name: problem for suite in SIZES for problem in load(suite)}
CLASSICAL = ("nguyen", "keijzer", "livermore", "korns", "jin", "vladislavleva")
SYSTEMS = {problem.name: problem.system for problem in load_systems("odebench")}


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def by_sympy(formula: str, names: tuple[str, ...], X: np.ndarray, constants: str = "") -> np.ndarray:
    """Values of a formula of this repository's own tables, by SymPy."""
    symbols = sympy.symbols(names)
    known = dict(zip(names, symbols, strict=True))
    known |= {name: sympy.Float(value, 17) for name, value in (c.split(":") for c in constants.split())}
    parsed = sympy.parse_expr(formula.replace("^", "**"), local_dict=known)
    values = sympy.lambdify(symbols, parsed, modules="numpy")(*X.T)
    return np.broadcast_to(values, len(X))


def test_suites_are_complete_and_names_unique():
    assert {suite.name: len(suite.read()) for suite in registered(Problem)} == SIZES
    assert len(PROBLEMS) == sum(SIZES.values())
    assert len(load("classical")) == sum(SIZES[suite] for suite in CLASSICAL)
    sizes = np.bincount([len(system) for system in SYSTEMS.values()])
    assert sizes.tolist() == [0, 23, 28, 10, 2]


def test_unknown_suite_names_those_there_are():
    with pytest.raises(ValueError, match=r"choose one of feynman, strogatz.*classical"):
        load("feinman")
    with pytest.raises(ValueError, match="no suite 'feynman'; choose one of odebench, chaotic, textbook"):
        load_systems("feynman")


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_every_problem_can_be_sampled_in_its_ranges(problem):
    X, y = sample(problem, 64, seed=3)
    low, high = np.array(problem.ranges).T
    assert X.shape == (64, len(problem.variable_names))
    assert np.all(low < high)
    assert np.all((low <= X) & (high >= X))
    assert np.all(np.isfinite(y))
    assert y.std() > 0
    again = sample(problem, 64, seed=3)
    assert np.array_equal(again[0], X)
    assert np.array_equal(again[1], y)
    assert not np.array_equal(sample(problem, 64, seed=4)[0], X)


def test_expressions_agree_with_sympy_on_the_formulas():
    rows = [row for name in TABLE_NAMES for row in read(TABLES / f"{name}.csv")]
    assert len(rows) == len(PROBLEMS) - SIZES["nist"]  # whose forms tests/nsr/problems/test_nist.py checks
    for row in rows:
        problem = PROBLEMS[row["name"]]
        X, y = sample(problem, 16, seed=0)
        expected = by_sympy(row["formula"], problem.variable_names, X, row.get("constants", ""))
        np.testing.assert_allclose(y, expected, rtol=1e-9, err_msg=row["name"])


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("I.9.18", {"m1": 1, "m2": 2, "G": 1, "x1": 3, "x2": 1, "y1": 3, "y2": 1, "z1": 4, "z2": 2}, 2 / 12),
        ("I.10.7", {"m_0": 3, "v": 3, "c": 5}, 3.75),
        ("I.16.6", {"c": 2, "v": 1, "u": 1}, 2 / 1.25),
        ("I.39.22", {"n": 2, "T": 3, "V": 4, "kb": 5}, 7.5),
        ("Nguyen-4", {"x": 1}, 6),
        ("Nguyen-7", {"x": 1}, 2 * math.log(2)),
        ("Keijzer-6", {"x": 40}, sum(1 / i for i in range(1, 41))),
        ("Keijzer-14", {"x": 1, "y": 1}, 2),
        ("Livermore-9", {"x": 1}, 9),
        ("Korns-7", {"x": 0, "y": 1, "z": 1, "v": 1, "w": 1}, 0),
        ("Jin-2", {"x": 1, "y": 1}, 1),
        ("Vladislavleva-4", {"a": 3, "b": 3, "c": 3, "d": 3, "f": 4}, 10 / 6),
        ("Vladislavleva-8", {"x": 4, "y": 3}, 1 / 11),
        ("strogatz_lv1", {"x": 1, "y": 0.5}, 1),
    ],
)
def test_values_worked_out_by_hand(name, values, expected):
    problem = PROBLEMS[name]
    X = np.array([[float(values[variable]) for variable in problem.variable_names]])
    assert Program([problem.expression]).values(X)[0, 0] == pytest.approx(expected, rel=1e-5)


def test_systems_use_their_own_variables_only():
    for name, components in SYSTEMS.items():
        for component in components:
            assert set(component.variables) <= set(range(len(components))), name
            assert "C" not in component.tokens
    lorenz = SYSTEMS["56 Lorenz equations standard parameters (chaotic)"]
    at = np.array([[1.0, 2.0, 3.0]])
    np.testing.assert_allclose(Program(lorenz).values(at)[:, 0], [10, 23, -6], rtol=1e-12)


def test_impossible_ranges_are_an_error():
    empty = Problem("empty", "nguyen", PROBLEMS["Nguyen-8"].expression, ("x",), ((-2.0, -1.0),))
    with pytest.raises(ValueError, match="finite almost nowhere"):
        sample(empty, 5, 0)


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference table is not beside this clone")
def test_feynman_table_agrees_with_the_reference():
    for row in read(REFERENCE):
        problem = PROBLEMS[row["name"]]
        n_variables = int(row["n_vars"])
        names = tuple(row[f"v{i}_name"] for i in range(1, n_variables + 1))
        ranges = [(float(row[f"v{i}_low"]), float(row[f"v{i}_high"])) for i in range(1, n_variables + 1)]
        assert problem.variable_names == names, row["name"]
        assert list(problem.ranges) == ranges, row["name"]
        X, y = sample(problem, 16, seed=0)
        np.testing.assert_allclose(y, by_sympy(row["formula"], names, X), rtol=1e-9, err_msg=row["name"])
        assert exponents(problem.target_unit) == reference_exponents(row, "out"), row["name"]
        assert [exponents(unit) for unit in problem.units] == [
            reference_exponents(row, f"v{i}") for i in range(1, n_variables + 1)
        ], row["name"]
        assert problem.in_srbench == (row["in_srbench2021"] == "1"), row["name"]


SRSD_KINDS = {"log_uniform": "log", "uniform": "uniform", "integer": "integer"}
SRSD_SIGNS = {"positive": "+", "interval": "+", "negative": "-", "both": "+-"}


@pytest.mark.skipif(not SRSD_REFERENCE.exists(), reason="the reference table is not beside this clone")
def test_srsd_table_agrees_with_the_reference(monkeypatch):
    """Values in 50 digits, in which no difference of nearly equal numbers loses any."""
    monkeypatch.setattr(mpmath.mp, "dps", 40)
    rows = json.loads(SRSD_REFERENCE.read_text(encoding="utf-8"))
    assert len(rows) == SIZES["srsd"]
    for row in rows:
        number = row["id"] if row["id"].startswith("bonus") else row["feynman_name"]
        problem, variables = PROBLEMS[f"srsd_{number}"], row["variables"]
        names = [*(v["name"] for v in variables), *row["constants"]]
        assert list(problem.variable_names) == names[: len(variables)]
        for own, given in zip(problem.distributions, variables, strict=True):
            assert (own.kind, own.signs) == (SRSD_KINDS[given["kind"]], SRSD_SIGNS[given["sign"]]), number
            assert sorted((own.low, own.high)) == sorted((given["low"], given["high"])), number
        X, y = sample(problem, 8, seed=0)
        symbols = {name: sympy.Symbol(name) for name in names}
        function = sympy.lambdify(
            [*symbols.values()], sympy.parse_expr(row["formula"], local_dict=symbols), modules="mpmath"
        )
        values = [function(*map(mpmath.mpf, (*x, *row["constants"].values()))) for x in X]
        np.testing.assert_allclose(y, [float(v.real) for v in values], rtol=1e-9, err_msg=number)


def test_srsd_spans_decades_and_is_blind_to_signs_where_it_should_be():
    X, _ = sample(PROBLEMS["srsd_II.34.2a"], 4_000, seed=1)  # q: both signs, v: both signs, r: positive
    q, _, r = X.T
    assert np.quantile(np.log10(np.abs(q)), [0.25, 0.5, 0.75]) == pytest.approx([-10.5, -10, -9.5], abs=0.05)
    assert np.mean(q > 0) == pytest.approx(0.5, abs=0.03)
    assert (r > 0).all()
    numbers = sample(PROBLEMS["srsd_bonus.1"], 4_000, seed=1)[0][:, 0]
    assert np.unique(numbers).tolist() == list(range(1, 10))
    assert np.mean(numbers == 9) == pytest.approx(1 / 9, abs=0.02)


@pytest.mark.parametrize("i", [1, 2, 3])
def test_friedman_functions_are_those_of_scikit_learn(i):
    problem, make = PROBLEMS[f"Friedman-{i}"], (make_friedman1, make_friedman2, make_friedman3)[i - 1]
    X, y = make(100, noise=0.0, random_state=0)
    np.testing.assert_allclose(Program([problem.expression]).values(X)[0], y, rtol=1e-12)
    low, high = np.array(problem.ranges).T
    assert X.shape[1] == len(low)
    assert np.all((low <= X) & (high >= X))
    assert (X.min(0) - low < 0.1 * (high - low)).all()
    assert (high - X.max(0) < 0.1 * (high - low)).all()


def exponents(unit: str) -> dict[str, float]:
    parts = [] if unit == "1" else [part.split("^") for part in unit.split("*")]
    return {part[0]: float(part[1]) if len(part) > 1 else 1.0 for part in parts}


def reference_exponents(row: dict[str, str], prefix: str) -> dict[str, float]:
    columns = {"m": "m", "s": "s", "kg": "kg", "K": "T", "V": "V"}
    values = {name: float(row[f"{prefix}_{column}"]) for name, column in columns.items()}
    return {name: value for name, value in values.items() if value}


def test_feynman_units_are_complete():
    for problem in load("feynman"):
        assert len(problem.units) == len(problem.variable_names)
        assert problem.target_unit
    assert sum(problem.in_srbench for problem in load("feynman")) == 116
    assert all(problem.in_srbench for problem in load("strogatz"))
