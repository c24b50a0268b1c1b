"""Parts of a template as smooth functions, and what the others leave for each of them to explain.

A part of which nothing is known is a polynomial of its columns. Where all other parts are held, the target
says what the part should be in each row: its value, and the residual over the slope of the equation by the
part; as an error of it counts by this slope, that is its root weight (the working response of McCullagh and
Nelder 1989, section 2.5).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nsr.evaluate.program import Program, values_of
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.space import SearchSpace
from nsr.expressions.template import Template
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.task import Task

Array = NDArray[np.float64]

# Total degree of the polynomial of one, two, and more columns.
_DEGREES = (5, 4, 3, 2)
# Rows in which a part matters less than this share of where it matters most say nothing of it.
_LEAST_SLOPE = 1e-3
# Beyond this a part is nothing that could be searched for: the equation does not depend on it.
_LARGEST = 1e30


@dataclass(frozen=True, eq=False)
class Board:
    """A task and a template, with further columns for numbers and for polynomials.

    Attributes:
        template: Over the columns.
        task: What is explained, over columns and numbers.
        wide: The same with the polynomials' columns.
        smooth: For each part its polynomial, over `wide`.
    """

    template: Template
    task: Task
    wide: Task
    smooth: tuple[Expression, ...]

    @classmethod
    def of(cls, task: Task, template: Template) -> Board:
        """A board for a task over the template's columns."""
        numbers = np.tile(template.numbers, (task.n_rows, 1)).reshape(task.n_rows, -1)
        space, shape = task.space, task.space.shape
        if shape is not None:
            space = replace(space, shape=shape.with_numbers(template.numbers))
        own = replace(task, X=np.hstack((task.X, numbers)), space=space)
        columns, smooth = [own.X], []
        first = own.n_variables
        for part in template.parts:
            basis = _basis(task.X[:, part.columns])
            smooth.append(_combination(range(first, first + basis.shape[1])))
            columns.append(basis)
            first += basis.shape[1]
        return cls(template, own, replace(own, X=np.hstack(columns), space=SearchSpace()), tuple(smooth))

    def on_columns(self, form: Expression, part: int) -> Expression:
        """A form of a part, over its own arguments, over the columns."""
        places = enumerate(self.template.parts[part].columns)
        return form.substitute({argument: variable(column) for argument, column in places})

    def on_arguments(self, form: Expression, part: int) -> Expression:
        """A form of a part, over the columns, over its own arguments."""
        places = enumerate(self.template.parts[part].columns)
        return form.substitute({column: variable(argument) for argument, column in places})

    def left_for(self, equation: Expression, part: int) -> Task | None:
        """What a part has to explain, over its own arguments.

        Args:
            equation: Of the template, over `wide`.
            part: Which part.

        Returns:
            None where the equation hardly depends on the part, or says nothing of it.
        """
        found = self.template.split(equation)
        assert found is not None
        parts, constants = found
        X, column = self.wide.X, self.wide.n_variables
        with np.errstate(all="ignore"):
            values = values_of(parts[part], X)
            held = [
                apply("add", variable(column), constant(0.0)) if k == part else e for k, e in enumerate(parts)
            ]
            own = self.template.filled(held, [one.constants[0] for one in constants])
            place = own.free_positions.index(own.tokens.index(f"x_{column}") + 1)
            predicted, jacobian = Program([own]).jacobian(np.column_stack((X, values)))
            slope = jacobian[0][place] * self.wide.root_weights
            target = values + (self.task.y - predicted[0]) / jacobian[0][place]
        usable = (np.abs(target) < _LARGEST) & np.isfinite(slope)
        usable &= np.abs(slope) > _LEAST_SLOPE * np.max(np.abs(slope[usable]), initial=0.0)
        rows = np.flatnonzero(usable)
        if len(rows) < 5:
            return None
        weights = slope[rows] ** 2 / np.mean(slope[rows] ** 2)
        task, arguments = self.task, list(self.template.parts[part].columns)
        return Task(
            np.ascontiguousarray(task.X[rows][:, arguments]),
            target[rows],
            SQUARED_ERROR,
            None if np.ptp(weights) < 1e-9 else weights,
            task.space.of_parts,
            task.seed,
            task.n_threads,
        )


def _basis(X: Array) -> Array:
    """Products of Chebyshev polynomials of columns, but for the constant one, shape (P, n_terms)."""
    low, high = X.min(axis=0), X.max(axis=0)
    unit = 2 * (X - low) / np.where(high > low, high - low, 1.0) - 1
    degree = _DEGREES[min(X.shape[1], len(_DEGREES)) - 1]
    tables = [np.polynomial.chebyshev.chebvander(column, degree) for column in unit.T]
    terms = itertools.product(range(degree + 1), repeat=X.shape[1])
    chosen = [term for term in terms if 0 < sum(term) <= degree]
    return np.column_stack(
        [np.prod([table[:, d] for table, d in zip(tables, term, strict=True)], axis=0) for term in chosen]
    )


def _combination(columns: Sequence[int]) -> Expression:
    """A constant and multiples of columns."""
    total = constant(1.0)
    for number, column in enumerate(columns):
        total = apply("add", total, apply("mul", constant(0.1 if number == 0 else 0.01), variable(column)))
    return total
