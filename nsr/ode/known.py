"""Right-hand sides of which a part is known: `dS/dt = P - f(S)`, with f to be found.

Parts stand alone or are multiplied by what is known, so that a right-hand side is A + sum_i B_i f_i, of which
A and the B_i are known. Sparse regression takes A from what is to be explained, and terms times B_i.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nsr.data.names import Names
from nsr.data.templates import read_template
from nsr.evaluate.program import Program
from nsr.expressions.expression import PLACEHOLDER, Expression, apply, constant, variable
from nsr.expressions.simplify import simplify
from nsr.ode.motion import Motion

Array = NDArray[np.float64]

# Random points at which it is seen what an expression depends on, and what counts as no difference.
_N_POINTS, _SAME = 24, 1e-7
# Variables of right-hand sides that are compared with a form, at most.
_MOST_VARIABLES = 256


@dataclass(frozen=True)
class KnownForm:
    """What is known of a right-hand side.

    Attributes:
        offset: A.
        factors: B_i, of each part.
        places: Variables of each part; a constant that is to be fitted is a part of none.
    """

    offset: Expression
    factors: tuple[Expression, ...]
    places: tuple[tuple[int, ...], ...]

    @property
    def numbers(self) -> frozenset[float]:
        """Sizes of the numbers that are known, which fits leave as they are."""
        return frozenset(abs(value) for own in (self.offset, *self.factors) for value in own.constants)

    def filled(self, part: Expression) -> Expression:
        """A right-hand side of A and a sum of terms that have their factors already."""
        return part if self.offset == constant(0.0) else apply("add", self.offset, part)

    def within(self, part: int, term: Expression) -> Expression:
        """A term of a part with its factor."""
        factor = self.factors[part]
        return term if factor == constant(1.0) else apply("mul", factor, term)

    def suits(self, expression: Expression) -> bool:
        """Whether a right-hand side has this form; of several parts it cannot be seen."""
        if len(self.places) > 1:
            return False
        points, moved = self._points
        with np.errstate(all="ignore"):
            values = Program([expression]).values(points)[0], Program([expression]).values(moved)[0]
            rest = [(own - a) / b for own, (a, b) in zip(values, self._known_values, strict=True)]
            is_seen = np.isfinite(rest[0]) & np.isfinite(rest[1])
            size = np.maximum(np.abs(rest[0]), 1.0)
            off = np.abs(rest[1] - rest[0]) / size
        return bool(is_seen.any() and np.all(off[is_seen] < _SAME))

    @cached_property
    def _points(self) -> tuple[Array, Array]:
        """Points, and the same with all variables elsewhere that the part is not of."""
        points, moved = np.random.default_rng(0).uniform(0.5, 2.0, (2, _N_POINTS, _MOST_VARIABLES))
        own = list(self.places[0])
        moved[:, own] = points[:, own]
        return points, moved

    @cached_property
    def _known_values(self) -> list[tuple[Array, Array]]:
        program = Program([self.offset, self.factors[0]])
        with np.errstate(all="ignore"):
            return [tuple(program.values(points)) for points in self._points]


def read_known(texts: Sequence[str], names: Names, motion: Motion, n_states: int) -> Mapping[int, KnownForm]:
    """What is known of each state's right-hand side, for those of which something is.

    Args:
        texts: Such as `dS/dt = P - f(S)`; functions that no operator has the name of are parts, each of the
            variables in its parentheses, and names that are no variables constants to be fitted.
        names: Of the variables of right-hand sides, the states' first.
        motion: What the equations say.
        n_states: States.

    Raises:
        ValueError: If a text cannot be read, or its parts are not added.
    """
    lefts = {
        motion.left(name).replace(" ", ""): state
        for state in range(n_states)
        for name in {names.identifiers[state], names.columns[state]}
    }
    found: dict[int, KnownForm] = {}
    for text in [texts] if isinstance(texts, str) else texts:
        left, equals, right = text.partition("=")
        state = lefts.get(left.replace(" ", ""))
        if not equals or state is None:
            raise ValueError(
                f"known {text!r} must begin with one of {', '.join(f'{one} =' for one in lefts)}"
            )
        if state in found:
            raise ValueError(f"known {text!r}: something is known of {left.strip()} already; say all in one")
        found[state] = _form(text, right, names)
    return found


def _form(text: str, right: str, names: Names) -> KnownForm:
    template = read_template(right.strip(), names, {}, needs_part=False)
    assert template is not None
    n, n_parts = template.n_columns, len(template.parts) + len(template.constants)
    if not n_parts:
        raise ValueError(f"known {text!r} leaves nothing to be found: write f(...) or a constant for what is")
    constants = [variable(n + len(template.parts) + k) for k in range(len(template.constants))]
    numbers = {n + len(template.parts) + k: constant(v) for k, v in enumerate(template.numbers)}
    tokens, rest = list(template.form.substitute(numbers).tokens), iter(constants)
    form = Expression(tuple(next(rest).tokens[0] if token == PLACEHOLDER else token for token in tokens))
    offset = simplify(form.substitute({n + k: constant(0.0) for k in range(n_parts)}))
    factors = [
        simplify(
            apply("sub", form.substitute({n + k: constant(float(k == own)) for k in range(n_parts)}), offset)
        )
        for own in range(n_parts)
    ]
    if not _is_sum(form, offset, factors, n):
        raise ValueError(
            f"known {text!r}: parts must be added, each alone or times what is known, as in 'P - S*f(S, I)'"
        )
    places = [part.columns for part in template.parts] + [()] * len(constants)
    return KnownForm(offset, tuple(factors), tuple(places))


def _is_sum(form: Expression, offset: Expression, factors: Sequence[Expression], n: int) -> bool:
    """Whether a form is its offset and the sum of its parts times these factors."""
    total = offset
    for place, factor in enumerate(factors):
        total = apply("add", total, apply("mul", factor, variable(n + place)))
    points = np.random.default_rng(0).uniform(0.5, 2.0, (_N_POINTS, n + len(factors)))
    with np.errstate(all="ignore"):
        whole, parts = Program([form, total]).values(points)
    is_seen = np.isfinite(whole) & np.isfinite(parts)
    return bool(is_seen.any() and np.allclose(whole[is_seen], parts[is_seen], rtol=_SAME))
