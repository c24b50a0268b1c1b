"""How numbers are written: decimal commas, and commas or points between thousands."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

_EXPONENT = r"(?:[eE][+-]?\d+)?"
# A number in any of the ways below; digits of other scripts are text in every table, as pandas has it.
NUMBER = re.compile(rf"[+-]?(?:\d[\d.,]*|[.,]\d+){_EXPONENT}", re.ASCII)
_PLAIN = re.compile(rf"[+-]?(?:\d+\.?\d*|\.\d+){_EXPONENT}", re.ASCII)
_DECIMAL_COMMA = re.compile(
    rf"[+-]?(?:\d*|\d{{1,3}}(?:\.\d{{3}})+),\d+{_EXPONENT}|[+-]?\d{{1,3}}(?:\.\d{{3}}){{2,}}|[+-]?\d+{_EXPONENT}",
    re.ASCII,
)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?", re.ASCII)


def comma_means(cells: Iterable[str], delimiter: str, source: str) -> str | None:
    """What commas in numbers are: `decimal` signs, between `thousands`, or None where no number has one.

    Args:
        cells: What columns hold that are not numbers with points.
        delimiter: What separates the columns; with semicolons, commas that can be decimal signs are.
        source: What messages call the table.

    Raises:
        ValueError: If they may be either, or are both.
    """
    examples: dict[tuple[bool, bool], str] = {}
    for cell in cells:
        if "," in cell and NUMBER.fullmatch(cell):
            kind = (bool(_DECIMAL_COMMA.fullmatch(cell)), bool(_THOUSANDS.fullmatch(cell)))
            examples.setdefault(kind, cell)
    decimal, thousands, either = (examples.get(kind) for kind in ((True, False), (False, True), (True, True)))
    if decimal and thousands:
        raise ValueError(
            f"{source} has commas as decimal signs, as in {decimal!r}, and between thousands, as in "
            f"{thousands!r}: write all numbers with decimal points"
        )
    if either and not decimal and not thousands and delimiter != ";":
        raise ValueError(
            f"{source}: {either!r} may be {either.replace(',', '.')} or {either.replace(',', '')}: write "
            "numbers with decimal points, and nothing between thousands"
        )
    if decimal or (either and not thousands):
        return "decimal"
    return "thousands" if thousands else None


def with_points(column: pd.Series, commas: str, source: str) -> pd.Series:
    """A column of text with its numbers read, as `comma_means` says; whatever is not one stays text.

    Raises:
        ValueError: If a number has a decimal point where others have decimal commas.
    """

    def read(cell: object) -> object:
        text = cell.strip() if isinstance(cell, str) else ""
        if commas == "decimal" and _DECIMAL_COMMA.fullmatch(text):
            return float(text.replace(".", "").replace(",", "."))
        if commas == "decimal" and _PLAIN.fullmatch(text):
            raise ValueError(
                f"{source} has numbers with decimal commas and others with points, as in {text!r}: write all "
                "numbers with decimal points"
            )
        if commas == "thousands" and (_THOUSANDS.fullmatch(text) or _PLAIN.fullmatch(text)):
            return float(text.replace(",", ""))
        return cell

    return column.map(read).infer_objects()
