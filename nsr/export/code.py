"""What programming languages have in common when an expression is written in them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from nsr.expressions.expression import PLACEHOLDER, Expression, Token, apply, constant, variable
from nsr.expressions.operators import OPERATORS, Operator
from nsr.expressions.printing import (
    Binding,
    Style,
    Text,
    format_number,
    is_product,
    is_sum,
    whole_exponent,
    written,
)

_WORD = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True)
class Language:
    """A language that writes sums and products with symbols between the terms.

    Attributes:
        name: Its key in `Operator.code`.
        title: What messages call it.
        power: Writes a power of two texts.
        number: Writes a number that is not negative.
        times: Stands between factors.
        over: Stands between numerator and denominator.
        keywords: Words that no parameter can have as its name.
        has_unicode_names: Whether names may have other letters than those of ASCII.
    """

    name: str
    title: str
    power: Callable[[Text, Text], Text]
    number: Callable[[float], str] = format_number
    times: str = "*"
    over: str = "/"
    keywords: frozenset[str] = field(default_factory=frozenset)
    has_unicode_names: bool = True

    def body(self, expression: Expression, names: Sequence[str]) -> str:
        """The expression in this language.

        Args:
            expression: What to write, without placeholders.
            names: What each variable is written as.

        Raises:
            ValueError: If a constant has no value yet, or the language cannot say an operator.
        """
        if PLACEHOLDER in expression.tokens:
            raise ValueError(
                "a constant of the expression has no value yet; refine it before it is written in "
                f"{self.title}"
            )
        style = Style(self.number, lambda token: names[int(token[2:])], self._call, self.times, self.over)
        return written(self._sayable(expression), style)

    def parameters(self, expression: Expression, names: Sequence[str] | None) -> list[str]:
        """Names that the language takes, for the variables of an expression, in order.

        Args:
            expression: Of these variables.
            names: Of all of them; `x_0`, `x_1`, ... up to the last that occurs by default.
        """
        last = max(expression.variables, default=-1)
        wanted = [f"x_{i}" for i in range(last + 1)] if names is None else list(names)
        taken = set(self.keywords) | self._called
        for place, name in enumerate(wanted):
            wanted[place] = self._free(name, taken)
            taken.add(wanted[place])
        return wanted

    @property
    def _called(self) -> set[str]:
        """Names of functions and modules that what is written may call."""
        codes = (operator.code.get(self.name, "") for operator in OPERATORS.values())
        return {word for code in codes for word in _WORD.findall(code)}

    def _free(self, name: str, taken: set[str]) -> str:
        if not self.has_unicode_names and not (name.isascii() and name[0].isalpha()):
            kept = "".join(map(_in_ascii, name))
            name = kept if kept[0].isalpha() else f"x{kept}"
        while name in taken:
            name += "_"
        return name

    def _call(self, operator: Operator, arguments: list[Text]) -> Text:
        code, exponent = operator.code.get(self.name), whole_exponent(operator)
        if code is not None:
            return Text(code.format(*(argument.signed for argument in arguments)), Binding.ATOM)
        if exponent is not None:
            return self.power(arguments[0], Text(self.number(abs(exponent)), Binding.ATOM, exponent < 0))
        return self.power(*arguments)

    def _says(self, operator: Operator) -> bool:
        has_symbol = operator.symbol is not None or is_sum(operator) or is_product(operator)
        return has_symbol or whole_exponent(operator) is not None or self.name in operator.code

    def _sayable(self, expression: Expression) -> Expression:
        """The expression with operators that the language lacks in terms of others."""

        def leaf(token: Token, _: int) -> Expression:
            return variable(int(token[2:])) if isinstance(token, str) else constant(token)

        def node(operator: Operator, arguments: list[Expression]) -> Expression:
            if self._says(operator):
                return apply(operator.name, *arguments)
            return self._sayable(self._spelled_out(operator).substitute(dict(enumerate(arguments))))

        return expression.fold(leaf, node)

    def _spelled_out(self, operator: Operator) -> Expression:
        """An operator in terms of others, as its body or its SymPy form says; its arguments are variables."""
        if operator.body:
            return Expression(operator.body)
        from nsr.expressions.sympy_form import from_sympy, to_sympy

        call = apply(operator.name, *(variable(i) for i in range(operator.arity)))
        try:
            form = from_sympy(to_sympy(call))
        except ValueError:
            form = call
        if operator.name in form.tokens:
            raise ValueError(
                f"operator {operator.name!r} has no {self.title} form; register it with one: "
                f"code={{{self.name!r}: ...}}"
            )
        return form


def infix_power(symbol: str) -> Callable[[Text, Text], Text]:
    """Writes powers with a symbol between base and exponent."""
    return lambda base, exponent: Text(f"{base.atom()}{symbol}{exponent.atom()}", Binding.POWER)


def _in_ascii(letter: str) -> str:
    """A letter of a name, Greek ones by their names, and others as an underscore."""
    if letter.isascii():
        return letter
    words = unicodedata.name(letter, "").split()
    return words[-1].lower() if words[:1] == ["GREEK"] else "_"
