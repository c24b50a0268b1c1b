"""Tables as files have them: in any encoding, with any separator, whole or damaged."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

SEPARATORS = (",", ";", "\t", "|")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
PACKED: tuple[Callable[[bytes], bytes], ...] = (bytes, gzip.compress, bz2.compress, lzma.compress)

_LETTERS = st.characters(categories=("L", "N", "P", "S"))
NAMES = st.text(st.one_of(st.characters(codec="ascii", categories=("L",)), _LETTERS), min_size=1, max_size=8)
# What equations, shells, spreadsheets and NSR itself take for something else.
HOSTILE_NAMES = st.sampled_from(
    ["e", "pi", "lambda", "sin", "x_0", "nan", "a b", "a,b", 'a"b', "a\nb", "=1+1", "__class__", "\u202egnp",
     "x" * 300, "größe [m²]", "質量", "\U0001d6fc", "💥", " y ", "-", "#", "'", "`", "[m]", "x[0]", "f(x)"]
)  # fmt: skip
FINITE = st.floats(allow_nan=False, allow_infinity=False)
NUMBERS = st.one_of(
    FINITE.map(repr),
    st.integers(-(10**18), 10**18).map(str),
    st.sampled_from(["0", "-0.0", "1e308", "-1e308", "5e-324", "+7", ".5", "5.", "1E5", "007", "1e-400"]),
)
OTHER = st.one_of(
    st.sampled_from(
        ["", "NA", "nan", "NULL", "-", "?", ".", "inf", "-Infinity", "1e400", "9" * 400, "True", "0x10",
         "1_000", "\u0661\u0662", "1,5", "1.234,5", "1 000", "2020-01-31", "31.01.2020", "12:30", "oops",
         "#DIV/0!", "1e", "--1", "1d5", "5%", "$5", "<NA>", "1.#IND", "=A1", "__import__('os')",
         "\x1b[31m", "a\x00b"]
    ),
    NAMES,
)  # fmt: skip


@dataclass(frozen=True)
class Written:
    """A table, and how a file has it.

    Attributes:
        header: Names of the columns.
        rows: Their cells as text.
        separator: What stands between the cells.
        quoting: How the `csv` module writes them.
        newline: What ends a line.
        encoding: Of the text.
        packed: What packs the bytes.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    separator: str
    quoting: int
    newline: str
    encoding: str
    packed: Callable[[bytes], bytes]

    @property
    def text(self) -> str:
        """Without an encoding."""
        text = io.StringIO()
        writer = csv.writer(
            text, delimiter=self.separator, quoting=self.quoting, lineterminator=self.newline  # type: ignore[arg-type]
        )  # fmt: skip
        writer.writerows([self.header, *self.rows])
        return text.getvalue()

    @property
    def content(self) -> bytes:
        """All bytes of the file."""
        return self.packed(self.text.encode(self.encoding))


@st.composite
def written(draw: st.DrawFn, cells: st.SearchStrategy[str], names: st.SearchStrategy[str] = NAMES) -> Written:
    """Tables of a few rows and columns."""
    n_columns = draw(st.integers(2, 5))
    header = draw(st.lists(names, min_size=n_columns, max_size=n_columns))
    row = st.lists(cells, min_size=n_columns, max_size=n_columns).map(tuple)
    return Written(
        tuple(header),
        tuple(draw(st.lists(row, min_size=3, max_size=8))),
        draw(st.sampled_from(SEPARATORS)),
        draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        draw(st.sampled_from(["\n", "\r\n", "\r"])),
        draw(st.sampled_from(ENCODINGS)),
        draw(st.sampled_from(PACKED)),
    )


@st.composite
def damaged(draw: st.DrawFn, contents: st.SearchStrategy[bytes]) -> bytes:
    """Bytes of which some are lost, changed, moved or added."""
    content = draw(contents)
    for _ in range(draw(st.integers(1, 4))):
        start, stop = sorted(draw(st.integers(0, len(content))) for _ in range(2))
        kind = draw(st.sampled_from(["cut", "without", "flip", "twice", "zeros", "noise", "line"]))
        part = content[start:stop]
        if kind == "cut":
            content = content[:start]
        elif kind == "flip" and part:
            content = content[:start] + bytes([part[0] ^ 1 << draw(st.integers(0, 7))]) + content[start + 1 :]
        else:
            new = {"twice": part * 2, "zeros": b"\0" * 3, "noise": draw(st.binary(max_size=8))}
            new["line"] = draw(
                st.sampled_from([b"\n", b'"', b",", b";", b"#", b"\r", b"\n\n1,2,3,4,5\n", b"'"])
            )
            content = content[:start] + new.get(kind, b"") + content[stop if kind == "without" else start :]
    return content
