"""The page of peers says how the methods are set."""

import importlib

import pytest
from markdown_tables import rows
from pages import ROOT

from eval.methods import names, package

SETTINGS = {row["method"].text: row for row in rows(ROOT / "docs" / "peers.md") if row.section == "Settings"}
# What limits no method that is stopped by the clock, and what says which functions it has.
LIFTED = {"generations", "max_evaluations", "niterations", "gen", "progress", "verbosity"}
FUNCTIONS = {"allowed_symbols", "nonterminals", "binary_operators", "unary_operators"}


def test_every_search_is_on_the_page():
    searches = set(names()) - {"forest", "linear", "mean", "nsr_operators"}
    assert searches == set(SETTINGS)


@pytest.mark.parametrize("method", [name for name in SETTINGS if not name.startswith("nsr")])
def test_settings_and_rows_are_those_of_the_code(method):
    try:
        module = importlib.import_module(f"eval.methods.{method}")
    except ImportError as error:
        pytest.skip(f"not installed: {error.name}")
    row = SETTINGS[method]
    assert row["package"].text == package(method)
    written = {code for code in row["settings"].code if "=" in code}
    settings = getattr(module, "SETTINGS", {})
    assert written >= {f"{key}={value}" for key, value in settings.items() if key not in LIFTED | FUNCTIONS}
    limit = getattr(module, "ROWS", None)
    told = "1,000" if limit == 1_000 else "10,000"
    assert row["rows, of 10,000"].text.startswith(told)
