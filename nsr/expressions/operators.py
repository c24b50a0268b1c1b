"""The operator table: every operator NSR knows, and all that is known about it, in one place.

Parser, printer, evaluator, algebra, units, tokenizer, search, exports and pretraining prior read this table;
none of them keeps a list of its own. A user adds an operator with `register`.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from nsr.expressions import dimensions, intervals, inverses
from nsr.expressions.operator import Imported, Operator, called
from nsr.expressions.piecewise_operators import PIECEWISE
from nsr.expressions.special_operators import SPECIAL

__all__ = ["N_BUILTIN", "N_ELEMENTARY", "OPERATORS", "PLACES", "Operator", "OperatorTable", "register"]


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
        # Every token of every expression, numbers too, is looked up here, so it is the dict's own.
        by_token: dict[str | float, Operator] = dict(by_name.items())
        self.get = by_token.get

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


def _arithmetic(name: str, function: Callable[..., Any], arity: int = 2, **known: Any) -> Operator:
    """An operator that one Python function computes on numbers, arrays, tensors and SymPy expressions."""
    return Operator(name, arity, function, function, numpy=function, **known)


def _transcendental(
    name: str, numpy: Callable[..., Any], slope: Callable[..., Any], inversion: Any, **known: Any
) -> Operator:
    """A function of one argument that torch, SymPy, `math` and C know by the same name."""
    return Operator(
        name, 1, Imported("torch", name), Imported("sympy", name), complexity=2, numpy=numpy,
        scalar=getattr(math, name), derivatives=(slope,), inverses=(inversion,),
        code=called(name, numpy) | known.pop("code", {}), **known,
    )  # fmt: skip


# The order is part of the tape format and of the vocabulary: append, never reorder.
_ELEMENTARY: tuple[Operator, ...] = (
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
        "pow", lambda a, b: a**b, symbol="**", unit_rule=dimensions.power,
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
        code=called("abs", np.abs, c="fabs", python="abs", numpy="np.abs"), aliases=("Abs",),
        varied=True, frequency=0.02,
        derivatives=(np.sign,), inverses=(inverses.of_even(np.positive),),
        group="piecewise", interval=intervals.absolute,
    ),
    Operator(
        "sqrt", 1, Imported("torch", "sqrt"), Imported("sympy", "sqrt"), numpy=np.sqrt, exponents=(0.5,),
        domain=(0.0, math.inf), is_nonnegative=True, inverse="square", code=called("sqrt", np.sqrt),
        searched=True, varied=True, linearizes=0.6, frequency=0.12,
        derivatives=(lambda a: 0.5 / np.sqrt(a),),
        inverses=(inverses.of_one_branch(np.square, low=0.0),),
        group="powers", interval=intervals.increasing(np.sqrt, rounding=intervals.EXACT),
    ),
    _arithmetic(
        "square", lambda a: a**2, 1, exponents=(2.0,), parity="even", is_nonnegative=True, inverse="sqrt",
        searched=True, varied=True, linearizes=0.8, frequency=0.18,
        derivatives=(lambda a: 2 * a,), inverses=(inverses.of_even(np.sqrt),),
        group="powers", interval=intervals.even(np.square, rounding=intervals.EXACT),
    ),
    Operator(
        "cube", 1, lambda a: a * a * a, lambda a: a**3, numpy=lambda a: a * a * a, exponents=(3.0,),
        parity="odd", searched=True, varied=True, frequency=0.04,
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
        code={"excel": "LN({0})"},
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

_BUILTIN = (*_ELEMENTARY, *PIECEWISE, *SPECIAL)

N_ELEMENTARY, N_BUILTIN = len(_ELEMENTARY), len(_BUILTIN)
OPERATORS = OperatorTable(_BUILTIN)
# Where built-in operators stand in the table, for good.
PLACES = {operator.name: place for place, operator in enumerate(_BUILTIN)}


def of_vocabulary() -> tuple[str, ...]:
    """Names of the operators that networks trained from now on write.

    These are the elementary functions, which the pretraining prior draws, and what users register. Piecewise
    and special functions are found without networks.
    """
    return tuple(name for place, name in enumerate(OPERATORS) if not N_ELEMENTARY <= place < N_BUILTIN)
