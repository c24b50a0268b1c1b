"""Tables of a page in Markdown, as tests compare them with what there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        text: All of it, without markup.
        code: What stands in backticks.
        links: Text and target of each link.
    """

    text: str
    code: tuple[str, ...]
    links: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, token: Token) -> Cell:
        """A cell of the token that holds its content."""
        parts = token.children or []
        texts = "".join(part.content for part in parts)
        code = tuple(part.content for part in parts if part.type == "code_inline")
        links = tuple(
            (parts[place + 1].content, str(part.attrs["href"]))
            for place, part in enumerate(parts)
            if part.type == "link_open"
        )
        return cls(texts, code, links)


@dataclass(frozen=True)
class Row:
    """A row of a table, below its header.

    Attributes:
        section: Heading of the second level that it stands under.
        cells: By the header's text.
    """

    section: str
    cells: dict[str, Cell]

    def __getitem__(self, column: str) -> Cell:
        return self.cells[column]


def rows(page: Path) -> Iterator[Row]:
    """All rows of all tables of a page."""
    tokens = MarkdownIt("commonmark").enable("table").parse(page.read_text())
    section, header, cells = "", [""], [Cell("", (), ())]
    for before, token in pairwise(tokens):
        if before.type == "heading_open" and before.tag == "h2":
            section = token.content
        elif before.type in {"th_open", "td_open"}:
            cells.append(Cell.of(token))
        elif before.type == "tr_open":
            cells = []
            if token.type == "th_open":
                header = []
        if token.type == "tr_close":
            if header:
                yield Row(section, dict(zip(header, cells, strict=True)))
            else:
                header = [cell.text for cell in cells]
