"""Nodes of the canonical algebraic form, in flat arrays that kernels fill.

Nodes are numbered, and equal ones have the same number: sums and products are sets of their parts, so equal
means equal up to commutation and association. A node is

- a `CONSTANT`; its number is NaN for the placeholder, a constant of unknown value,
- a `VARIABLE`,
- a `SUM` of terms, each with a coefficient; the constant term is the node `ONE`,
- a `PRODUCT` of a coefficient and of factors, each with an exponent, or
- a `FUNCTION` of arguments: functions, `abs`, and powers whose exponent is not a fixed number.

Parts of sums and products stand in an order that does not depend on what a node was built from. Every node is
a coefficient (`number`) times a node without one (`rest`). Coefficients that are NaN, the placeholder, absorb
what they meet.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# Kinds of nodes; their order is part of the order of terms.
VARIABLE, PRODUCT, FUNCTION, SUM, CONSTANT = 1, 2, 3, 4, 9
# Kinds of nodes of what is multiplied out (`nsr.expressions.expansion`).
MONOMIAL, POLYNOMIAL, ATOM = 10, 11, 12
# Nodes that every arena begins with.
ONE, ZERO, UNKNOWN = 0, 1, 2
# Why a computation ended: a constant without a finite value, no room, or a function of constants that Python
# has to compute.
DONE, NOT_FINITE, FULL, PENDING = 0, 1, 2, 3

# Memory is taken as it is filled, so that these may be more than is usual.
MOST_NODES, MOST_PARTS, MOST_KEYS = 1 << 18, 1 << 20, 1 << 21
MOST_WORK, MOST_TOKENS, MOST_OPERATORS = 1 << 16, 1 << 15, 1 << 10
MOST_MEMO, MOST_CHAINS = 1 << 13, 16

# Codes of tokens beside the places of operators in the table: numbers, the placeholder, the first variable.
NUMBER, PLACEHOLDER_CODE, FIRST_VARIABLE = -1, MOST_OPERATORS, MOST_OPERATORS + 1
# Nodes where tokens are expected have codes that go down from this one.
FIRST_NODE = -2
# What is known of an operator, as `traits`.
IS_SUM, IS_PRODUCT, IS_ODD, IS_EVEN, IS_SYMMETRIC, IS_NONNEGATIVE, IS_FOLDED = 1, 2, 4, 8, 16, 32, 64


def _array(name: str, size: int, dtype: str = "i8") -> tuple[str, str, tuple[int]]:
    return name, dtype, (size,)


_FIELDS: list[Any] = [
    ("status", "i8"), ("pending", "i8"), ("n_nodes", "i8"), ("n_parts", "i8"), ("n_keys", "i8"),
    ("mask", "i8"), ("n_new", "i8"), ("n_shared", "i8"), ("n_values", "i8"), ("n_work", "i8"),
    # Nodes. A function's `symbol` is its operator's place in the table, a variable's its index.
    _array("kind", MOST_NODES), _array("symbol", MOST_NODES), _array("number", MOST_NODES, dtype="f8"),
    _array("rest", MOST_NODES), _array("first", MOST_NODES), _array("count", MOST_NODES),
    _array("hash", MOST_NODES), _array("has_unknown", MOST_NODES), _array("value", MOST_NODES),
    _array("is_fixed", MOST_NODES), _array("place", MOST_NODES),
    _array("polynomial", MOST_NODES), _array("outline", MOST_NODES),
    _array("key", MOST_NODES), _array("n_form", MOST_NODES), _array("n_within", MOST_NODES),
    # Parts of nodes, with coefficients or exponents, and the keys that order them.
    _array("part", MOST_PARTS), _array("weight", MOST_PARTS, dtype="f8"),
    _array("keys", MOST_KEYS, dtype="f8"),
    _array("slots", 4 * MOST_NODES),
    # Terms or factors that are being collected, and copies of such.
    _array("new_part", MOST_WORK), _array("new_weight", MOST_WORK, dtype="f8"),
    _array("new_size", MOST_WORK, dtype="f8"),  # of all weights that were added up
    _array("held_part", MOST_WORK), _array("held_weight", MOST_WORK, dtype="f8"),
    _array("shared_part", MOST_WORK), _array("shared_weight", MOST_WORK, dtype="f8"),
    _array("order", MOST_WORK), _array("factor_exponent", MOST_WORK, dtype="f8"),
    # The machine's (`nsr.expressions.machine`): arguments and results, and what is left to do.
    _array("values", MOST_WORK), _array("instructions", MOST_WORK), _array("operands", MOST_WORK),
    _array("memo", 5 * MOST_MEMO),
    # Expressions, read and written: codes, and the values of constants.
    _array("length", 2), _array("codes", 2 * MOST_TOKENS), _array("numbers", 2 * MOST_TOKENS, dtype="f8"),
    # The table of operators, and chains of these that stand for powers.
    _array("arity", MOST_OPERATORS), _array("rank", MOST_OPERATORS), _array("traits", MOST_OPERATORS),
    _array("weights", 3 * MOST_OPERATORS, dtype="f8"), _array("exponents", 3 * MOST_OPERATORS, dtype="f8"),
    _array("chain_exponent", MOST_CHAINS, dtype="f8"), _array("chain_length", MOST_CHAINS),
    _array("chain", 4 * MOST_CHAINS),
]  # fmt: skip
ARENA: np.dtype[np.void] = np.dtype(_FIELDS)
