"""The operator table: every operator NSR knows, and all that is known about it, in one place.

Parser, printer, evaluator, algebra, units, tokenizer, search, exports and pretraining prior read this table;
none of them keeps a list of its own. A user adds an operator with `register`.
"""

from __future__ import annotations

import importlib
import math
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from nsr.expressions import dimensions, intervals, inverses
from nsr.expressions.dimensions import Dimension, Quantity, UnitRule


@dataclass(frozen=True, eq=False)
class Operator:
    """One operator of the expression language.

    The first four fields are what an operator needs. What else is known about it makes more of NSR use it:
    without a derivative autograd is asked for one, without an inverse no part is wanted below it, and without
    a C form it is not exported to C.

    Attributes:
        name: The token, for example `add`; also the function name in infix text unless there is a symbol.
        arity: Number of arguments, 1 or 2.
        tensor: Elementwise function on tensors, the definition that every backend agrees with.
        sympy: Builds the SymPy form from SymPy arguments.
        complexity: Cost of one use, in nodes; above 1 for transcendental functions.
        numpy: Elementwise function on float64 arrays.
        scalar: Function of floats that folds constants; it raises ValueError, OverflowError or
            ZeroDivisionError outside its domain. Without it constants stay where they are.
        c: C expression (C99, `math.h`), with `{0}` and `{1}` for the arguments; sums, products and ratios
            need none.
        derivatives: Partial derivative by each argument, a function of all arguments, as arrays.
        inverses: For each argument what it must be, from the wanted values and the arguments' present ones
            (`nsr.expressions.inverses`).
        interval: Bounds of the values, from those of each argument (`nsr.expressions.intervals`); without it
            nothing is known of the values over a range.
        inverse: Name of the operator that undoes this one, on a branch of it at least.
        parity: `odd` if f(-x) = -f(x), `even` if f(-x) = f(x) (arity 1).
        is_nonnegative: Whether `abs` has nothing to do around it.
        domain: Smallest and largest argument at which it is defined (arity 1).
        period: By which arguments may differ without a difference in the value (arity 1).
        is_logarithm: Whether it makes sums of products, so that its inverse makes products of sums.
        linearizes: How early the search looks for sums of simple terms that give a target under this
            operator, relative to others; never where it is 0. It needs `inverse`, `numpy` and `derivatives`.
        weights: Of each argument, where the operator is a linear combination of them.
        exponents: Of each argument, where the operator is a product of their powers.
        unit_rule: Dimension of the result; by default units are added where there are weights, multiplied
            where there are exponents, and refused elsewhere.
        symbol: Symbol between the arguments, or before the only one; how tightly it binds follows from
            `weights` and `exponents`. For built-in operators only.
        aliases: Other names that the parser reads.
        group: What users may call it and its like together (`nsr.expressions.operator_set`).
        searched: Whether evolution makes new equations with it.
        varied: Whether right-hand sides of systems are varied with it. For built-in operators only.
        frequency: How often random training expressions have it, relative to others of its arity.
    """

    name: str
    arity: int
    tensor: Callable[..., Any]
    sympy: Callable[..., Any]
    _: KW_ONLY
    complexity: int = 1
    numpy: Callable[..., Any] | None = None
    scalar: Callable[..., float] | None = None
    c: str | None = None
    derivatives: tuple[Callable[..., Any], ...] = ()
    inverses: tuple[Callable[..., Any], ...] = ()
    interval: intervals.Form = intervals.unknown
    inverse: str | None = None
    parity: Literal["odd", "even"] | None = None
    is_nonnegative: bool = False
    domain: tuple[float, float] = (-math.inf, math.inf)
    period: float | None = None
    is_logarithm: bool = False
    linearizes: float = 0.0
    weights: tuple[float, ...] = ()
    exponents: tuple[float, ...] = ()
    unit_rule: UnitRule | None = None
    symbol: str | None = None
    aliases: tuple[str, ...] = ()
    group: str = ""
    searched: bool = False
    varied: bool = False
    frequency: float = 0.0

    def __post_init__(self) -> None:
        if self.arity not in (1, 2):
            raise ValueError(f"operator {self.name!r}: arity must be 1 or 2, not {self.arity}")
        for name in (self.name, *self.aliases):
            if not name.isidentifier():
                raise ValueError(f"operator name {name!r} is not an identifier")
        for field in ("derivatives", "inverses", "weights", "exponents"):
            if len(getattr(self, field)) not in (0, self.arity):
                raise ValueError(f"operator {self.name!r} has {self.arity} argument(s): give as many {field}")
        if self.arity != 1 and (self.parity is not None or self.period is not None):
            raise ValueError(
                f"operator {self.name!r}: only a function of one argument has a parity or a period"
            )

        if self.linearizes and not (self.inverse and self.numpy and self.derivatives):
            raise ValueError(f"operator {self.name!r} linearizes: give its inverse, numpy and derivatives")

    def __reduce__(self) -> tuple[Callable[[str], Operator], tuple[str]]:
        """Copies and pickles by name: what it computes is in the table of every process that registers it."""
        return _of_name, (self.name,)

    def dimension(self, arguments: Sequence[Quantity]) -> Dimension:
        """The dimension of the result.

        Raises:
            UnitError: If the arguments' units do not fit together.
        """
        if self.unit_rule is not None:
            return self.unit_rule(arguments)
        if self.weights:
            return dimensions.alike(arguments)
        if self.exponents:
            return dimensions.product(arguments, self.exponents)
        return dimensions.numbers(arguments)


# The placeholder, variables, and the exponents of numbers as the network writes them.
_OF_THE_LANGUAGE = re.compile(r"C|x_\d+|E\d+")


class OperatorTable:
    """Operators by name, in the order in which they were added.

    A change replaces the whole table at once, so that threads may read while another one registers; what was
    iterated over or taken as `snapshot` before stays as it was. Names keep their places for good.
    """

    def __init__(self, operators: Iterable[Operator]) -> None:
        self._lock = threading.Lock()
        self._publish({operator.name: operator for operator in operators})

    def _publish(self, by_name: dict[str, Operator]) -> None:
        words = {word: operator for operator in by_name.values() for word in operator.aliases}
        self._words = {**words, **by_name}
        self._snapshot = MappingProxyType(by_name)
        self.get = by_name.get  # every token of every expression is looked up here, so it is the dict's own

    @property
    def snapshot(self) -> Mapping[str, Operator]:
        """All operators of this moment; another object after the next registration."""
        return self._snapshot

    @property
    def words(self) -> Mapping[str, Operator]:
        """Operators by name and by alias."""
        return self._words

    def register(self, operator: Operator) -> None:
        """Adds an operator at the end; see `register`."""
        with self._lock:
            taken = [word for word in (operator.name, *operator.aliases) if word in self._words]
            if taken:
                raise ValueError(f"operator {taken[0]!r} exists already; choose another name")
            if _OF_THE_LANGUAGE.fullmatch(operator.name):
                raise ValueError(f"operator name {operator.name!r} has another meaning in equations")
            if operator.symbol is not None:
                raise ValueError(f"operator {operator.name!r} has a symbol, as only built-in ones may")
            if operator.varied:
                raise ValueError(
                    f"operator {operator.name!r} cannot be varied: systems have built-in ones only"
                )
            self._publish({**self._snapshot, operator.name: operator})

    def __getitem__(self, name: str) -> Operator:
        return self._snapshot[name]

    def __contains__(self, name: object) -> bool:
        return name in self._snapshot

    def __iter__(self) -> Iterator[str]:
        return iter(self._snapshot)

    def __len__(self) -> int:
        return len(self._snapshot)

    def values(self) -> Iterable[Operator]:
        """The operators in order."""
        return self._snapshot.values()


def register(operator: Operator) -> None:
    """Adds an operator to the table, after the built-in ones; safe from any thread.

    Expressions that use it are evaluated by the tensor backend, with derivatives from autograd.

    Args:
        operator: The new operator; its name and aliases must be free.

    Raises:
        ValueError: If a name is taken, or the operator claims what only built-in ones may.
    """
    OPERATORS.register(operator)


def _of_name(name: str) -> Operator:
    if name not in OPERATORS:
        raise ValueError(f"operator {name!r} is not registered here; register it first")
    return OPERATORS[name]


@dataclass(frozen=True)
class _Imported:
    """A function of a module that is imported at the first call: torch and SymPy take a second each."""

    module: str
    name: str

    def __call__(self, *arguments: Any) -> Any:
        return getattr(importlib.import_module(self.module), self.name)(*arguments)


def _arithmetic(name: str, function: Callable[..., Any], arity: int = 2, **known: Any) -> Operator:
    """An operator that one Python function computes on numbers, arrays, tensors and SymPy expressions."""
    return Operator(name, arity, function, function, numpy=function, **known)


def _transcendental(
    name: str, numpy: Callable[..., Any], slope: Callable[..., Any], inversion: Any, **known: Any
) -> Operator:
    """A function of one argument that torch, SymPy, `math` and C know by the same name."""
    return Operator(
        name, 1, _Imported("torch", name), _Imported("sympy", name), complexity=2, numpy=numpy,
        scalar=getattr(math, name), c=name + "({0})", derivatives=(slope,), inverses=(inversion,), **known,
    )  # fmt: skip


# The order is part of the tape format and of the vocabulary: append, never reorder.
_BUILTIN: tuple[Operator, ...] = (
    _arithmetic(
        "add", lambda a, b: a + b, symbol="+", weights=(1.0, 1.0), searched=True, frequency=0.3,
        derivatives=(lambda a, _b: np.ones_like(a), lambda _a, b: np.ones_like(b)),
        inverses=(lambda t, _a, b: t - b, lambda t, a, _b: t - a),
        group="arithmetic", interval=intervals.total,
    ),
    _arithmetic(
        "sub", lambda a, b: a - b, symbol="-", weights=(1.0, -1.0), searched=True, frequency=0.2,
        derivatives=(lambda a, _b: np.ones_like(a), lambda _a, b: -np.ones_like(b)),
        inverses=(lambda t, _a, b: t + b, lambda t, a, _b: a - t),
        group="arithmetic", interval=intervals.difference,
    ),
    _arithmetic(
        "mul", lambda a, b: a * b, symbol="*", exponents=(1.0, 1.0), searched=True, frequency=0.35,
        derivatives=(lambda _a, b: b, lambda a, _b: a),
        inverses=(lambda t, _a, b: t / b, lambda t, a, _b: t / a),
        group="arithmetic", interval=intervals.product,
    ),
    _arithmetic(
        "div", lambda a, b: a / b, symbol="/", exponents=(1.0, -1.0), searched=True, frequency=0.15,
        derivatives=(lambda _a, b: 1 / b, lambda a, b: -a / b**2),
        inverses=(lambda t, _a, b: t * b, lambda t, a, _b: a / t),
        group="arithmetic", interval=intervals.ratio,
    ),
    _arithmetic(
        "pow", lambda a, b: a**b, symbol="**", c="pow({0}, {1})", unit_rule=dimensions.power,
        derivatives=(lambda a, b: b * a ** (b - 1), lambda a, b: a**b * np.log(a)),
        inverses=(
            lambda t, a, b: np.copysign(np.abs(t) ** (1 / b), a),
            lambda t, a, _b: np.log(t) / np.log(a),
        ),
        group="powers", interval=intervals.power,
    ),
    _arithmetic(
        "neg", lambda a: -a, 1, symbol="-", weights=(-1.0,), parity="odd", inverse="neg", searched=True,
        derivatives=(lambda a: -np.ones_like(a),), inverses=(inverses.of_one_branch(np.negative),),
        group="arithmetic", interval=intervals.decreasing(np.negative, intervals.EXACT),
    ),
    _arithmetic(
        "inv", lambda a: 1 / a, 1, exponents=(-1.0,), parity="odd", inverse="inv", searched=True,
        linearizes=0.9, frequency=0.08,
        derivatives=(lambda a: -1 / a**2,), inverses=(inverses.of_one_branch(np.reciprocal),),
        group="arithmetic", interval=intervals.reciprocal,
    ),
    _arithmetic(
        "abs", abs, 1, parity="even", is_nonnegative=True, unit_rule=dimensions.alike, scalar=abs,
        c="fabs({0})", aliases=("Abs",), varied=True, frequency=0.02,
        derivatives=(np.sign,), inverses=(inverses.of_even(np.positive),),
        group="piecewise", interval=intervals.absolute,
    ),
    Operator(
        "sqrt", 1, _Imported("torch", "sqrt"), _Imported("sympy", "sqrt"), numpy=np.sqrt, exponents=(0.5,),
        domain=(0.0, math.inf), is_nonnegative=True, inverse="square", c="sqrt({0})",
        searched=True, varied=True, linearizes=0.6, frequency=0.12,
        derivatives=(lambda a: 0.5 / np.sqrt(a),),
        inverses=(inverses.of_one_branch(np.square, low=0.0),),
        group="powers", interval=intervals.increasing(np.sqrt, rounding=intervals.EXACT),
    ),
    _arithmetic(
        "square", lambda a: a**2, 1, exponents=(2.0,), parity="even", is_nonnegative=True, inverse="sqrt",
        c="pow({0}, 2)", searched=True, varied=True, linearizes=0.8, frequency=0.18,
        derivatives=(lambda a: 2 * a,), inverses=(inverses.of_even(np.sqrt),),
        group="powers", interval=intervals.even(np.square, rounding=intervals.EXACT),
    ),
    Operator(
        "cube", 1, lambda a: a * a * a, lambda a: a**3, numpy=lambda a: a * a * a, exponents=(3.0,),
        parity="odd", c="pow({0}, 3)", searched=True, varied=True, frequency=0.04,
        derivatives=(lambda a: 3 * a**2,), inverses=(inverses.of_one_branch(np.cbrt),),
        group="powers", interval=intervals.increasing(lambda a: a * a * a, rounding=intervals.EXACT),
    ),
    _transcendental(
        "exp", np.exp, np.exp, inverses.of_one_branch(np.log), inverse="log", is_nonnegative=True,
        searched=True, varied=True, linearizes=0.5, frequency=0.12,
        group="exponential", interval=intervals.increasing(np.exp, 0.0),
    ),
    _transcendental(
        "log", np.log, lambda a: 1 / a, inverses.of_one_branch(np.exp), inverse="exp", domain=(0.0, math.inf),
        is_logarithm=True, aliases=("ln",), searched=True, linearizes=0.75, frequency=0.10,
        group="exponential", interval=intervals.increasing(np.log),
    ),
    _transcendental(
        "sin", np.sin, np.cos, inverses.periodic(2 * np.pi, np.arcsin, lambda t: np.pi - np.arcsin(t)),
        inverse="asin", parity="odd", period=2 * math.pi, searched=True, varied=True, linearizes=0.3,
        frequency=0.12,
        group="trigonometric", interval=intervals.wave(np.sin, 0.25),
    ),
    _transcendental(
        "cos", np.cos, lambda a: -np.sin(a), inverses.periodic(2 * np.pi, np.arccos, lambda t: -np.arccos(t)),
        inverse="acos", parity="even", period=2 * math.pi, searched=True, varied=True, linearizes=0.2,
        frequency=0.12,
        group="trigonometric", interval=intervals.wave(np.cos, 0.0),
    ),
    _transcendental(
        "tan", np.tan, lambda a: np.cos(a) ** -2.0, inverses.periodic(np.pi, np.arctan), inverse="atan",
        parity="odd", period=math.pi, linearizes=0.1, frequency=0.01,
        group="trigonometric", interval=intervals.tangent,
    ),
    _transcendental(
        "asin", np.arcsin, lambda a: 1 / np.sqrt(1 - a**2),
        inverses.of_one_branch(np.sin, -np.pi / 2, np.pi / 2), inverse="sin", parity="odd",
        domain=(-1.0, 1.0), aliases=("arcsin",), frequency=0.01,
        group="trigonometric", interval=intervals.increasing(np.arcsin),
    ),
    _transcendental(
        "acos", np.arccos, lambda a: -1 / np.sqrt(1 - a**2), inverses.of_one_branch(np.cos, 0.0, np.pi),
        inverse="cos", domain=(-1.0, 1.0), aliases=("arccos",), frequency=0.01,
        group="trigonometric", interval=intervals.decreasing(np.arccos),
    ),
    _transcendental(
        "atan", np.arctan, lambda a: 1 / (1 + a**2), inverses.of_one_branch(np.tan, -np.pi / 2, np.pi / 2),
        inverse="tan", parity="odd", aliases=("arctan",), varied=True, frequency=0.02,
        group="trigonometric", interval=intervals.increasing(np.arctan),
    ),
    _transcendental(
        "sinh", np.sinh, np.cosh, inverses.of_one_branch(np.arcsinh), parity="odd", frequency=0.01,
        group="hyperbolic", interval=intervals.increasing(np.sinh),
    ),
    _transcendental(
        "cosh", np.cosh, np.sinh, inverses.of_even(np.arccosh), parity="even", is_nonnegative=True,
        frequency=0.01,
        group="hyperbolic", interval=intervals.even(np.cosh, 1.0),
    ),
    _transcendental(
        "tanh", np.tanh, lambda a: np.cosh(a) ** -2.0, inverses.of_one_branch(np.arctanh), parity="odd",
        searched=True, varied=True, frequency=0.03,
        group="hyperbolic", interval=intervals.increasing(np.tanh, -1.0, 1.0),
    ),
)  # fmt: skip

N_BUILTIN = len(_BUILTIN)
OPERATORS = OperatorTable(_BUILTIN)
