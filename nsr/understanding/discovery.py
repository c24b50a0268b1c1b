"""What a table shows before any equation: smoothness, idle columns, scaling, symmetries, separability.

These are the properties that AI Feynman looks for (Udrescu and Tegmark, arXiv:1905.11481), as the search's
structure stages see them: a smooth stand-in, a Chebyshev polynomial with logarithms or not, is fitted to some
of the rows, its gradients suggest a property, and the table with that property built in is fitted anew. What
is said holds if that is no worse on held-out rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from nsr.data.column_units import parsed_units
from nsr.expressions.expression import Expression
from nsr.expressions.printing import to_infix
from nsr.expressions.simplify import simplify
from nsr.expressions.units import Units
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.search.polynomials import Polynomial
from nsr.search.response import PLAIN
from nsr.search.state import State
from nsr.search.structure.affine import affine_splits
from nsr.search.structure.reduction import groupings, reductions
from nsr.search.structure.separation import separation
from nsr.search.structure_settings import ReductionSettings
from nsr.search.surrogate import Surrogate
from nsr.task import Task
from nsr.understanding.tables import complete_rows, table_and_target

Array = NDArray[np.float64]

_LEAST_ROWS, _HIGHEST_DEGREE = 10, 4
# A smooth stand-in that is off by more of the spread says nothing further.
_ROUGH = ReductionSettings().worst
# Two sides of a symmetry differ by no more of the spread than this, or than the stand-in is off.
_ALIKE = 1e-3
# Terms below this share of a polynomial are rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Statement:
    """One property of a table.

    Attributes:
        kind: `smooth`, `constant`, `idle`, `units`, `scaling`, `symmetry`, `even`, `odd`, `exchange`,
            `monotone`, `polynomial`, `sum`, `product` or `affine`.
        text: What is said.
        error: Of the smooth stand-in that has the property, on held-out rows, as a share of the target's
            spread; for even, odd and symmetric functions, by how much both sides differ.
        compared: Error of the stand-in without it.
    """

    kind: str
    text: str
    error: float
    compared: float

    def __repr__(self) -> str:
        """The text and its evidence."""
        beside = "" if self.kind == "smooth" else f", {self.compared:.2g} without this"
        return f"{self.kind}: {self.text} (error {self.error:.2g}{beside})"


@dataclass(frozen=True)
class Discovery:
    """What a table shows.

    Attributes:
        statements: The general ones first.
    """

    statements: tuple[Statement, ...]

    def __iter__(self) -> Iterator[Statement]:
        return iter(self.statements)

    def of_kind(self, kind: str) -> list[Statement]:
        """The statements of one kind."""
        return [statement for statement in self.statements if statement.kind == kind]

    @property
    def table(self) -> pd.DataFrame:
        """The same as a data frame, with columns `kind`, `text`, `error` and `compared`."""
        return pd.DataFrame(self.statements, columns=["kind", "text", "error", "compared"])

    def __repr__(self) -> str:
        """A line for each statement."""
        return "\n".join(map(repr, self.statements))


def discover(
    X: ArrayLike,
    y: ArrayLike,
    target: str = "y",
    X_units: Mapping[str, str] | Sequence[str] | None = None,
    y_units: str | None = None,
    seed: int = 0,
) -> Discovery:
    """Symmetries, separability, scaling and invariants of a table, as statements with their evidence.

    Args:
        X: Variables, shape (n_rows, n_columns), numbers; a data frame gives them names.
        y: Target, shape (n_rows,).
        target: What it is called.
        X_units: Unit of each column, as for `SymbolicRegressor.fit`.
        y_units: Unit of the target.
        seed: Of the rows' order: the last of them are held out.

    Raises:
        ValueError: If X and y do not belong together, fewer than 10 rows are complete, or units are wrong.
    """
    table, values, names = table_and_target(X, y)
    units = parsed_units(X_units, y_units, names, "dimensionless")
    order = np.random.default_rng(seed).permutation(complete_rows(table, values, _LEAST_ROWS))
    root = State.root(Task(table[order], values[order], SQUARED_ERROR, seed=seed))
    return Discovery(tuple(_Look(names.identifiers, target).at(root, units)))


class _Look:
    """Looks at a table, and at what its reductions leave."""

    def __init__(self, names: Sequence[str], target: str) -> None:
        self._names, self._target = names, target

    def at(self, root: State, units: Units | None) -> Iterator[Statement]:
        """Statements about a table."""
        if np.ptp(root.y) == 0:
            yield Statement("constant", f"{self._target} is the same in all rows", 0.0, 0.0)
            return
        if units is not None:
            yield from self._of_units(root, units)
        still = tuple(int(place) for place in np.flatnonzero(np.ptp(root.X, axis=0) == 0))
        if still:
            yield Statement("constant", f"{self._listed(root, still)} the same in all rows", 0.0, 0.0)
            root = root.without(still)
        if not root.n_variables:
            return
        yield self._smoothness(root)
        if not root.error < _ROUGH:
            return
        state: State | None = root
        while state is not None and state.n_variables:
            following, said = self._reductions(state)
            yield from said
            if not said or said[0].kind != "idle":
                stand_in = _with_sign(state)
                if stand_in is not None:
                    yield from self._mirrors(state, stand_in)
                    yield from self._exchanges(state, stand_in)
                yield from self._parts(state)
            state = following

    def _smoothness(self, state: State) -> Statement:
        best = state.surrogate
        degree = _degree(best)
        inputs = "in logarithms" if best.log_inputs.any() else "in the columns"
        of = reduce(lambda text, name: f"{name}({text})", best.output.names, self._target)
        rough = "" if best.error < _ROUGH else ": too rough, or too noisy, for further statements"
        text = f"{of} is near a polynomial of degree {degree} {inputs}{rough}"
        return Statement("smooth", text, best.error, best.error)

    def _of_units(self, root: State, units: Units) -> Iterator[Statement]:
        if not len(units.symmetries):
            return
        for child in groupings(root, units.symmetries)[:1]:
            text = f"units allow {self._reduced(root, child)}"
            yield Statement("units", text, child.error, root.error)

    def _reductions(self, state: State) -> tuple[State | None, list[Statement]]:
        """What is left of the state, and statements that say how it was reduced, each way once."""
        children = reductions(state)
        kinds = [_kind(state, child) for child in children]
        if "idle" in kinds:  # whatever else there is to say is said without these
            child = children[kinds.index("idle")]
            return child, [Statement("idle", self._idle(state, child), child.error, state.error)]
        scalings = [child for kind, child in zip(kinds, children, strict=True) if kind == "scaling"]
        symmetries = [child for kind, child in zip(kinds, children, strict=True) if kind == "symmetry"]
        said = [
            Statement(kind, self._reduced(state, child), child.error, state.error)
            # A scaling can be written in several ways, of which the first has the fewest variables.
            for kind, some in (("scaling", scalings[:1]), ("symmetry", symmetries))
            for child in some
        ]
        return (children[0] if children else None), said

    def _idle(self, state: State, child: State) -> str:
        gone = [v for v in state.variables if v not in child.variables]
        return f"{self._of(state)} does not depend on {self._text(gone)}"

    def _reduced(self, state: State, child: State) -> str:
        new = [v for v in child.variables if v not in state.variables]
        gone = [v for v in state.variables if v not in child.variables]
        if not child.n_variables:
            return f"{self._of(child)} is constant"
        if child.factor != state.factor:
            return f"{self._of(child)} depends on {self._text(child.variables)} alone"
        return f"{self._of(state)} depends on {self._text(gone)} only by {self._text(new)}"

    def _mirrors(self, state: State, stand_in: Surrogate) -> Iterator[Statement]:
        """Even and odd in a variable, and rising or falling with it."""
        gradients = stand_in.gradients(state.X, state.centre)
        for column, variable in enumerate(state.variables):
            slopes, name = gradients[:, column], to_infix(simplify(variable), self._names)
            # How much rows differ by it, which may be by chance where the error is as large.
            effect = np.mean(state.root_weights * np.abs(slopes)) * np.std(state.X[:, column])
            has_one_sign = np.all(slopes > 0) or np.all(slopes < 0)
            if has_one_sign and effect > stand_in.error * state.spread:
                text = f"{self._of(state)} {'rises' if slopes[0] > 0 else 'falls'} with {name} everywhere"
                yield Statement("monotone", text, stand_in.error, stand_in.error)
            mirrored = state.X.copy()
            mirrored[:, column] *= -1
            for kind, sign in (("even", 1.0), ("odd", -1.0)):
                off = _difference(state, stand_in, mirrored, sign)
                if off is not None:
                    yield Statement(kind, f"{self._of(state)} is {kind} in {name}", off, stand_in.error)

    def _exchanges(self, state: State, stand_in: Surrogate) -> Iterator[Statement]:
        """Symmetric in two variables."""
        for one, other in combinations(range(state.n_variables), 2):
            swapped = state.X.copy()
            swapped[:, [one, other]] = state.X[:, [other, one]]
            off = _difference(state, stand_in, swapped, 1.0)
            if off is not None:
                pair = [state.variables[one], state.variables[other]]
                text = f"{self._of(state)} stays the same where {self._text(pair)} change places"
                yield Statement("exchange", text, off, stand_in.error)

    def _parts(self, state: State) -> Iterator[Statement]:
        """Low degree, sums and products of functions of separate variables, and what enters linearly."""
        best = state.surrogate
        degree = _degree(best)
        if best.output == PLAIN and not best.log_inputs.any() and degree <= _HIGHEST_DEGREE:
            text = f"{self._of(state)} is a polynomial of degree {degree} of {self._text(state.variables)}"
            yield Statement("polynomial", text, best.error, best.error)
        for stand_in in state.best_of_each_output:
            found = separation(state, stand_in)
            if found is not None:
                parts = " and of ".join(self._text(part.variables) for part in found.parts)
                kind = "product" if found.is_product else "sum"
                outer = "".join(f"{name} of " for name in reversed(found.outer))
                text = f"{self._of(state)} is {outer}a {kind} of functions of {parts}"
                yield Statement(kind, text, found.error, stand_in.error)
                return
        for split in affine_splits(state):
            if not split.is_product and split.surrogate.output == PLAIN:
                text = f"{self._of(state)} is linear in a function of {self._text(split.inner.variables)}"
                yield Statement("affine", text, split.error, split.surrogate.error)

    def _of(self, state: State) -> str:
        """What the state's function gives."""
        if state.factor is None:
            return self._target
        return f"{self._target} over {to_infix(simplify(state.factor), self._names)}"

    def _text(self, expressions: Sequence[Expression]) -> str:
        return ", ".join(to_infix(simplify(expression), self._names) for expression in expressions)

    def _listed(self, state: State, places: Sequence[int]) -> str:
        own = self._text([state.variables[place] for place in places])
        return f"{own} {'is' if len(places) == 1 else 'are'}"


def _kind(state: State, child: State) -> str:
    """What reduces a state to a child: `idle` variables, a `scaling`, or a `symmetry` of two variables."""
    new = [variable for variable in child.variables if variable not in state.variables]
    if child.factor == state.factor and not new:
        return "idle"
    is_pair = child.factor == state.factor and len(new) == 1 and child.n_variables == state.n_variables - 1
    return "symmetry" if is_pair and new[0].tokens[0] in ("add", "sub") else "scaling"


def _degree(stand_in: Surrogate) -> int:
    """The total degree above which terms are no larger than the error."""
    assert isinstance(stand_in, Polynomial)  # sums of products are not asked for here
    totals, sizes = stand_in.degrees.sum(axis=1), np.abs(stand_in.coefficients)
    least = max(stand_in.error, _ROUNDING) * float(np.sqrt(np.sum(sizes[totals > 0] ** 2)))
    return int(np.max(totals[sizes > least], initial=0))


def _with_sign(state: State) -> Surrogate | None:
    """The best stand-in that tells signs, or whose target has one only, if it is any good."""
    has_one = bool(np.all(state.y > 0) or np.all(state.y < 0))
    usable = [one for one in state.surrogates if one.output.keeps_sign or has_one]
    return usable[0] if usable and usable[0].error < _ROUGH else None


def _difference(state: State, stand_in: Surrogate, moved: Array, sign: float) -> float | None:
    """By how much of the spread values at moved rows differ from those of the rows, or None for too much.

    Only rows that stay in the box of the table count; half of them must.
    """
    low, high = state.X.min(axis=0), state.X.max(axis=0)
    is_in = np.all((moved >= low) & (moved <= high), axis=1)
    if is_in.mean() < 0.5:
        return None
    y = state.centre[is_in]
    with np.errstate(all="ignore"):
        here, there = stand_in.targets(state.X[is_in], y), stand_in.targets(moved[is_in], y)
        off = float(np.sqrt(np.mean((here - sign * there) ** 2)) / max(float(np.std(state.y)), 1e-300))
    return off if off < max(stand_in.error, _ALIKE) else None
