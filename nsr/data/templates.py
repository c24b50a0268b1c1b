"""The user's template: text in the names of the columns in, a form with parts out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from nsr.data.guesses import check_constant, in_identifiers, quoting
from nsr.data.names import Names
from nsr.expressions.expression import PLACEHOLDER, Expression, Token, is_variable
from nsr.expressions.operators import OPERATORS
from nsr.expressions.parsing import ParseError, parse
from nsr.expressions.template import Part, Template

_QUOTED = r"`[^`]*`|\"[^\"]*\"|'[^']*'"
_ARGUMENT = rf"(?:{_QUOTED}|[^\W\d]\w*)"
# Parentheses in quotes are those of a name. No name begins within a word, or long words took their square.
_CALL = re.compile(
    rf"{_QUOTED}|(?<!\w)(?P<name>[^\W\d]\w*)\s*\(\s*(?P<columns>{_ARGUMENT}(?:\s*,\s*{_ARGUMENT})*)\s*\)"
)
_EXAMPLE = "as in 'f(x_0)*exp(-g(x_1, x_2)) + c'"
_QUOTES = "`\"'"


def read_template(
    text: str | None, names: Names, known: Mapping[str, float], needs_part: bool = True
) -> Template | None:
    """Reads a template.

    Functions that no operator has the name of are parts, each of the columns in its parentheses; names that
    are not columns are constants to be fitted; numbers stay as they are.

    Args:
        text: Such as `f(x_0)*exp(-g(x_1, x_2)) + c`; None for none.
        names: The columns.
        known: Values of constants that have names.
        needs_part: Whether there must be a part, not constants alone.

    Raises:
        ValueError: If it cannot be read, has no part, or a part or a constant in it occurs more than once.
    """
    if text is None:
        return None
    if not isinstance(text, str):
        raise ValueError(f"a template is a text, {_EXAMPLE}, not {text!r}")
    parts: dict[str, Part] = {}
    stand_ins: list[str] = []

    def replaced(match: re.Match[str]) -> str:
        name = match["name"]
        if name is None or name in OPERATORS.words or name in names.words:
            return match[0]
        if name in parts:
            raise ValueError(
                f"template {text!r}: the part {name!r} occurs twice; give each part its own name"
            )
        words = [word.strip(_QUOTES) for word in re.findall(_ARGUMENT, match["columns"])]
        parts[name] = Part(name, tuple(_places(words, names, text)))
        stand_ins.append(_unused(f"part_{len(stand_ins)}", text, names))
        return stand_ins[-1]

    with_stand_ins = _CALL.sub(replaced, text)
    if not parts and needs_part:
        raise ValueError(
            f"template {text!r} has no part: write each as a function of columns, {_EXAMPLE}; where only "
            "constants are unknown, give it as guesses"
        )
    try:
        written, constants = in_identifiers(with_stand_ins, names, {})
        own = [name for name in constants if name not in stand_ins]
        form = parse(written, [*names.identifiers, *stand_ins, *own])
    except ParseError as error:
        raise ValueError(f"template {text!r}: {error}; a part is a function of columns, {_EXAMPLE}") from None
    used = {names.identifiers[c] for part in parts.values() for c in part.columns}
    for constant in set(own) - known.keys():
        check_constant(constant, text, names, used, "template")
    _check_once(form, len(names.identifiers), [*parts, *own], text)
    return _template(text, form, len(names.identifiers), tuple(parts.values()), own, known)


def _template(
    text: str,
    form: Expression,
    n_columns: int,
    parts: tuple[Part, ...],
    own: Sequence[str],
    known: Mapping[str, float],
) -> Template:
    """The form with placeholders for constants, and variables for numbers."""
    tokens: list[Token] = []
    numbers: list[float] = []
    number_names: list[str] = []
    constants: list[str] = []
    first, free = n_columns + len(parts), set(form.free_positions)
    for position, token in enumerate(form.tokens):
        place = int(token[2:]) - first if isinstance(token, str) and is_variable(token) else -1
        name = own[place] if place >= 0 else ""
        if name and name not in known:
            constants.append(name)
            tokens.append(PLACEHOLDER)
        elif name or (position in free and not isinstance(token, str)):
            tokens.append(f"x_{first + len(numbers)}")
            numbers.append(known[name] if name else float(token))
            number_names.append(name)
        else:
            tokens.append(token)
    return Template(
        text,
        Expression(tuple(tokens)),
        n_columns,
        parts,
        tuple(numbers),
        tuple(number_names),
        tuple(constants),
    )


def template_over(template: Template, columns: Iterable[int], n_variables: int, names: Names) -> Template:
    """The template over those columns of a table that are used.

    Args:
        template: Over all columns.
        columns: Those that are used.
        n_variables: How many columns the table then has; any others come after these.
        names: Of all columns.

    Raises:
        ValueError: If it needs another one.
    """
    places = {int(column): place for place, column in enumerate(columns)}
    missing = [names.columns[column] for column in sorted(template.columns) if column not in places]
    if missing:
        raise ValueError(
            f"template {template.text!r}: column {missing[0]!r} is left out, as it is constant, forbidden or "
            "repeats another one; write the template without it"
        )
    return template.over(places, n_variables)


def _places(words: list[str], names: Names, text: str) -> list[int]:
    try:
        found = [names.place(word) for word in words]
    except ValueError as error:
        raise ValueError(f"template {text!r}: {error}{quoting(text, names)}") from None
    if len(set(found)) < len(found):
        raise ValueError(f"template {text!r}: a part has the same column twice; once is enough")
    return found


def _unused(name: str, text: str, names: Names) -> str:
    return name if name not in text and name not in names.words else _unused(f"{name}_", text, names)


def _check_once(form: Expression, n_columns: int, names: list[str], text: str) -> None:
    counts = Counter(token for token in form.tokens if isinstance(token, str) and is_variable(token))
    for place, name in enumerate(names):
        if counts[f"x_{n_columns + place}"] > 1:
            raise ValueError(f"template {text!r}: {name!r} occurs twice; write it so that it occurs once")
