"""What the pages show can be done: code runs, commands are understood, links lead somewhere."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer
import yaml
from pages import PAGES, ROOT, blocks, commands, name

import nsr
from nsr.cli import app

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
COMMANDS = [(name(page), words) for page in PAGES for words in commands(page)]
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder to write into that has the files which pages read."""
    for folder in ("examples", "training"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)


@pytest.mark.integration
@pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=name)
def test_code_runs(page, elsewhere, registered, own_suites):
    names: dict[str, object] = {}
    for block in blocks(page, "python"):
        exec(compile(block, name(page), "exec"), names)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=name)
def test_notebooks_run(notebook, elsewhere, monkeypatch):
    import matplotlib as mpl

    mpl.use("Agg")
    names: dict[str, object] = {}
    for cell in json.loads(notebook.read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), name(notebook), "exec"), names)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=name)
def test_notebooks_are_executed_and_small(notebook):
    code = [cell for cell in json.loads(notebook.read_text())["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert all(output["output_type"] != "error" for cell in code for output in cell["outputs"])
    assert notebook.stat().st_size < 200_000


@pytest.mark.parametrize(
    ("page", "words"), COMMANDS, ids=[f"{page}: {' '.join(words)[:60]}" for page, words in COMMANDS]
)
def test_commands_are_understood(page, words):
    if words[0] == "nsr" and words[1:] != ["--version"]:
        command = typer.main.get_command(app).commands[words[1]]  # type: ignore[attr-defined]
        command.make_context(words[1], words[2:])
    elif words[:2] == ["python", "-m"]:
        assert find_spec(words[2])
        for file in words[3:]:
            if file.startswith(("training/", "examples/")):
                assert (ROOT / file).is_file()
    elif words[0] == "sbatch":
        assert all((ROOT / file).is_file() for file in words[1:])
    elif words[:2] == ["pip", "install"]:
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        for named in re.findall(r"\[([\w,]+)\]", " ".join(words)):
            assert set(named.split(",")) <= set(extras)
    else:
        assert words[0] in {"bash", "mkdocs", "nsr", "git"}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_to_files(page):
    for link in _LINK.findall(page.read_text()):
        if "://" not in link and not link.startswith("#"):
            assert (page.parent / link.partition("#")[0]).exists(), link


def test_every_page_has_its_place():
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    places: list[str] = []
    waiting = list(settings["nav"])
    while waiting:
        (entry,) = waiting.pop().values()
        waiting += entry if isinstance(entry, list) else []
        places += [entry] if isinstance(entry, str) else []
    written = [page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")]
    assert sorted(places) == sorted(written)


def test_the_api_is_complete():
    described = re.findall(r"^::: (\S+)$", (ROOT / "docs" / "api.md").read_text(), re.MULTILINE)
    for exported in set(nsr.__all__) - {place.removeprefix("nsr.") for place in described}:
        home = getattr(nsr, exported)  # a function, or a module of functions
        place = home.__module__ if hasattr(home, "__module__") else home.__name__
        assert any(one.startswith(place) for one in described), exported


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_ci_installs_and_tests_as_the_readme_says():
    (command,) = (block for block in blocks(ROOT / "README.md", "") if "pytest" in block)
    install, test = command.strip().split(" && ")
    run = (ROOT / ".ci" / "run").read_text()
    extras = re.search(r"\[(.*?)\]", install)[1].split(",")
    installed = re.search(r"-e \"\.\[(.*?)\]\"", run)[1].split(",")
    assert set(extras) <= set(installed)
    assert test in run


def test_pictures_of_the_readme_are_small():
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", (ROOT / "README.md").read_text()):
        assert Path(ROOT, picture).stat().st_size < 100_000
