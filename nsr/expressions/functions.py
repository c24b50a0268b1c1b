"""Functions of nodes, in kernels: constants folded, inverse functions cancelled, signs moved outside."""

from __future__ import annotations

import math

from nsr.expressions.arena import constant, function, put, scale, times, with_coefficient
from nsr.expressions.layout import (
    CONSTANT,
    FUNCTION,
    IS_EVEN,
    IS_FOLDED,
    IS_NONNEGATIVE,
    IS_ODD,
    IS_SYMMETRIC,
    NOT_FINITE,
    ONE,
    PENDING,
    PRODUCT,
    SUM,
    UNKNOWN,
)
from nsr.expressions.operators import PLACES
from nsr.expressions.ordering import compare
from nsr.expressions.powers import single_power
from nsr.expressions.stacks import (
    ABSOLUTE,
    ADD,
    EXPONENTIAL,
    FIRST_FUNCTION,
    LOGARITHM,
    MULTIPLY,
    POWER,
    PUSH,
    leave,
    pop,
    push,
    raise_later,
    replace,
    scale_later,
)
from nsr.expressions.sums import sum_collected
from nsr.kernels import kernel

_EXP = PLACES["exp"]
_LOG = PLACES["log"]
_ABS = PLACES["abs"]
_WHERE = PLACES["where"]


@kernel(inner=True, exact=True)
def apply(a, operator):
    """A function of nodes: constants folded, inverse functions cancelled, signs moved outside."""
    n, traits = a.arity[operator], a.traits[operator]
    first = a.n_values - n
    argument = a.values[first]
    is_constant = True
    for k in range(first, first + n):
        is_constant = is_constant and a.kind[a.values[k]] == CONSTANT
    if is_constant:
        replace(a, n, _constant_function(a, operator, first))
    elif n > 1:
        replace(a, n, _of_several(a, operator, first))
    elif traits & IS_EVEN and _has_size(a, a.rest[argument]):
        _leave_without_sizes(a, operator, pop(a))
    elif operator == _EXP:
        leave(a, EXPONENTIAL, 0)
    elif operator == _LOG:
        leave(a, LOGARITHM, 0)
    elif operator == _ABS:
        leave(a, ABSOLUTE, 0)
    elif traits & (IS_ODD | IS_EVEN) and a.number[argument] < 0:
        a.values[first] = scale(a, argument, -1.0)
        sign = -1.0 if traits & IS_ODD else 1.0
        replace(a, n, with_coefficient(a, function(a, FUNCTION, operator, first, n), sign))
    else:
        replace(a, n, function(a, FUNCTION, operator, first, n))


@kernel(inner=True, exact=True)
def _has_size(a, node):
    """Whether a node without a coefficient is an absolute value, or a product with whole powers of such."""
    if a.kind[node] != PRODUCT:
        return _is_size(a, node, 1.0)
    has_size = False
    for k in range(a.first[node], a.first[node] + a.count[node]):
        has_size = has_size or _is_size(a, a.part[k], a.weight[k])
    return has_size


@kernel(inner=True, exact=True)
def _is_size(a, base, exponent):
    return a.kind[base] == FUNCTION and a.symbol[base] == _ABS and exponent == math.floor(exponent)


@kernel(inner=True, exact=True)
def _leave_without_sizes(a, operator, argument):
    """Leaves an even function to be computed of a product in which nothing is an absolute value."""
    rest = a.rest[argument]
    leave(a, FIRST_FUNCTION + operator, 0)
    scale_later(a, a.number[argument])
    if a.kind[rest] != PRODUCT:
        leave(a, PUSH, a.part[a.first[rest]])
        return
    first, count = a.first[rest], a.count[rest]
    leave(a, MULTIPLY, count)
    for k in range(first + count - 1, first - 1, -1):
        base = a.part[k]
        raise_later(a, a.part[a.first[base]] if _is_size(a, base, a.weight[k]) else base, a.weight[k])


@kernel(inner=True, exact=True)
def _of_several(a, operator, first):
    """A function of several arguments; none where cases are the same or known, or extremes are of equals."""
    one, other = a.values[first], a.values[first + 1]
    if operator == _WHERE:
        if a.kind[one] == CONSTANT and one != UNKNOWN:
            return other if a.number[one] != 0 else a.values[first + 2]
        if other == a.values[first + 2] and not a.has_unknown[other]:
            return other
    if a.traits[operator] & IS_SYMMETRIC:
        if one == other and not a.has_unknown[one]:
            return one
        if compare(a, one, other) > 0:
            a.values[first], a.values[first + 1] = other, one
    return function(a, FUNCTION, operator, first, a.arity[operator])


@kernel(inner=True, exact=True)
def _constant_function(a, operator, first):
    """A function of constants, the value of which Python computes when it is first asked for."""
    for k in range(first, first + a.arity[operator]):
        if a.values[k] == UNKNOWN:
            return UNKNOWN
    node = function(a, FUNCTION, operator, first, a.arity[operator])
    if not a.traits[operator] & IS_FOLDED:
        return node
    value = a.value[node] - 1
    if value == -1:
        a.status, a.pending = PENDING, node
    elif value < 0:
        a.status = NOT_FINITE
    return max(value, ONE)


@kernel(inner=True, exact=True)
def _function_of_constant(a, operator, value):
    push(a, constant(a, value))
    result = _constant_function(a, operator, a.n_values - 1)
    a.n_values -= 1
    return result


@kernel(inner=True, exact=True)
def _function_of(a, operator, argument):
    push(a, argument)
    result = function(a, FUNCTION, operator, a.n_values - 1, 1)
    a.n_values -= 1
    return result


@kernel(inner=True, exact=True)
def exponential(a):
    """Exponential of a node: a constant summand becomes a factor, a logarithm a power."""
    argument = pop(a)
    coefficient, rest = a.number[argument], a.rest[argument]
    if a.kind[argument] == CONSTANT:
        push(a, _function_of_constant(a, _EXP, coefficient))
        return
    if a.kind[rest] == FUNCTION and a.symbol[rest] == _LOG and not math.isnan(coefficient):
        leave(a, POWER, 0)
        push(a, a.part[a.first[rest]])
        push(a, constant(a, coefficient))
        return
    if a.kind[rest] == SUM:
        a.n_new, offset = 0, 0.0
        for k in range(a.first[rest], a.first[rest] + a.count[rest]):
            if a.part[k] == ONE:
                offset = times(a, coefficient, a.weight[k])
            else:
                put(a, a.part[k], a.weight[k])
        if offset != 0:
            push(a, _function_of_constant(a, _EXP, offset))
            leave(a, MULTIPLY, 2)
            leave(a, EXPONENTIAL, 0)
            scale_later(a, coefficient)
            sum_collected(a)
            return
    push(a, _function_of(a, _EXP, argument))


@kernel(inner=True, exact=True)
def logarithm(a):
    """Logarithm of a node: a positive factor becomes a summand, an exponential its exponent."""
    argument = pop(a)
    coefficient, rest = a.number[argument], a.rest[argument]
    if a.kind[argument] == FUNCTION and a.symbol[argument] == _EXP:
        push(a, a.part[a.first[argument]])
        return
    if math.isnan(coefficient) or (coefficient > 0 and coefficient != 1.0):
        push(a, _function_of_constant(a, _LOG, coefficient))
        push(a, rest)
        leave(a, ADD, 2)
        leave(a, LOGARITHM, 0)
        return
    if a.kind[rest] == PRODUCT and a.count[rest] == 1 and coefficient == 1.0:
        base, exponent = a.part[a.first[rest]], a.weight[a.first[rest]]
        if exponent % 2 != 0:
            push(a, scale(a, _function_of(a, _LOG, base), exponent))
            return
    push(a, _function_of(a, _LOG, argument))


@kernel(inner=True, exact=True)
def absolute(a):
    """Size of a node: the sign of a coefficient does not count, nor that of what is never negative."""
    argument = pop(a)
    outer, rest = abs(a.number[argument]), a.rest[argument]
    first, count = a.first[rest], a.count[rest]
    if a.kind[rest] == FUNCTION and a.traits[a.symbol[rest]] & IS_NONNEGATIVE:
        push(a, scale(a, rest, outer))
        return
    if a.kind[rest] == PRODUCT:
        has_sign = False
        for k in range(first, first + count):
            has_sign = has_sign or (a.weight[k] % 2 != 0 and a.weight[k] == math.floor(a.weight[k]))
        if not has_sign:
            push(a, scale(a, rest, outer))
            return
        if count == 1:
            size = _function_of(a, _ABS, a.part[first])
            push(a, scale(a, single_power(a, size, a.weight[first]), outer))
            return
    push(a, scale(a, _function_of(a, _ABS, rest), outer))
