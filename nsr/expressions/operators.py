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
        complexity: Cost of one use, in nodes.
    """

    name: str
    arity: int
    tensor: Callable[..., torch.Tensor]
    sympy: Callable[..., Any]
    complexity: int = 1

    def __post_init__(self) -> None:
        if self.arity not in (1, 2):
            raise ValueError(f"operator {self.name!r}: arity must be 1 or 2, not {self.arity}")
        if not self.name.isidentifier():
            raise ValueError(f"operator name {self.name!r} is not an identifier")


# The order is part of the tape format and of the vocabulary: append, never reorder.
_BUILTIN: tuple[Operator, ...] = (
    Operator("add", 2, torch.add, lambda a, b: a + b),
    Operator("sub", 2, torch.sub, lambda a, b: a - b),
    Operator("mul", 2, torch.mul, lambda a, b: a * b),
    Operator("div", 2, torch.div, lambda a, b: a / b),
    Operator("pow", 2, torch.pow, lambda a, b: a**b),
    Operator("neg", 1, torch.neg, lambda a: -a),
    Operator("inv", 1, torch.reciprocal, lambda a: 1 / a),
    Operator("abs", 1, torch.abs, sympy.Abs),
    Operator("sqrt", 1, torch.sqrt, sympy.sqrt),
    Operator("square", 1, torch.square, lambda a: a**2),
    Operator("cube", 1, lambda a: a * a * a, lambda a: a**3),
    Operator("exp", 1, torch.exp, sympy.exp, complexity=2),
    Operator("log", 1, torch.log, sympy.log, complexity=2),
    Operator("sin", 1, torch.sin, sympy.sin, complexity=2),
    Operator("cos", 1, torch.cos, sympy.cos, complexity=2),
    Operator("tan", 1, torch.tan, sympy.tan, complexity=2),
    Operator("asin", 1, torch.asin, sympy.asin, complexity=2),
    Operator("acos", 1, torch.acos, sympy.acos, complexity=2),
    Operator("atan", 1, torch.atan, sympy.atan, complexity=2),
    Operator("sinh", 1, torch.sinh, sympy.sinh, complexity=2),
    Operator("cosh", 1, torch.cosh, sympy.cosh, complexity=2),
    Operator("tanh", 1, torch.tanh, sympy.tanh, complexity=2),
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
