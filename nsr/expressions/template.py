"""Equations of a given form with parts that are to be found: f(x_0)*exp(-g(x_1, x_2)) + c."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nsr.expressions.expression import (
    PLACEHOLDER,
    Expression,
    Token,
    constant,
    is_variable,
    subtree_end,
    variable,
)


@dataclass(frozen=True)
class Part:
    """A function that is to be found.

    Attributes:
        name: What the user calls it.
        columns: What it is a function of.
    """

    name: str
    columns: tuple[int, ...]


@dataclass(frozen=True)
class Template:
    """A form with parts.

    Attributes:
        text: As the user wrote it.
        form: Over columns, then parts, then the numbers of the text, each a variable, so that fits leave them
            as they are; a placeholder for each constant that is to be fitted.
        n_columns: Columns.
        parts: In the order of their variables; each occurs once.
        numbers: Values of the last variables.
        constants: Names of the placeholders, from left to right.
    """

    text: str
    form: Expression
    n_columns: int
    parts: tuple[Part, ...]
    numbers: tuple[float, ...]
    constants: tuple[str, ...]

    def filled(self, parts: Sequence[Expression], constants: Sequence[float]) -> Expression:
        """The form with its parts.

        Args:
            parts: Over the columns and any further variables after those of the numbers, which here come
                directly after the columns.
            constants: Values of the placeholders.
        """
        first = self.n_columns + len(self.parts)
        own = {self.n_columns + place: part for place, part in enumerate(parts)}
        own |= {first + place: variable(self.n_columns + place) for place in range(len(self.numbers))}
        values = iter(constants)
        tokens: list[Token] = []
        for token in self.form.tokens:
            if token == PLACEHOLDER:
                tokens.append(float(next(values)))
            elif isinstance(token, str) and is_variable(token) and int(token[2:]) in own:
                tokens += own[int(token[2:])].tokens
            else:
                tokens.append(token)
        return Expression(tuple(tokens))

    def split(self, expression: Expression) -> tuple[list[Expression], list[Expression]] | None:
        """Parts and constants of an equation that `filled` has made, of whatever these are now.

        Returns:
            None where it is not of this form.
        """
        parts: dict[int, Expression] = {}
        constants: list[Expression] = []
        first, place = self.n_columns + len(self.parts), 0
        for token in self.form.tokens:
            if place >= len(expression.tokens):
                return None
            number = int(token[2:]) if isinstance(token, str) and is_variable(token) else -1
            end = subtree_end(expression.tokens, place)
            own = Expression(expression.tokens[place:end])
            if token == PLACEHOLDER:
                constants.append(own)
                place = end
            elif self.n_columns <= number < first:
                parts[number - self.n_columns] = own
                place = end
            elif number >= first:
                if own not in (variable(number - len(self.parts)), constant(self.numbers[number - first])):
                    return None
                place = end
            elif expression.tokens[place] != token:
                return None
            else:
                place += 1
        return [parts[k] for k in range(len(self.parts))], constants

    def with_numbers(self, expression: Expression) -> Expression:
        """An equation of this form with its numbers as such."""
        found = {self.n_columns + place: constant(value) for place, value in enumerate(self.numbers)}
        return expression.substitute(found)

    def over(self, places: dict[int, int]) -> Template:
        """The template over other columns.

        Args:
            places: Columns there by the columns here; all that occur.
        """
        n_new, n_old = len(places), self.n_columns
        rest = range(len(self.parts) + len(self.numbers))
        moved = {old: variable(new) for old, new in places.items()}
        moved |= {n_old + k: variable(n_new + k) for k in rest}
        parts = tuple(Part(part.name, tuple(places[c] for c in part.columns)) for part in self.parts)
        form = self.form.substitute(moved)
        return Template(self.text, form, n_new, parts, self.numbers, self.constants)

    @property
    def columns(self) -> set[int]:
        """Columns that occur, in parts or beside them."""
        beside = {column for column in self.form.variables if column < self.n_columns}
        return beside.union(*(part.columns for part in self.parts))
