"""Equations of a given form with parts that are to be found: f(x_0)*exp(-g(x_1, x_2)) + c."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nsr.expressions.expression import (
    PLACEHOLDER,
    Expression,
    Token,
    apply,
    constant,
    is_variable,
    subtree_end,
    variable,
)
from nsr.expressions.operator import Operator

_PART, _CONSTANT, _NUMBER = "part", "constant", "number"


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
        number_names: Their names where they have some; else empty.
        constants: Names of the placeholders, from left to right.
    """

    text: str
    form: Expression
    n_columns: int
    parts: tuple[Part, ...]
    numbers: tuple[float, ...]
    number_names: tuple[str, ...]
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
        found = self._read(expression)
        if found is None:
            return None
        ends = {place: Expression(expression.tokens[place:end]) for _, place, end in found}
        own = [(kind, ends[place]) for kind, place, _ in found]
        return [part for kind, part in own if kind == _PART], [one for kind, one in own if kind == _CONSTANT]

    def names_of_constants(self, expression: Expression) -> dict[int, str]:
        """The user's names of constants of an equation of this form, by their places among all of them."""
        found = [place for kind, place, _ in self._read(expression) or () if kind == _CONSTANT]
        places = {position: place for place, position in enumerate(expression.free_positions)}
        pairs = zip(found, self.constants, strict=False)
        return {places[position]: name for position, name in pairs if position in places}

    def without_zeros(self, expression: Expression) -> Expression:
        """An equation of this form without constants of the template that are 0 and added to something."""
        found = {place for kind, place, _ in self._read(expression) or () if kind == _CONSTANT}
        zeros = {place for place in found if expression.tokens[place] == 0}

        def leaf(token: Token, position: int) -> Expression | None:
            return None if position in zeros else Expression((token,))

        def node(operator: Operator, parts: list[Expression | None]) -> Expression | None:
            left, *right = parts
            if operator.name == "add" and None in parts:
                return right[0] if left is None else left
            if operator.name == "sub" and right == [None]:
                return left
            return apply(operator.name, *(constant(0.0) if part is None else part for part in parts))

        return expression.fold(leaf, node) or constant(0.0)

    def _read(self, expression: Expression) -> list[tuple[str, int, int]] | None:
        """Where parts, in their order, constants and numbers of an equation begin and end."""
        found: list[tuple[str, int, int]] = []
        order: dict[int, int] = {}
        first, place = self.n_columns + len(self.parts), 0
        for token in self.form.tokens:
            if place >= len(expression.tokens):
                return None
            number = int(token[2:]) if isinstance(token, str) and is_variable(token) else -1
            if number < self.n_columns and token != PLACEHOLDER:
                if expression.tokens[place] != token:
                    return None
                place += 1
                continue
            end = subtree_end(expression.tokens, place)
            own = Expression(expression.tokens[place:end])
            kind = _CONSTANT if token == PLACEHOLDER else _PART if number < first else _NUMBER
            if kind == _PART:
                order[place] = number
            # A number may go by the name of a constant, whose column comes after all others.
            if kind == _NUMBER and not self._is_number(own, number - first):
                return None
            found.append((kind, place, end))
            place = end
        return sorted(found, key=lambda one: (one[0], order.get(one[1], one[1])))

    def with_numbers(self, expression: Expression) -> Expression:
        """An equation of this form with its numbers as such."""
        found = {self.n_columns + place: constant(value) for place, value in enumerate(self.numbers)}
        return expression.substitute(found)

    def _is_number(self, own: Expression, place: int) -> bool:
        has_name = bool(self.number_names[place]) and len(own) == 1 and bool(own.variables)
        is_beyond = bool(own.variables) and min(own.variables) >= self.n_columns
        return has_name or is_beyond or own == constant(self.numbers[place])

    def held(self, expression: Expression) -> list[int]:
        """Which constants of an equation of this form are the template's numbers."""
        found = [place for kind, place, _ in self._read(expression) or () if kind == _NUMBER]
        places = {position: place for place, position in enumerate(expression.free_positions)}
        return [places[position] for position in found if position in places]

    def with_names(self, expression: Expression, columns: Mapping[str, int]) -> Expression:
        """An equation of this form in which numbers that have names are variables.

        Args:
            expression: With its numbers as such.
            columns: Variables by names.
        """
        tokens = list(expression.tokens)
        found = [place for kind, place, _ in self._read(expression) or () if kind == _NUMBER]
        for place, name in zip(found, self.number_names, strict=True):
            if name in columns:
                tokens[place] = variable(columns[name]).tokens[0]
        return Expression(tuple(tokens))

    def over(self, places: Mapping[int, int], n_columns: int) -> Template:
        """The template over other columns.

        Args:
            places: Columns there by the columns here; all that occur.
            n_columns: How many there are.
        """
        n_new, n_old = n_columns, self.n_columns
        rest = range(len(self.parts) + len(self.numbers))
        moved = {old: variable(new) for old, new in places.items()}
        moved |= {n_old + k: variable(n_new + k) for k in rest}
        parts = tuple(Part(part.name, tuple(places[c] for c in part.columns)) for part in self.parts)
        form = self.form.substitute(moved)
        return Template(self.text, form, n_new, parts, self.numbers, self.number_names, self.constants)

    @property
    def columns(self) -> set[int]:
        """Columns that occur, in parts or beside them."""
        beside = {column for column in self.form.variables if column < self.n_columns}
        return beside.union(*(part.columns for part in self.parts))
