"""What there is to know about one operator of the expression language."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Literal

from nsr.expressions import dimensions, intervals
from nsr.expressions.dimensions import Dimension, Quantity, UnitRule

# Arguments that an operator has at most: kernels and tapes have places for so many.
MOST_ARGUMENTS = 3


@dataclass(frozen=True, eq=False)
class Operator:
    """One operator of the expression language.

    The first four fields are what an operator needs. What else is known about it makes more of NSR use it:
    without a derivative autograd is asked for one, and without an inverse no part is wanted below it. A
    language that has no word for it (`code`) is told its SymPy form, where that is made of other operators.

    Attributes:
        name: The token, for example `add`; also the function name in infix text unless there is a symbol.
        arity: Number of arguments, 1 to 3.
        tensor: Elementwise function on tensors, the definition that every backend agrees with.
        sympy: Builds the SymPy form from SymPy arguments.
        complexity: Cost of one use, in nodes; above 1 for transcendental functions.
        numpy: Elementwise function on float64 arrays.
        scalar: Function of floats that folds constants; it raises ValueError, OverflowError or
            ZeroDivisionError outside its domain. Without it constants stay where they are.
        code: What it is called in the languages of `nsr.export`, by their names (`c`, `python`, `numpy`,
            `jax`, `excel`, `matlab`, `julia`): an expression with `{0}`, `{1}` ... for the arguments, each of
            which stands there as in a call. Sums, products, ratios and powers need none.
        derivatives: Partial derivative by each argument, a function of all arguments, as arrays.
        inverses: For each argument what it must be, from the wanted values and the arguments' present ones
            (`nsr.expressions.inverses`).
        interval: Bounds of the values, from those of each argument (`nsr.expressions.intervals`); without it
            nothing is known of the values over a range.
        inverse: Name of the operator that undoes this one, on a branch of it at least.
        parity: `odd` if f(-x) = -f(x), `even` if f(-x) = f(x) (arity 1).
        is_symmetric: Whether its two arguments may change places.
        is_nonnegative: Whether `abs` has nothing to do around it.
        domain: Smallest and largest argument at which it is defined (arity 1).
        period: By which arguments may differ without a difference in the value (arity 1).
        is_logarithm: Whether it makes sums of products, so that its inverse makes products of sums.
        body: What it stands for, where it is put together from other operators: tokens of an expression whose
            variables `x_0`, `x_1`, ... are the arguments. Kernels then compute it by these.
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
    code: Mapping[str, str] = field(default_factory=dict)
    derivatives: tuple[Callable[..., Any], ...] = ()
    inverses: tuple[Callable[..., Any], ...] = ()
    interval: intervals.Form = intervals.unknown
    inverse: str | None = None
    parity: Literal["odd", "even"] | None = None
    is_symmetric: bool = False
    is_nonnegative: bool = False
    domain: tuple[float, float] = (-math.inf, math.inf)
    period: float | None = None
    is_logarithm: bool = False
    body: tuple[str | float, ...] = ()
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
        if not 1 <= self.arity <= MOST_ARGUMENTS:
            raise ValueError(f"operator {self.name!r}: arity must be 1 to {MOST_ARGUMENTS}, not {self.arity}")
        for name in (self.name, *self.aliases):
            if not name.isidentifier():
                raise ValueError(f"operator name {name!r} is not an identifier")
        for known in ("derivatives", "inverses", "weights", "exponents"):
            if len(getattr(self, known)) not in (0, self.arity):
                raise ValueError(f"operator {self.name!r} has {self.arity} argument(s): give as many {known}")
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


def _of_name(name: str) -> Operator:
    from nsr.expressions.operators import OPERATORS

    if name not in OPERATORS:
        raise ValueError(
            f"operator {name!r} is not registered here; define it with nsr.operator, or --define, as before"
        )
    return OPERATORS[name]


@dataclass(frozen=True)
class Imported:
    """A function of a module that is imported at the first call: torch and SymPy take a second each."""

    module: str
    name: str

    def __call__(self, *arguments: Any) -> Any:
        """What the function makes of arguments."""
        return getattr(importlib.import_module(self.module), self.name)(*arguments)


def called(name: str, function: Callable[..., Any], **others: str) -> dict[str, str]:
    """`Operator.code` of a function of one argument that nearly all languages call by the same name.

    Args:
        name: That name.
        function: NumPy's.
        others: Other names, by language.
    """
    names = {"c": name, "python": f"math.{name}", "excel": name.upper(), "matlab": name, "julia": name}
    names |= {"numpy": f"np.{function.__name__}"} | others
    return code(**{language: f"{word}({{0}})" for language, word in names.items()})


def code(numpy: str, **others: str) -> dict[str, str]:
    """`Operator.code` of an operator that JAX calls as NumPy does.

    Args:
        numpy: NumPy's form, in which the module is called `np`.
        others: The forms of other languages, by their names.
    """
    return {"numpy": numpy, "jax": numpy.replace("np.", "jnp."), **others}
