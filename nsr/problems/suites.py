"""The registry of suites: what there is to measure on, and what each is for.

Feynman: the Feynman Symbolic Regression Database (arXiv:1905.11481), with its ranges. ODEBench:
arXiv:2310.05573. Strogatz: the two-state systems of SRBench (arXiv:2107.14351). Classical suites:
Nguyen, Keijzer, Livermore, Korns, Jin and Vladislavleva as published, ranges included; where a
published range leaves the equation's domain, it is cut to the part inside. NIST: the equations of its
nonlinear regression sets (`nsr.problems.nist`). SRSD: the Feynman equations in realistic ranges over many
decades, with constants of nature at their values (arXiv:2206.10540); where its data generator departs from
the formula that it declares (I.34.14, III.9.52, bonus.13), the formula holds. Friedman: the three functions
of Multivariate Adaptive Regression Splines (Annals of Statistics 19, 1991), the first with five idle columns,
as scikit-learn's `make_friedman1` to `make_friedman3` draw them. Hard2: problems that defeat structure
(`eval.generated`), none of which was looked at while methods were chosen. Chaotic: systems as the
publications that its table names have them, observed over about twelve turns from a point on their
attractors. Generated and hard (drawn by the same module), periods (waves along one of several variables, with
trends, harmonics, and amplitudes that change), textbook (dynamical systems that ODEBench lacks, with
parameters of our own) and curved (twenty more of these, with functions that have constants inside) are no
benchmarks: methods are developed on them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, Literal, TypeVar

from nsr.problems import nist
from nsr.problems.formulas import TABLES, read_functions, read_systems
from nsr.problems.problem import Problem, SystemProblem

P = TypeVar("P", Problem, SystemProblem)
Purpose = Literal["benchmark", "development"]


@dataclass(frozen=True)
class Suite(Generic[P]):
    """Problems that are measured together.

    Attributes:
        name: What commands call it.
        kind: `Problem` for functions, `SystemProblem` for dynamical systems.
        purpose: A `benchmark` tells how good a method is, and none of its equations is ever generated for
            pretraining (`generators.holdout`); methods are improved on suites for `development`.
        read: Reads or draws the problems.
        group: Name by which it is loaded together with others, if any.
    """

    name: str
    kind: type[P]
    purpose: Purpose
    read: Callable[[], list[P]]
    group: str | None = None


_suites: dict[str, Suite[Problem] | Suite[SystemProblem]] = {}


def register(suite: Suite[P]) -> None:
    """Makes a suite known, also one from outside this package.

    Raises:
        ValueError: If its name is that of another suite or group.
    """
    if suite.name in {*_suites, *(known.group for known in _suites.values())}:
        raise ValueError(f"there is a suite {suite.name!r} already; give yours another name")
    _suites[suite.name] = suite


def registered(kind: type[P], purpose: Purpose | None = None) -> tuple[Suite[P], ...]:
    """The suites of a kind, of one purpose or of both, in the order in which they were registered."""
    return tuple(
        suite for suite in _suites.values() if suite.kind is kind and purpose in {None, suite.purpose}
    )


def choices(kind: type[P]) -> list[str]:
    """Names that `load` or `load_systems` takes: those of suites, and those of groups."""
    suites: tuple[Suite[P], ...] = registered(kind)
    groups: dict[str, None] = dict.fromkeys(suite.group for suite in suites if suite.group is not None)
    return [*(suite.name for suite in suites), *groups]


def load(name: str) -> list[Problem]:
    """All problems of a suite of functions, or of a group such as `classical`.

    Raises:
        ValueError: If there is no such suite.
    """
    return _load(name, Problem)


def load_systems(name: str) -> list[SystemProblem]:
    """All problems of a suite of dynamical systems.

    Raises:
        ValueError: If there is no such suite.
    """
    return _load(name, SystemProblem)


def _load(name: str, kind: type[P]) -> list[P]:
    chosen = [suite for suite in registered(kind) if name in {suite.name, suite.group}]
    if not chosen:
        raise ValueError(f"no suite {name!r}; choose one of {', '.join(choices(kind))}")
    return [problem for suite in chosen for problem in suite.read()]


def _own(name: str, purpose: Purpose) -> Suite[Problem]:
    return Suite(name, Problem, purpose, partial(read_functions, TABLES / f"{name}.csv", name))


def _classical(name: str) -> Suite[Problem]:
    read = partial(read_functions, TABLES / "classical.csv", name)
    return Suite(name, Problem, "benchmark", read, group="classical")


def _own_systems(name: str, purpose: Purpose) -> Suite[SystemProblem]:
    return Suite(name, SystemProblem, purpose, partial(read_systems, TABLES / f"{name}.json"))


register(_own("feynman", "benchmark"))
register(_own("strogatz", "benchmark"))
register(_classical("nguyen"))
register(_classical("keijzer"))
register(_classical("livermore"))
register(_classical("korns"))
register(_classical("jin"))
register(_classical("vladislavleva"))
register(Suite("nist", Problem, "benchmark", nist.read_problems))
register(_own("srsd", "benchmark"))
register(_own("friedman", "benchmark"))
register(_own("generated", "development"))
register(_own("hard", "development"))
register(_own("hard2", "benchmark"))
register(_own("periods", "development"))
register(_own_systems("odebench", "benchmark"))
register(_own_systems("chaotic", "benchmark"))
register(_own_systems("textbook", "development"))
register(_own_systems("curved", "development"))
