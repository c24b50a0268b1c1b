"""Products and powers, in kernels: like powers collected, and exponentials merged."""

from __future__ import annotations

import math

from nsr.expressions.arena import constant, function, product, put, put_factors, scale, times
from nsr.expressions.layout import CONSTANT, FUNCTION, NOT_FINITE, ONE, PRODUCT, UNKNOWN, ZERO
from nsr.expressions.operators import PLACES
from nsr.expressions.stacks import (
    ABSOLUTE,
    ADD,
    EXPONENTIAL,
    MERGE,
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
from nsr.kernels import kernel

_POW = PLACES["pow"]
_EXP = PLACES["exp"]
_ABS = PLACES["abs"]


@kernel(inner=True, exact=True)
def multiply(a, n):
    """Product of n nodes with like powers collected and exponentials merged."""
    a.n_values -= n
    a.n_new = 0
    coefficient, n_exponents = 1.0, 0
    for k in range(a.n_values, a.n_values + n):
        node = a.values[k]
        kind = a.kind[node]
        if kind in (CONSTANT, PRODUCT):
            coefficient = times(a, coefficient, a.number[node])
        if kind == PRODUCT:
            for at in range(a.first[node], a.first[node] + a.count[node]):
                n_exponents = _put_factor(a, a.part[at], a.weight[at], n_exponents)
        elif kind != CONSTANT:
            n_exponents = _put_factor(a, node, 1.0, n_exponents)
    if coefficient == 0:
        push(a, ZERO)
    elif n_exponents == 0:
        push(a, product(a, coefficient))
    else:
        push(a, constant(a, coefficient))
        push(a, product(a, 1.0))
        leave(a, MERGE, 0)
        leave(a, EXPONENTIAL, 0)
        leave(a, ADD, n_exponents)
        for k in range(n_exponents - 1, -1, -1):
            leave(a, PUSH, a.held_part[k])


@kernel(inner=True, exact=True)
def _put_factor(a, base, exponent, n_exponents):
    """Collects a factor; what an exponential is of is held apart."""
    if a.kind[base] != FUNCTION or a.symbol[base] != _EXP:
        put(a, base, exponent)
        return n_exponents
    a.held_part[n_exponents] = scale(a, a.part[a.first[base]], exponent)
    return n_exponents + 1


@kernel(inner=True, exact=True)
def merge(a):
    """Product of a coefficient, a product, and what an exponential has become."""
    exponential, kept, coefficient = pop(a), pop(a), a.number[pop(a)]
    a.n_new = 0
    put_factors(a, kept, 1.0)
    put_factors(a, a.rest[exponential], 1.0)
    push(a, product(a, times(a, coefficient, a.number[exponential])))


@kernel(inner=True, exact=True)
def power(a):
    """A node to the power of another."""
    above, base = pop(a), pop(a)
    exponent = a.number[above]
    if a.kind[above] != CONSTANT or math.isnan(exponent):
        _general_power(a, base, above)
        return
    while a.kind[base] == FUNCTION and a.symbol[base] == _ABS and exponent % 2 == 0 and exponent != 0:
        base = a.part[a.first[base]]
    if exponent == 0:
        push(a, ONE)
    elif exponent == 1:
        push(a, base)
    elif base == UNKNOWN:
        push(a, UNKNOWN)
    elif a.kind[base] == CONSTANT:
        push(a, constant(a, _real_power(a, a.number[base], exponent)))
    elif a.kind[base] == FUNCTION and a.symbol[base] == _EXP:
        leave(a, EXPONENTIAL, 0)
        push(a, scale(a, a.part[a.first[base]], exponent))
    elif a.kind[base] == PRODUCT:
        _power_of_product(a, base, exponent)
    else:
        push(a, single_power(a, base, exponent))


@kernel(inner=True, exact=True)
def _general_power(a, base, exponent):
    if base == ONE:
        push(a, ONE)
    elif a.kind[base] == CONSTANT and a.kind[exponent] == CONSTANT:
        push(a, UNKNOWN)
    else:
        a.n_values += 2  # both are there still
        replace(a, 2, function(a, FUNCTION, _POW, a.n_values - 2, 2))


@kernel(inner=True, exact=True)
def single_power(a, base, exponent):
    """A power that nothing is done about."""
    a.n_new = 0
    put(a, base, exponent)
    return product(a, 1.0)


@kernel(inner=True, exact=True)
def _power_of_product(a, node, exponent):
    coefficient, first, count = a.number[node], a.first[node], a.count[node]
    is_whole, is_negative = exponent == math.floor(exponent), coefficient <= 0
    outer = coefficient
    if not math.isnan(coefficient):
        outer = _real_power(a, coefficient if is_whole else abs(coefficient), exponent)
    if is_whole:
        scale_later(a, outer)
        leave(a, MULTIPLY, count)
        for k in range(first + count - 1, first - 1, -1):
            raise_later(a, a.part[k], a.weight[k] * exponent)
    elif count > 1 or is_negative:
        push(a, _root_of_product(a, node, exponent, outer))
    else:
        base, inner = a.part[first], a.weight[first]
        scale_later(a, outer)
        if inner % 2 == 0 and (inner * exponent) % 2 != 0:  # an even power hides the sign of its base
            leave(a, POWER, 0)
            leave(a, PUSH, constant(a, inner * exponent))
            leave(a, ABSOLUTE, 0)
            leave(a, PUSH, base)
        else:
            raise_later(a, base, inner * exponent)


@kernel(inner=True, exact=True)
def _root_of_product(a, node, exponent, outer):
    """A power that is not whole of several factors or of a negative product, times a coefficient."""
    first, count = a.first[node], a.count[node]
    is_below = True
    for k in range(first, first + count):
        is_below = is_below and a.weight[k] < 0 and a.weight[k] == math.floor(a.weight[k])
    turn = -1.0 if is_below else 1.0  # 1/sqrt(x), never sqrt(1/x)
    a.n_new = 0
    for k in range(first, first + count):
        put(a, a.part[k], turn * a.weight[k])
    inner = product(a, -1.0 if a.number[node] <= 0 else 1.0)
    a.n_new = 0
    put(a, inner, turn * exponent)
    return product(a, outer)


@kernel(inner=True, exact=True)
def _real_power(a, value, exponent):
    if (value == 0 and exponent < 0) or (value < 0 and exponent != math.floor(exponent)):
        a.status = NOT_FINITE
        return 1.0
    result = value**exponent
    if not math.isfinite(result):
        a.status = NOT_FINITE
    return result
