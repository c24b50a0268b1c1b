"""The operator table: every operator NSR knows, in one place.

Parser, printer, evaluator, tokenizer, grammar, generator and exports all read this table; none
of them keeps a list of its own. A user adds an operator with `register`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy
import torch


@dataclass(frozen=True)
class Operator:
    """One operator of the expression language.

    Attributes:
        name: The token, for example `add`; also the function name in infix text unless the
            printer has a symbol for it.
        arity: Number of arguments, 1 or 2.
        tensor: Elementwise function on tensors, the definition that every backend agrees with.
        sympy: Builds the SymPy form from SymPy arguments.
        latex: Format string with `{0}` (and `{1}`) for the arguments.
        complexity: Cost of one use, in nodes.
    """

    name: str
    arity: int
    tensor: Callable[..., torch.Tensor]
    sympy: Callable[..., Any]
    latex: str
    complexity: int = 1

    def __post_init__(self) -> None:
        if self.arity not in (1, 2):
            raise ValueError(f"operator {self.name!r}: arity must be 1 or 2, not {self.arity}")
        if not self.name.isidentifier():
            raise ValueError(f"operator name {self.name!r} is not an identifier")


def _function(name: str, tensor: Callable[..., torch.Tensor], sympy_form: Any) -> Operator:
    return Operator(name, 1, tensor, sympy_form, rf"\{name}\left({{0}}\right)", complexity=2)


# The order is part of the tape format and of the vocabulary: append, never reorder.
_BUILTIN: tuple[Operator, ...] = (
    Operator("add", 2, torch.add, lambda a, b: a + b, "{0} + {1}"),
    Operator("sub", 2, torch.sub, lambda a, b: a - b, "{0} - {1}"),
    Operator("mul", 2, torch.mul, lambda a, b: a * b, r"{0} \cdot {1}"),
    Operator("div", 2, torch.div, lambda a, b: a / b, r"\frac{{{0}}}{{{1}}}"),
    Operator("pow", 2, torch.pow, lambda a, b: a**b, "{0}^{{{1}}}"),
    Operator("neg", 1, torch.neg, lambda a: -a, "-{0}"),
    Operator("inv", 1, torch.reciprocal, lambda a: 1 / a, r"\frac{{1}}{{{0}}}"),
    Operator("abs", 1, torch.abs, sympy.Abs, r"\left|{0}\right|"),
    Operator("sqrt", 1, torch.sqrt, sympy.sqrt, r"\sqrt{{{0}}}"),
    Operator("square", 1, torch.square, lambda a: a**2, "{0}^{{2}}"),
    Operator("cube", 1, lambda a: a * a * a, lambda a: a**3, "{0}^{{3}}"),
    _function("exp", torch.exp, sympy.exp),
    _function("log", torch.log, sympy.log),
    _function("sin", torch.sin, sympy.sin),
    _function("cos", torch.cos, sympy.cos),
    _function("tan", torch.tan, sympy.tan),
    Operator("asin", 1, torch.asin, sympy.asin, r"\arcsin\left({0}\right)", complexity=2),
    Operator("acos", 1, torch.acos, sympy.acos, r"\arccos\left({0}\right)", complexity=2),
    Operator("atan", 1, torch.atan, sympy.atan, r"\arctan\left({0}\right)", complexity=2),
    _function("sinh", torch.sinh, sympy.sinh),
    _function("cosh", torch.cosh, sympy.cosh),
    _function("tanh", torch.tanh, sympy.tanh),
)

N_BUILTIN = len(_BUILTIN)
OPERATORS: dict[str, Operator] = {operator.name: operator for operator in _BUILTIN}


def register(operator: Operator) -> None:
    """Adds an operator to the table, after the built-in ones.

    Expressions that use it are evaluated by the tensor backend, with derivatives from autograd.

    Args:
        operator: The new operator; its name must be free.

    Raises:
        ValueError: If the name is taken.
    """
    if operator.name in OPERATORS:
        raise ValueError(f"operator {operator.name!r} exists already; choose another name")
    OPERATORS[operator.name] = operator
