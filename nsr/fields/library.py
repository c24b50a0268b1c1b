"""Libraries of terms for fields, from the likely to the less likely ones."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from nsr.expressions.expression import Expression, apply, variable
from nsr.expressions.monomials import monomial
from nsr.fields.terms import Term, TermMaker
from nsr.fields.variables import FieldVariables, Orders

# Degree of monomials of few fields and inputs, and of more.
_DEGREE, _DEGREE_OF_MANY, _FEW = 3, 2, 2
_FUNCTIONS = ("sin", "cos", "exp", "inv")
# Exponents p of u^p before a derivative of u.
_EXPONENTS = (1, 2)


def libraries(variables: FieldVariables) -> list[tuple[Term, ...]]:
    """Each is tried on its own.

    All have monomials of the fields, their slopes, and fields that are carried by themselves and each other.
    The first adds pure higher derivatives, over a plane as Laplacians; the second what spreads at a speed
    that depends on the field, squares of slopes, and over a plane all single derivatives; the third the
    places and the time; the fourth functions of the fields.
    """
    make = TermMaker(variables)
    base, high = _base(variables, make), _high(variables, make)
    single = _single(variables, make) if variables.n_axes > 1 else high
    return [
        (*base, *high),
        (*base, *single, *_spreading(variables, make)),
        (*base, *high, *_placed(variables, make)),
        (*base, *high, *_functions(variables, make)),
    ]


def _base(v: FieldVariables, make: TermMaker) -> list[Term]:
    fields, everything = range(len(v.fields)), range(len(v.fields) + len(v.inputs))
    places = [v.place(field) for field in everything]
    degree = _DEGREE if len(places) <= _FEW else _DEGREE_OF_MANY
    terms = [make.plain(one) for one in _monomials(places, degree)]
    terms += [make.rate(field) for field in fields] if v.order > 1 else []
    terms += [make.derivative(field, orders) for field in fields for orders in _orders(v.n_axes, 1)]
    terms += [make.carried(f, p, a) for f in fields for a in range(v.n_axes) for p in _EXPONENTS]
    pairs = [(by, field) for field in fields for by in everything if by != field]
    return terms + [make.carried_by(by, field, axis) for by, field in pairs for axis in range(v.n_axes)]


def _high(v: FieldVariables, make: TermMaker) -> list[Term]:
    fields = range(len(v.fields))
    if v.n_axes == 1:
        return [make.derivative(field, (order,)) for field in fields for order in range(2, v.most + 1)]
    return [make.laplacian(field, times) for field in fields for times in range(1, v.most // 2 + 1)]


def _single(v: FieldVariables, make: TermMaker) -> list[Term]:
    every = [orders for total in range(2, min(v.most, 3) + 1) for orders in _orders(v.n_axes, total)]
    return [make.derivative(field, orders) for field in range(len(v.fields)) for orders in every]


def _spreading(v: FieldVariables, make: TermMaker) -> list[Term]:
    fields, axes = range(len(v.fields)), range(v.n_axes)
    diffused = [make.diffused(field, p) for field in fields for p in _EXPONENTS]
    spread = [make.spread(field, p, axis) for field in fields for axis in axes for p in _EXPONENTS]
    return [*diffused, *spread, *(make.square_of_slope(field, axis) for field in fields for axis in axes)]


def _placed(v: FieldVariables, make: TermMaker) -> list[Term]:
    pure = [tuple(2 * (i == axis) for i in range(v.n_axes)) for axis in range(v.n_axes)]
    kinds = [(0,) * v.n_axes, *_orders(v.n_axes, 1), *pure]
    everywhere = range(v.n_axes + 1)
    alone = [make.plain(variable(v.axis_place(axis))) for axis in everywhere]
    fields = range(len(v.fields))
    return alone + [
        make.at_place(a, field, orders) for field in fields for a in everywhere for orders in kinds
    ]


def _functions(v: FieldVariables, make: TermMaker) -> list[Term]:
    places = [v.place(field) for field in range(len(v.fields) + len(v.inputs))]
    return [make.plain(apply(name, variable(place))) for place in places for name in _FUNCTIONS]


def _monomials(places: Sequence[int], degree: int) -> list[Expression]:
    """All monomials of some variables up to a degree, the constant first."""
    numbers = {number: variable(place) for number, place in enumerate(places)}
    chosen = [
        factors
        for total in range(degree + 1)
        for factors in itertools.combinations_with_replacement(range(len(places)), total)
    ]
    return [monomial(map(own.count, range(len(places)))).substitute(numbers) for own in chosen]


def _orders(n_axes: int, total: int) -> list[Orders]:
    """All derivatives of an order, those along the first axis first."""
    every = itertools.product(range(total + 1), repeat=n_axes)
    return sorted((orders for orders in every if sum(orders) == total), reverse=True)
