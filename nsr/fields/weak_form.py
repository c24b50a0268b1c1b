"""Integrals of terms for fields against test functions (Messenger and Bortz, arXiv:2007.02848).

Multiplying u_t = sum_j w_j D_j f_j(u) by a bump phi of compact support and integrating by parts gives
-int phi_t u = sum_j w_j (-1)^|D_j| int D_j phi f_j(u): linear in w, and without derivatives of noisy data.
All integrals are of smoothed fields: of products the noise has a mean, and where one side is smoothed and the
other is not, sums of functions of both imitate the noise between them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, variable
from nsr.fields.bumps import Bumps, bumps
from nsr.fields.grid import Fields
from nsr.fields.settings import FieldSettings
from nsr.fields.terms import AllOrders, Term

Array = NDArray[np.float64]

_SPLINE_DEGREE = 5
# Bumps this share of a half-width apart hardly have anything in common.
_INDEPENDENT = 0.6


class WeakForm:
    """Integrals of observed fields against M test functions, those of one time after those of the one before.

    Args:
        fields: Observed.
        settings: How many test functions there are.
    """

    def __init__(self, fields: Fields, settings: FieldSettings) -> None:
        self._fields = fields
        most = settings.most_bumps if len(fields.axes) == 1 else settings.most_bumps_of_plane
        shape = fields.values.shape[1:]
        self._bumps = [
            bumps(*own) for own in zip(shape, fields.spacings, fields.half_widths, most, strict=True)
        ]
        self._columns: dict[int, Array] = {}
        self._weights = cache(lambda axis, order: self._bumps[axis].weights(order))

    @cached_property
    def n_independent(self) -> float:
        """How many of the test functions hardly overlap."""
        return math.prod(_n_independent(own) for own in self._bumps)

    @property
    def counts(self) -> tuple[int, ...]:
        """Test functions along the time and each axis, whose product is M."""
        return tuple(len(own.centers) for own in self._bumps)

    def target(self, field: int) -> Array:
        """Integrals of the left-hand side of a field's equation, shape (M,)."""
        v = self._fields.variables
        return self._integral(self._fields.smooth[field], (v.order, *(0,) * v.n_axes))

    def table(self, terms: Sequence[Term]) -> Array:
        """Integrals of terms, shape (M, n); what is not finite somewhere is not finite there."""
        return np.column_stack([self._term(term) for term in terms])

    def _term(self, term: Term) -> Array:
        integrals = [
            part.weight * self._integral(self._values(part.inner), part.orders) for part in term.parts
        ]
        return np.asarray(np.sum(integrals, axis=0))

    def _integral(self, values: Array, orders: AllOrders) -> Array:
        for axis, order in enumerate(orders):
            values = np.moveaxis(np.tensordot(self._weights(axis, order), values, axes=(1, axis)), 0, axis)
        return np.asarray((-1.0) ** sum(orders) * values.ravel())

    def _values(self, inner: Expression) -> Array:
        """An expression everywhere, shape (T, *grid)."""
        shape, used = self._fields.values.shape[1:], inner.variables
        numbered = inner.substitute({place: variable(number) for number, place in enumerate(used)})
        columns = [self._column(place).ravel() for place in used] or [np.zeros(math.prod(shape))]
        with np.errstate(all="ignore"):
            return np.asarray(Program([numbered]).values(np.column_stack(columns))[0]).reshape(shape)

    def _column(self, place: int) -> Array:
        """A variable everywhere, shape (T, *grid)."""
        if place not in self._columns:
            self._columns[place] = self._made(place)
        return self._columns[place]

    def _made(self, place: int) -> Array:
        fields, v = self._fields, self._fields.variables
        if place >= v.axis_place(0):
            axis = (place - v.axis_place(0) + 1) % (v.n_axes + 1)  # the time is the last variable, and axis 0
            along = (fields.times, *fields.axes)[axis]
            shape = fields.values.shape[1:]
            return np.broadcast_to(along.reshape([-1 if i == axis else 1 for i in range(len(shape))]), shape)
        if place >= v.rate_place(0):
            return derivative(fields.smooth[place - v.rate_place(0)], fields.times, 0, 1)
        found = fields.smooth[place // len(v.derivatives)]
        for axis, order in enumerate(v.derivatives[place % len(v.derivatives)]):
            if order:
                found = derivative(found, fields.axes[axis], axis + 1, order)
        return np.asarray(found)


def derivative(field: Array, places: Array, axis: int, order: int) -> Array:
    """A derivative along an axis, by splines of degree 5 through all points."""
    spline = make_interp_spline(places, field, k=_SPLINE_DEGREE, axis=axis)
    return np.asarray(spline.derivative(order)(places))


def _n_independent(own: Bumps) -> float:
    return 1.0 + float(own.centers[-1] - own.centers[0]) / (own.half * _INDEPENDENT)
