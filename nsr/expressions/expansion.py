"""Canonical forms multiplied out, in kernels: how far a sum was factored says nothing about what it is.

A `POLYNOMIAL` has monomials with coefficients; a `MONOMIAL` has atoms with exponents; and an atom is a
variable, or an `ATOM`: a function of polynomials, or (`SUM_ATOM`) a sum under a power other than 1. All are
nodes of the arena, each once. Each knows a hash of its shape (`outline`), in which all variables are alike.
"""

from __future__ import annotations

import math

import numpy as np

from nsr.expressions.arena import collected, drop_zeros, function, mixed, put, times
from nsr.expressions.expression import is_structural
from nsr.expressions.layout import (
    ATOM,
    CONSTANT,
    DONE,
    FULL,
    MONOMIAL,
    MOST_OPERATORS,
    MOST_WORK,
    POLYNOMIAL,
    PRODUCT,
    SUM,
    VARIABLE,
)
from nsr.expressions.operators import PLACES
from nsr.expressions.stacks import leave, push
from nsr.kernels import kernel

_POW, _LOG, _ABS = (PLACES[name] for name in ("pow", "log", "abs"))
SUM_ATOM = MOST_OPERATORS  # stands where functions have their operator

# Products of sums that would take more terms than this stay factored.
_MOST_TERMS = 64
# Stands for an exponent whose value is not known; any number that is not a structural exponent would do.
_FREE_EXPONENT = 0.123
# Coefficients that cancel leave no more than this share of their sizes.
_ROUNDING = 1e-12
# Exponents that differ in less are the same.
_DIGITS = 1e6

_is_structural = kernel(is_structural, inner=True, exact=True)


@kernel(inner=True, exact=True, inline="always")
def expanded(a, root):
    """The polynomial that a node is."""
    n = a.n_work = 0
    leave(a, 0, root)
    while a.n_work > 0 and n < MOST_WORK:
        a.n_work -= 1
        node = a.operands[a.n_work]
        if a.polynomial[node] == 0:
            a.order[n] = node
            n += 1
            a.polynomial[node] = -1
            for k in range(a.first[node], a.first[node] + a.count[node]):
                leave(a, 0, a.part[k])
    if n == MOST_WORK:
        a.status = FULL
    _sort_order(a, n)  # parts are older than what they are part of
    for k in range(n):
        a.n_values = 0
        found = _expand(a, a.order[k])
        a.polynomial[a.order[k]] = found + 1
        if a.status != DONE:
            for at in range(k, n):
                a.polynomial[a.order[at]] = 0
            break
    return max(a.polynomial[root] - 1, 0)


@kernel(inner=True, exact=True)
def unknown_polynomial(a):
    """The polynomial of a constant of unknown value."""
    return _constant_polynomial(a, np.nan)


@kernel(inner=True, exact=True)
def _sort_order(a, n):
    for k in range(1, n):
        node, at = a.order[k], k
        while at > 0 and a.order[at - 1] > node:
            a.order[at] = a.order[at - 1]
            at -= 1
        a.order[at] = node


@kernel(inner=True, exact=True)
def _expand(a, node):
    """The polynomial of a node whose parts have theirs."""
    kind, first, count = a.kind[node], a.first[node], a.count[node]
    if kind == CONSTANT:
        return _constant_polynomial(a, a.number[node])
    if kind == VARIABLE:
        a.outline[node] = VARIABLE
        return _atomic(a, node)
    if kind == SUM:
        a.n_new = 0
        for k in range(first, first + count):
            _put_scaled(a, a.polynomial[a.part[k]] - 1, a.weight[k])
        return _total(a, count)
    if kind == PRODUCT:
        return _expand_product(a, node)
    argument = a.part[first]
    if a.symbol[node] == _ABS:  # absolute values do not distinguish skeletons
        return a.polynomial[argument] - 1
    if a.symbol[node] == _LOG:
        return _expand_logarithm(a, argument)
    if a.symbol[node] == _POW and a.kind[a.part[first + 1]] == CONSTANT:
        return _power(a, a.polynomial[argument] - 1, _FREE_EXPONENT)
    for k in range(first, first + count):
        push(a, a.polynomial[a.part[k]] - 1)
    return _atomic(a, _function_atom(a, a.symbol[node], count))


@kernel(inner=True, exact=True)
def _expand_product(a, node):
    n = _push_factors(a, node)
    n_terms = 1.0
    for k in range(n):
        a.values[k] = _power(a, a.polynomial[a.values[k]] - 1, a.factor_exponent[k])
        n_terms *= a.count[a.values[k]]
    result = _constant_polynomial(a, a.number[node])
    for k in range(n):
        part = a.values[k]
        if n_terms > _MOST_TERMS and a.count[part] > 1:
            push(a, part)
            part = _atomic(a, _function_atom(a, SUM_ATOM, 1))
        result = _times(a, result, part)
    return result


@kernel(inner=True, exact=True)
def _push_factors(a, node):
    """Puts the bases of a product on the empty stack, those of products under a power included."""
    a.values[0], a.factor_exponent[0] = node, 1.0
    a.n_values, done = 1, 0
    while done < a.n_values:
        base, exponent = a.values[done], a.factor_exponent[done]
        if a.kind[base] != PRODUCT:
            done += 1
            continue
        a.n_values -= 1
        a.values[done], a.factor_exponent[done] = a.values[a.n_values], a.factor_exponent[a.n_values]
        for k in range(a.first[base], a.first[base] + a.count[base]):
            push(a, a.part[k])
            a.factor_exponent[a.n_values - 1] = exponent * a.weight[k]
    return a.n_values


@kernel(inner=True, exact=True)
def _expand_logarithm(a, argument):
    n = _push_factors(a, argument)
    for k in range(n):
        a.values[k] = _logarithm(a, a.polynomial[a.values[k]] - 1)
    a.n_new = 0
    for k in range(n):
        _put_scaled(a, a.values[k], a.factor_exponent[k])
    return _total(a, n)


@kernel(inner=True, exact=True)
def _logarithm(a, argument):
    """Logarithm of a sum: what its terms share becomes summands of its own."""
    rest, first = _divide_by_content(a, argument), a.n_values
    n_atoms = a.n_shared
    for k in range(n_atoms):
        push(a, _atomic(a, a.shared_part[k]))
        push(a, _atomic(a, _function_atom(a, _LOG, 1)))
    unit, n_parts = a.first[rest], n_atoms
    is_constant = a.count[rest] == 1 and a.count[a.part[unit]] == 0
    is_one = is_constant and a.weight[unit] == 1.0
    if is_constant and not is_one:
        push(a, _constant_polynomial(a, np.nan))
        n_parts += 1
    elif not is_constant:
        push(a, rest)
        push(a, _atomic(a, _function_atom(a, _LOG, 1)))
        n_parts += 1
    a.n_new = 0
    for k in range(n_parts):
        _put_scaled(a, a.values[first + k], a.shared_weight[k] if k < n_atoms else 1.0)
    a.n_values = first
    return _total(a, n_parts)


@kernel(inner=True, exact=True)
def _power(a, base, exponent):
    """A power; of a sum, what its terms share is raised on its own."""
    if exponent == 1.0 or a.count[base] == 0:
        return base
    rest = _divide_by_content(a, base)
    is_sum = a.count[rest] > 1
    unit = a.first[rest]
    is_unit = not is_sum and a.count[a.part[unit]] == 0 and a.weight[unit] == 1.0
    atom = -1
    if is_sum:
        push(a, rest)
        atom = _function_atom(a, SUM_ATOM, 1)
    a.n_new = 0
    for k in range(a.n_shared):
        put(a, a.shared_part[k], a.shared_weight[k] * exponent)
    if is_sum:
        put(a, atom, exponent)
    return _of_monomial(a, _monomial(a), 1.0 if is_unit or is_sum else np.nan)


@kernel(inner=True, exact=True)
def _divide_by_content(a, polynomial):
    """Finds the lowest power of each atom over all terms, as what is shared, and divides by these."""
    first, last = a.first[polynomial], a.first[polynomial] + a.count[polynomial]
    a.n_new = 0
    for k in range(first, last):
        for at in range(a.first[a.part[k]], a.first[a.part[k]] + a.count[a.part[k]]):
            put(a, a.part[at], 1.0)
    a.n_shared = 0
    for place in range(a.n_new):
        lowest = np.inf
        for k in range(first, last):
            lowest = min(lowest, _exponent_in(a, a.part[k], a.new_part[place]))
        if lowest != 0:
            a.shared_part[a.n_shared], a.shared_weight[a.n_shared] = a.new_part[place], lowest
            a.n_shared += 1
    for k in range(first, last):
        a.n_new = 0
        _put_parts(a, a.part[k], 1.0)
        for at in range(a.n_shared):
            put(a, a.shared_part[at], -a.shared_weight[at])
        a.held_part[k - first] = _monomial(a)
    a.n_new = 0
    for k in range(first, last):
        put(a, a.held_part[k - first], a.weight[k])
    return _polynomial(a)


@kernel(inner=True, exact=True)
def _exponent_in(a, monomial, atom):
    exponent = 0.0
    for k in range(a.first[monomial], a.first[monomial] + a.count[monomial]):
        if a.part[k] == atom:
            exponent = a.weight[k]
    return exponent


@kernel(inner=True, exact=True)
def _times(a, one, other):
    n = 0
    for k in range(a.first[one], a.first[one] + a.count[one]):
        for at in range(a.first[other], a.first[other] + a.count[other]):
            a.n_new = 0
            _put_parts(a, a.part[k], 1.0)
            _put_parts(a, a.part[at], 1.0)
            a.held_part[n] = _monomial(a)
            a.held_weight[n] = times(a, a.weight[k], a.weight[at])
            n += 1
    a.n_new = 0
    for k in range(n):
        put(a, a.held_part[k], a.held_weight[k])
    return _total(a, a.count[one])


@kernel(inner=True, exact=True)
def _put_parts(a, node, factor):
    for k in range(a.first[node], a.first[node] + a.count[node]):
        put(a, a.part[k], a.weight[k] * factor)


@kernel(inner=True, exact=True)
def _put_scaled(a, polynomial, coefficient):
    for k in range(a.first[polynomial], a.first[polynomial] + a.count[polynomial]):
        put(a, a.part[k], times(a, a.weight[k], coefficient))


@kernel(inner=True, exact=True)
def _total(a, n_parts):
    """The polynomial of the terms collected from some parts, without those that cancel."""
    if n_parts != 1:
        for k in range(a.n_new):
            if abs(a.new_weight[k]) <= _ROUNDING * a.new_size[k]:
                a.new_weight[k] = 0.0
        drop_zeros(a)
    return _polynomial(a)


@kernel(inner=True, exact=True)
def _constant_polynomial(a, value):
    a.n_new = 0
    return _of_monomial(a, _monomial(a), value)


@kernel(inner=True, exact=True)
def _atomic(a, atom):
    a.n_new = 0
    put(a, atom, 1.0)
    return _of_monomial(a, _monomial(a), 1.0)


@kernel(inner=True, exact=True)
def _of_monomial(a, monomial, coefficient):
    a.n_new = 0
    put(a, monomial, coefficient)
    return _polynomial(a)


@kernel(inner=True, exact=True)
def _polynomial(a):
    """The polynomial of the monomials collected."""
    node = collected(a, POLYNOMIAL)
    shape = 0
    for k in range(a.n_new):  # a set has no order
        shape += mixed(MONOMIAL, a.outline[a.new_part[k]])
    a.outline[node] = mixed(POLYNOMIAL, shape)
    return node


@kernel(inner=True, exact=True)
def _monomial(a):
    """The monomial of the atoms collected. Exponents count only where they belong to the structure."""
    drop_zeros(a)
    node = collected(a, MONOMIAL)
    shape, n = 0, a.n_new
    for k in range(n):
        own, exponent, is_first = a.outline[a.new_part[k]], 0.0, True
        is_variable = a.kind[a.new_part[k]] == VARIABLE
        for at in range(k if is_variable else 0, k + 1 if is_variable else n):
            if a.outline[a.new_part[at]] == own:
                is_first = is_first and at >= k
                weight = a.new_weight[at]
                exponent += weight if _is_structural(weight) else _FREE_EXPONENT
        if is_first:
            shape += mixed(own, math.floor(exponent * _DIGITS + 0.5))
    a.outline[node] = shape
    return node


@kernel(inner=True, exact=True)
def _function_atom(a, operator, n):
    """Takes n polynomials from the stack of values and makes an atom of them."""
    a.n_values -= n
    node = function(a, ATOM, operator, a.n_values, n)
    shape = mixed(ATOM, operator)
    for k in range(a.n_values, a.n_values + n):
        shape = mixed(shape, a.outline[a.values[k]])
    a.outline[node] = shape
    return node
