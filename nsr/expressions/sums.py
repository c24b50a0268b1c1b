"""Sums, in kernels: like terms collected, and what all terms share pulled out."""

from __future__ import annotations

import math

import numpy as np

from nsr.expressions.arena import (
    collected,
    drop_zeros,
    product,
    put,
    scale,
    sort_new,
    times,
    with_coefficient,
)
from nsr.expressions.layout import NOT_FINITE, ONE, PRODUCT, SUM, ZERO
from nsr.expressions.ordering import compare
from nsr.expressions.stacks import ADD, MULTIPLY, PUSH, leave, push, scale_later
from nsr.kernels import kernel


@kernel(inner=True, exact=True)
def add(a, n):
    """Sum of n nodes with like terms collected, and what all terms share pulled out."""
    a.n_values -= n
    a.n_new = 0
    for k in range(a.n_values, a.n_values + n):
        coefficient, rest = a.number[a.values[k]], a.rest[a.values[k]]
        if a.kind[rest] == SUM:
            for at in range(a.first[rest], a.first[rest] + a.count[rest]):
                put(a, a.part[at], times(a, coefficient, a.weight[at]))
        else:
            put(a, rest, coefficient)
    sum_collected(a)


@kernel(inner=True, exact=True)
def sum_collected(a):
    """Sum of the terms collected."""
    drop_zeros(a)
    if a.n_new == 0:
        push(a, ZERO)
    elif a.n_new == 1:
        push(a, scale(a, a.new_part[0], a.new_weight[0]))
    elif _find_shared(a):
        _add_quotients(a)
    else:
        common = _common_coefficient(a)
        if common != 1.0:
            for k in range(a.n_new):
                a.new_weight[k] /= common
                if abs(a.new_weight[k]) == np.inf:
                    a.status = NOT_FINITE
        push(a, with_coefficient(a, collected(a, SUM), common))


@kernel(inner=True, exact=True)
def _find_shared(a):
    """Finds powers that divide every term: of each base the exponent nearest to zero, if signs agree."""
    a.n_shared = 0
    for k in range(a.n_new):
        term = a.new_part[k]
        is_product = a.kind[term] == PRODUCT
        first, count = a.first[term], a.count[term]
        if k == 0:
            a.n_shared = count if is_product else 1
            for at in range(a.n_shared):
                a.shared_part[at] = a.part[first + at] if is_product else term
                a.shared_weight[at] = a.weight[first + at] if is_product else 1.0
            continue
        n = 0
        for at in range(a.n_shared):
            base, exponent, other = a.shared_part[at], a.shared_weight[at], 0.0
            if not is_product:
                other = 1.0 if base == term else 0.0
            else:
                for place in range(first, first + count):
                    if a.part[place] == base:
                        other = a.weight[place]
            if exponent * other > 0:
                a.shared_part[n] = base
                a.shared_weight[n] = other if abs(other) < abs(exponent) else exponent
                n += 1
        a.n_shared = n
        if n == 0:
            return False
    n = 0
    for at in range(a.n_shared):
        if a.shared_part[at] != ONE and not a.has_unknown[a.shared_part[at]]:
            a.shared_part[n], a.shared_weight[n] = a.shared_part[at], a.shared_weight[at]
            n += 1
    a.n_shared = n
    return n > 0


@kernel(inner=True, exact=True)
def _add_quotients(a):
    """The sum of the terms collected, each divided by what they share, times that."""
    sort_new(a)
    n = a.n_new
    for k in range(n):
        a.held_part[k], a.held_weight[k] = a.new_part[k], a.new_weight[k]
    shared, inverse = _product_of_shared(a, 1.0), _product_of_shared(a, -1.0)
    leave(a, MULTIPLY, 2)
    leave(a, PUSH, shared)
    leave(a, ADD, n)
    for k in range(n - 1, -1, -1):
        scale_later(a, a.held_weight[k])
        leave(a, MULTIPLY, 2)
        leave(a, PUSH, inverse)
        leave(a, PUSH, a.held_part[k])


@kernel(inner=True, exact=True)
def _product_of_shared(a, sign):
    a.n_new = 0
    for k in range(a.n_shared):
        put(a, a.shared_part[k], sign * a.shared_weight[k])
    return product(a, 1.0)


@kernel(inner=True, exact=True)
def _common_coefficient(a):
    """The factor to pull out of a sum: equal magnitudes, and the sign of the leading term."""
    is_known, has_negative, is_alike, leading = False, False, True, 0
    for k in range(a.n_new):
        is_known = is_known or not math.isnan(a.new_weight[k])
        has_negative = has_negative or a.new_weight[k] < 0
        is_alike = is_alike and abs(a.new_weight[k]) == abs(a.new_weight[0])
        if compare(a, a.new_part[k], a.new_part[leading]) < 0:
            leading = k
    if not is_known:
        return 1.0
    sign = -1.0 if has_negative and a.new_weight[leading] < 0 else 1.0
    return sign * abs(a.new_weight[0]) if is_alike else sign
