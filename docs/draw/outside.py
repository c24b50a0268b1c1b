"""Lets pages link files of the repository outside docs/: the site has copies of these.

A link such as `../tests/test_some.py` works in a clone and on code-hosting platforms. A site has nothing
above its root, so links are led to copies under `repository/`, texts in Markdown as pages of their own.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
COPIES = "repository"
# Target of an inline link or a picture, without what follows a #.
_LINK = re.compile(r"(?<=\]\()([^)#\s]+)(?=[)#])")


def outside(page: Path) -> dict[str, Path]:
    """Links of a page to files of the repository that are not below docs/.

    Args:
        page: A file in Markdown.

    Returns:
        The file of each link, as the link is written.
    """
    linked = {link: _linked(page, link) for link in _LINK.findall(page.read_text(encoding="utf-8"))}
    return {link: file for link, file in linked.items() if file and not file.is_relative_to(DOCS)}


def on_files(files: Files, config: Any) -> Files:
    """Adds copies of what is linked, and of what these link in turn."""
    waiting = [Path(one.abs_src_path) for one in files.documentation_pages()]
    copied: set[Path] = set()
    while waiting:
        for file in outside(waiting.pop()).values():
            if file in copied:
                continue
            copied.add(file)
            place = f"{COPIES}/{file.relative_to(ROOT).as_posix()}"
            files.append(File.generated(config, place, abs_src_path=str(file)))
            if file.suffix == ".md":
                waiting.append(file)
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Leads links outside docs/ to their copies, and links of copies into docs/ back."""
    source = Path(page.file.abs_src_path)
    here = Path(page.file.src_uri).parent

    def led(match: re.Match[str]) -> str:
        link = match[1]
        file = _linked(source, link)
        if file is None:
            return link
        inside = file.is_relative_to(DOCS)
        place = file.relative_to(DOCS) if inside else COPIES / file.relative_to(ROOT)
        return Path(os.path.relpath(place, here)).as_posix()

    return _LINK.sub(led, markdown)


def _linked(page: Path, link: str) -> Path | None:
    """The file of the repository that a link leads to, if it leads to one."""
    file = (page.parent / link).resolve()
    return file if "://" not in link and file.is_file() and file.is_relative_to(ROOT) else None
