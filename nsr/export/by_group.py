"""Constants that differ by group, in languages that have tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from nsr.export.code import Language
from nsr.expressions.expression import Expression


class Lookup(NamedTuple):
    """Constants of each group.

    Attributes:
        category: What tells groups apart, as a parameter.
        constants: Those of each group, by its label.
    """

    category: str
    constants: Mapping[str, tuple[float, ...]]

    @property
    def n_constants(self) -> int:
        """Constants that differ."""
        return len(next(iter(self.constants.values())))

    @property
    def literal(self) -> str:
        """A dictionary of Python; labels that are whole numbers are its keys as such."""
        pairs = (f"{_key(label)}: {own}" for label, own in self.constants.items())
        return f"{{{', '.join(pairs)}}}"


# From a category's parameter and a dictionary of tuples, what looks up the constants of a group.
Read = Callable[[str, str], str]


def defined_by_group(
    language: Language,
    expression: Expression,
    names: Sequence[str],
    lookup: Lookup,
    read: Read,
    imports: Mapping[str, str],
) -> str:
    """A function of columns and of the group.

    Args:
        language: A dialect of Python.
        expression: Over the columns that occur and then the constants that differ.
        names: Of these columns and constants.
        lookup: Their values.
        read: What looks them up.
        imports: Lines by what is in a body that needs them.
    """
    *parameters, category = language.parameters(expression, [*names, lookup.category])
    body = language.body(expression, parameters)
    n_columns = len(parameters) - lookup.n_constants
    constants = ", ".join(parameters[n_columns:]) + ("," if lookup.n_constants == 1 else "")
    lines = [f"def f({', '.join([*parameters[:n_columns], category])}):"]
    if constants:
        lines.append(f"    {constants} = {read(category, lookup.literal)}")
    code = "\n".join([*lines, f"    return {body}", ""])
    needed = [imported for prefix, imported in imports.items() if prefix in code]
    return "\n".join([*needed, "", "", code]) if needed else code


def _key(label: str) -> str:
    return label if label.removeprefix("-").isdecimal() and str(int(label)) == label else repr(label)
