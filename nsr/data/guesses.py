"""The user's own guesses: text in the names of the columns in, expressions out."""

from __future__ import annotations

import difflib
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from nsr.data.names import Names
from nsr.data.notes import tell
from nsr.expressions import algebra
from nsr.expressions.expression import PLACEHOLDER, Expression, apply, is_variable, variable
from nsr.expressions.nodes import NotFinite
from nsr.expressions.operators import OPERATORS
from nsr.expressions.parsing import CONSTANTS, ParseError, parse
from nsr.expressions.printing import to_infix
from nsr.expressions.simplify import simplify

_TOKEN = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<quoted>`[^`]*`|\"[^\"]*\"|'[^']*')"
    r"|(?P<name>[^\W\d]\w*)(?P<call>\s*\()?"
)
# Names that stand for numbers; E is more often an energy than Euler's number, which has e, and exp.
_NUMBERS = CONSTANTS.keys() - {"E"}
# A constant whose name is this near to a column's is a slip of the pen.
_CLOSE = 0.75
# Constants have short names, such as a, k1 or c_0; longer ones may be meant as columns.
_SHORT = 2
# What comes between a column's name and its unit: `T/K`, `speed [m/s]`.
_BEFORE_UNIT = re.compile(r"\s*[\s/\[(,]")
# What stands between a target and what it equals, and is in no comparison.
_EQUALS = re.compile(r"(?<![<>=!])=(?!=)")
# Characters of a guess that messages repeat.
_SHOWN = 100
# Operators of which a combination of constants may be any number if one of them may.
_COMBINING = {"add", "sub", "mul", "div", "neg"}
# Above this length rewriting a guess so that a constant occurs once takes too long.
_MAX_TIED = 200
# Constants of a guess that are fitted together.
_MAX_FITTED = 200


@dataclass(frozen=True)
class Guess:
    """An equation that the user thinks of.

    Attributes:
        text: As the user wrote it.
        expression: Constants to be fitted are placeholders.
        names: Of the constants at its `free_positions`, from left to right: the user's own, and `c0`, `c1`,
            ... for numbers in the text, which are fitted as well.
    """

    text: str
    expression: Expression
    names: tuple[str, ...]

    @property
    def is_named(self) -> tuple[bool, ...]:
        """Whether each of these constants has a name of the user's."""
        tokens = self.expression.tokens
        return tuple(tokens[position] == PLACEHOLDER for position in self.expression.free_positions)

    def over(self, places: Mapping[int, Expression]) -> Guess:
        """The guess over other variables, given by index."""
        return replace(self, expression=self.expression.substitute(places))


def read_guesses(
    guesses: str | Sequence[str], names: Names, known: Mapping[str, float] = MappingProxyType({})
) -> list[Guess]:
    """Reads guesses.

    Columns are called by their own names, in quotes or backticks where these are not plain words, or by
    their identifiers. Every other name is a constant to be fitted. Where a constant occurs more than once,
    combinations of it with another one are fitted in its place, or the guess is rewritten so that it occurs
    once; where neither is possible, a warning says so.

    Args:
        guesses: Equations such as `a*mass + b`; one text is one guess.
        names: The columns.
        known: Values of constants that have names.

    Returns:
        Guesses over all columns.

    Raises:
        ValueError: If a guess is not an equation, or a name in it seems to be a misspelt column.
    """
    texts = [guesses] if isinstance(guesses, str) else list(guesses)
    for text in texts:
        if not isinstance(text, str):
            raise ValueError(f"a guess is a text such as 'a*x_0 + b', not {text!r}")
    return [_read(text, names, known) for text in texts]


def over_columns(given: Sequence[Guess], columns: Iterable[int]) -> list[Guess]:
    """Guesses over those columns of a table that are used; the user is told where one needs others."""
    places = {int(column): variable(place) for place, column in enumerate(columns)}
    usable = [guess for guess in given if set(guess.expression.variables) <= places.keys()]
    if len(usable) < len(given):
        tell(f"{len(given) - len(usable)} of the guesses need columns that are left out, and are not used")
    return [guess.over(places) for guess in usable]


def _read(text: str, names: Names, known: Mapping[str, float]) -> Guess:
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    try:
        written, constants = in_identifiers(text, names, known)
        expression = parse(written, [*names.identifiers, *constants])
    except ParseError as error:
        remedy = _without_target(text) or quoting(text, names)
        raise ValueError(f"guess {shown!r}: {error}{remedy}") from None
    columns = {names.identifiers[i] for i in expression.variables if i < len(names.identifiers)}
    for constant in constants:
        check_constant(constant, shown, names, columns)
    expression, constants = _with_combinations(expression, names.identifiers, constants)
    form = _with_constants_once(expression, len(names.identifiers), constants, shown)
    guess = _with_placeholders(form, len(names.identifiers), constants)
    n_fitted = len(guess.free_positions)
    if n_fitted > _MAX_FITTED:
        raise ValueError(
            f"guess {shown!r} has {n_fitted} constants, and {_MAX_FITTED} can be fitted: give it fewer"
        )
    return Guess(text, guess, _names_of(form, guess, len(names.identifiers), constants))


def in_identifiers(text: str, names: Names, known: Mapping[str, float]) -> tuple[str, list[str]]:
    """A text with columns called by their identifiers and known constants by value, and its other names."""
    constants: dict[str, None] = {}

    def replaced(match: re.Match[str]) -> str:
        if match["number"]:
            return match[0]
        if match["quoted"]:
            return names.identifiers[names.place(match["quoted"][1:-1])]
        name, call = match["name"], match["call"] or ""
        is_function = name in OPERATORS.words
        if is_function and call:
            return match[0]
        if name in known and not call:
            return f"({known[name]!r})"
        if name in names.words:
            return f"{names.words[name]}{call}"
        if is_function:
            raise ParseError(f"{name!r} is a function and needs an argument, as in {name}(...)")
        if not call and name not in _NUMBERS:
            constants[name] = None
        return match[0]

    return _TOKEN.sub(replaced, text), list(constants)


def quoting(text: str, names: Names) -> str:
    """The remedy where a column's name stands in the text without the quotes that it needs."""
    for column, word in names.changed:
        if column in text and not _TOKEN.fullmatch(column):
            return f"; write column {column!r} in quotes, or as {word}"
    return ""


def _without_target(text: str) -> str:
    """The remedy where the text says what the target equals, target included."""
    _, *right = _EQUALS.split(text, maxsplit=1)
    return f"; write only what the target equals: {right[0].strip()[:_SHOWN]!r}" if right else ""


def check_constant(constant: str, text: str, names: Names, used: set[str], kind: str = "guess") -> None:
    """Raises or tells where what would be a constant may be meant as a column.

    Columns that the guess uses under their right names are not what is meant: `a*A` has a constant.
    """
    others = {
        name.casefold(): name
        for column, word in zip(names.columns, names.identifiers, strict=True)
        if word not in used
        for name in (word, column)
    }
    close = difflib.get_close_matches(constant.casefold(), list(others), n=1, cutoff=_CLOSE)
    is_short = len(constant.rstrip("0123456789_")) <= _SHORT
    meant = [name for name in others.values() if _BEFORE_UNIT.split(name, maxsplit=1)[0] == constant]
    near = [*meant, *(others[name] for name in close)]
    if near and (meant or not is_short):
        raise ValueError(
            f"{kind} {text!r}: {constant!r} is not a column; did you mean {near[0]!r}? "
            "Call a constant something else"
        )
    if is_variable(constant):
        shown = ", ".join(names.identifiers[:10])
        raise ValueError(f"{kind} {text!r}: there is no column {constant!r}; the columns are {shown}")
    if close or not is_short:
        column = f"the column {others[close[0]]!r}" if close else "a column"
        tell(f"{constant!r} in the {kind} {text!r} is not {column}, and so a constant to be fitted")


def _with_placeholders(form: Expression, n_columns: int, constants: Sequence[str]) -> Expression:
    """The expression with its last variables, which are constants, as placeholders."""
    return form.substitute({n_columns + i: Expression((PLACEHOLDER,)) for i in range(len(constants))})


def _with_combinations(
    expression: Expression, columns: Sequence[str], constants: Sequence[str]
) -> tuple[Expression, list[str]]:
    """Combinations of constants that may be any number as constants of their own: b - a in `a + (b - a)*x`.

    One of them occurs nowhere else, so that nothing else is said of it, and another one does.

    Args:
        expression: Over the columns and then the constants.
        columns: Identifiers of the columns.
        constants: Names of the constants.

    Returns:
        The guess over columns, constants and combinations, and the names of both of these.
    """
    counts, names = Counter(expression.tokens), list(constants)

    def replaced(part: Expression) -> Expression:
        own = [counts[f"x_{place}"] for place in part.variables if place >= len(columns)]
        is_of_constants = len(own) == len(part.variables) > 1
        operators = {token for token in part.tokens if token in OPERATORS}
        if is_of_constants and operators <= _COMBINING and min(own) == 1 < max(own):
            names.append(to_infix(part, [*columns, *constants]))
            return variable(len(columns) + len(names) - 1)
        return apply(str(part.tokens[0]), *map(replaced, part.children)) if part.children else part

    return replaced(expression), names


def _with_constants_once(
    expression: Expression, n_columns: int, constants: Sequence[str], text: str
) -> Expression:
    """A form in which each of the last variables, which are constants, occurs once where that can be."""
    repeated = _repeated(expression, n_columns)
    forms = [expression, *(_rewritten(expression, repeated) if repeated else ())]
    # Numbers that a form brings in would be fitted as well.
    best: Expression = min(
        forms,
        key=lambda form: (len(_with_placeholders(form, n_columns, constants).free_positions), len(form)),
    )
    if left := _repeated(best, n_columns):
        shown = ", ".join(repr(constants[place - n_columns]) for place in left)
        tell(
            f"no short form of the guess {text!r} was found that has {shown} once: where it occurs again, it "
            "is fitted as a constant of its own"
        )
    return best


def _names_of(
    form: Expression, guess: Expression, n_columns: int, constants: Sequence[str]
) -> tuple[str, ...]:
    """Names of the constants of a guess: the form has variables where the guess has placeholders."""
    tokens = [form.tokens[position] for position in guess.free_positions]
    names: list[str] = []
    numbers = filter(lambda number: number not in constants, map("c{}".format, itertools.count()))
    for token in tokens:
        name = constants[int(token[2:]) - n_columns] if isinstance(token, str) else next(numbers)
        again = (f"{name}_{i}" for i in itertools.count(2))
        names.append(name if name not in names else next(n for n in again if n not in (*names, *constants)))
    return tuple(names)


def _repeated(expression: Expression, n_columns: int) -> list[int]:
    """The constants that occur more than once."""
    places = [int(t[2:]) for t in expression.tokens if isinstance(t, str) and is_variable(t)]
    return [place for place, count in Counter(places).items() if place >= n_columns and count > 1]


def _rewritten(expression: Expression, repeated: list[int]) -> Iterator[Expression]:
    """Forms of the same value in which the variables that are repeated may occur less often."""
    if len(expression) > _MAX_TIED:
        return
    import sympy

    from nsr.expressions.rewriting import factored, multiplied_out
    from nsr.expressions.sympy_form import from_sympy, to_sympy

    try:
        algebra.from_expression(expression)
    except NotFinite:  # 9**9**9**9, which SymPy would work out to the last digit
        return
    form = to_sympy(expression)
    symbols = [to_sympy(variable(place)) for place in repeated]
    total = multiplied_out(form)
    for other in (
        form,
        sympy.factor_terms(form),
        factored(form),
        sympy.collect(total, symbols),
        sympy.collect(total, symbols, factored),
    ):
        try:
            yield simplify(from_sympy(other))
        except ValueError:  # a form that the expression language does not have
            continue
