"""What users know of an equation: `python -m eval.knowledge` counts how often that leads to the law.

Ten made-up laws of each kind, with 1 % noise: constants that differ by group, constants of nature with and
without units, and templates. They are for development, and none is of a benchmark.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import scipy.constants
import typer
from numpy.typing import ArrayLike, NDArray
from rich.console import Console
from rich.table import Table

from eval.records import write_rows
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.regressor import SymbolicRegressor

Array = NDArray[np.float64]

_NOISE, _N_FRESH = 0.01, 500
# What a law of the right form leaves unexplained of fresh rows without noise, where rows are few for its
# constants and where they are many.
_FEW, _MANY = 5e-4, 2e-5

# A law of x and y with constants p and q of each group; how many differ, and how many there are in all.
GROUPS = (
    ("p*x + q", 2, 2),
    ("p*exp(-q*x/3) + 0.4", 2, 3),
    ("p*x/(x + 1.3)", 1, 2),
    ("p*x/(x + q)", 2, 2),
    ("1.7*x**(q/2)", 1, 2),
    ("p*sin(1.7*x) + q", 2, 3),
    ("p*x**2*y", 1, 1),
    ("p*x*exp(-0.6*y)", 1, 2),
    ("2.2*x/(x + 0.7*y)", 0, 2),
    ("p*exp(-(x - q)**2/1.1)", 2, 3),
)
_OF_GROUP = {"p": (1.0, 5.0), "q": (0.8, 3.5)}

# A law with constants of nature, these, the ranges of its columns, and units if they are told.
NATURE = (
    ("g*t**2/2", {"g": 9.81}, {"t": (0.1, 2)}, None),
    ("sqrt(2*g*h)", {"g": 9.81}, {"h": (1, 20)}, None),
    ("h + v*t - g*t**2/2", {"g": 9.81}, {"h": (1, 20), "v": (1, 8), "t": (0.1, 2)}, None),
    ("m*v**2/2 + m*g*h", {"g": 9.81}, {"m": (1, 4), "v": (1, 8), "h": (1, 20)}, None),
    ("n*R*T/V", {"R": scipy.constants.R}, {"n": (1, 4), "T": (200, 400), "V": (1, 8)}, None),
    ("h*c/w", {"h": scipy.constants.h, "c": scipy.constants.c}, {"w": (1e-7, 8e-7)}, None),
    ("2*pi*sqrt(L/g)", {"g": (9.81, "m/s^2")}, {"L": (0.2, 3)}, (["m"], "s")),
    ("s + v**2/(2*g)", {"g": (9.81, "m/s^2")}, {"s": (0.5, 3), "v": (1, 8)}, (["m", "m/s"], "m")),
    ("m*c**2*E", {"c": (3.0, "m/s")}, {"m": (1, 4), "E": (1, 3)}, (["kg", "1"], "J")),
    ("G*m*n/r**2", {"G": (6.674e-11, "m^3/kg/s^2")}, {"m": (1, 9), "n": (1, 9), "r": (1, 4)},
     (["kg", "kg", "m"], "N")),
)  # fmt: skip

# A template and a law of it.
TEMPLATES = (
    ("f(a)*exp(-g(b, c)) + k", "2.3*a**2*exp(-0.5*b*c) + 1.7"),
    ("f(a) + g(b)", "1.5*sin(2*a) + 3/b"),
    ("f(a)*g(b)", "sqrt(a)*log(b + 1.5)"),
    ("1/(f(a) + g(b)) + k", "1/(0.5*a**2 + 1.3*b) + 0.4"),
    ("sqrt(f(a)**2 + g(b)**2)", "sqrt((1.2*a + 0.5)**2 + b**4)"),
    ("k*a**f(b)", "1.4*a**(0.5*b + 0.2)"),
    ("log(f(a, b)) + g(c)", "log(a*b + 1.3) + 0.7*c**2"),
    ("f(a)/(1 + g(b))", "2.1*a/(1 + 0.8*b**2)"),
    ("f(a)*cos(w*b) + g(c)", "1.5*exp(-0.6*a)*cos(1.3*b) + 0.8*c"),
    ("a*f(b) + g(c)", "a*exp(-0.7*b) + 1.9*sqrt(c)"),
)


@dataclass(frozen=True)
class Outcome:
    """What a fit has come to.

    Attributes:
        is_law: Whether the chosen equation is the law.
        equation: The chosen equation.
        seconds: How long the fit took.
    """

    is_law: bool
    equation: str
    seconds: float


def by_group(number: int, n_groups: int, n_rows: int, time_limit: float) -> Outcome:
    """Whether the law of groups is found, with as many constants that differ, and no more constants."""
    law, n_differing, n_constants = GROUPS[number]
    rng = np.random.default_rng(number)
    own = {name: rng.uniform(*bounds, n_groups) for name, bounds in _OF_GROUP.items()}

    def table(rows: int) -> tuple[pd.DataFrame, Array]:
        groups = np.repeat(np.arange(n_groups), rows)
        columns = {"x": rng.uniform(0.5, 5, len(groups)), "y": rng.uniform(0.5, 3, len(groups))}
        used = [name for name in columns if f"{name}" in law.replace("exp", "")]
        y = _values(law, columns | {name: values[groups] for name, values in own.items()})
        frame = pd.DataFrame({name: columns[name] for name in used})
        return frame.assign(group=[f"s{group}" for group in groups]), y

    X, y = table(n_rows)
    model, seconds = _fit(X, _noisy(y, rng), {"category": "group"}, time_limit)
    fresh, clean = table(100)
    found = model.constants_[model.constants_["equation"] == model.best_index_]
    names = found["name"].nunique()
    differing = found[found["group"] != ""]["name"].nunique() if "group" in found else 0
    is_law = differing == n_differing and names <= n_constants and _unexplained(model, fresh, clean) < _FEW
    return Outcome(is_law, _equation(model), seconds)


def of_nature(number: int, n_rows: int, time_limit: float) -> Outcome:
    """Whether the law is found with its constants in it: right for other values of them, too."""
    law, constants, ranges, units = NATURE[number]
    rng = np.random.default_rng(number)
    X = pd.DataFrame({name: rng.uniform(low, high, n_rows) for name, (low, high) in ranges.items()})
    own = {name: value[0] if isinstance(value, tuple) else value for name, value in constants.items()}
    y = _values(law, {**_columns(X), **own})
    told = {} if units is None else {"X_units": units[0], "y_units": units[1]}
    model, seconds = _fit(X, _noisy(y, rng), {"constants": constants}, time_limit, **told)
    other = {name: 1.7 * value for name, value in own.items()}
    wide = np.column_stack([X, *(np.full(n_rows, value) for value in other.values())])
    expression = model.expressions_[model.best_index_]
    clean = _values(law, {**_columns(X), **other})
    off = np.asarray(Program([expression]).values(wide)[0]) - clean
    return Outcome(bool(np.mean(off**2) < _MANY * np.var(clean)), _equation(model), seconds)


def of_template(number: int, n_rows: int, time_limit: float) -> Outcome:
    """Whether the law is found: what it leaves of fresh rows is next to nothing."""
    template, law = TEMPLATES[number]
    rng = np.random.default_rng(number)
    X, fresh = (pd.DataFrame(rng.uniform(0.5, 3, (n, 3)), columns=list("abc")) for n in (n_rows, _N_FRESH))
    y = _noisy(_values(law, _columns(X)), rng)
    model, seconds = _fit(X, y, {"template": template}, time_limit)
    unexplained = _unexplained(model, fresh, _values(law, _columns(fresh)))
    return Outcome(unexplained < _MANY, _equation(model), seconds)


def _fit(
    X: pd.DataFrame, y: Array, known: Mapping[str, Any], time_limit: float, **told: Any
) -> tuple[SymbolicRegressor, float]:
    begun = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model = SymbolicRegressor(time_limit=time_limit).set_params(**known).fit(X, y, **told)
    return model, time.perf_counter() - begun


def _values(law: str, columns: Mapping[str, ArrayLike]) -> Array:
    """A law's values, from columns and numbers by name."""
    X = np.column_stack(np.broadcast_arrays(*columns.values()))
    return np.asarray(Program([parse(law, list(columns))]).values(np.asarray(X, dtype=np.float64))[0])


def _columns(X: pd.DataFrame) -> dict[str, ArrayLike]:
    return {str(name): X[name].to_numpy() for name in X}


def _noisy(y: Array, rng: np.random.Generator) -> Array:
    return y + _NOISE * np.std(y) * rng.standard_normal(len(y))


def _unexplained(model: SymbolicRegressor, X: pd.DataFrame, clean: Array) -> float:
    return float(np.mean((model.predict(X) - clean) ** 2) / np.var(clean))


def _equation(model: SymbolicRegressor) -> str:
    return model.equations("warranted")[model.best_index_]


def main(
    time_limit: Annotated[float, typer.Option(help="seconds a fit")] = 10.0,
    only: Annotated[str | None, typer.Option(help="groups, nature or templates")] = None,
    output: Annotated[Path | None, typer.Option(help="JSON lines, one per law")] = None,
) -> None:
    """Fits all and prints what was found."""
    kinds: dict[str, tuple[str, Sequence[tuple[Any, ...]], Callable[[int], Outcome]]] = {
        "groups": ("4 groups of 30 rows", GROUPS, lambda i: by_group(i, 4, 30, time_limit)),
        "small groups": ("12 groups of 8 rows", GROUPS, lambda i: by_group(i, 12, 8, time_limit)),
        "nature": ("60 rows", NATURE, lambda i: of_nature(i, 60, time_limit)),
        "templates": ("200 rows", TEMPLATES, lambda i: of_template(i, 200, time_limit)),
        "short templates": ("60 rows", TEMPLATES, lambda i: of_template(i, 60, time_limit)),
    }
    console, summary = Console(soft_wrap=True), Table("kind", "rows", "laws found", "of", "seconds (median)")
    results: list[dict[str, Any]] = []
    for kind, (rows, laws, fit) in kinds.items():
        if only is not None and only not in kind:
            continue
        outcomes = []
        for number, law in enumerate(laws):
            outcomes.append(fit(number))
            results.append({"kind": kind, "rows": rows, "law": law[0], **asdict(outcomes[-1])})
            mark = "law" if outcomes[-1].is_law else "---"
            console.print(f"{mark} {law[0]}: {outcomes[-1].equation}", markup=False, highlight=False)
        seconds = f"{np.median([outcome.seconds for outcome in outcomes]):.1f}"
        found = sum(outcome.is_law for outcome in outcomes)
        summary.add_row(kind, rows, str(found), str(len(outcomes)), seconds)
    console.print(summary)
    if output is not None:
        write_rows(output, results)


if __name__ == "__main__":
    typer.run(main)
