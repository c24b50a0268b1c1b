"""The page about an equation is whole, and says what numbers say."""

import base64
import re
from html.parser import HTMLParser

import pytest

pytest.importorskip("matplotlib")

import nsr

_VOID = {"meta", "img", "br"}


class Nesting(HTMLParser):
    """Reads a page, whose tags must be closed in order, and notes what it loads."""

    def __init__(self):
        super().__init__()
        self.open, self.loaded, self.titles = [], [], []

    def handle_starttag(self, tag, attributes):
        if tag not in _VOID:
            self.open.append(tag)
        self.loaded += [value for name, value in attributes if name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "h2":
            self.titles.append(data)


@pytest.fixture(scope="module")
def page(fall):
    X, y, model = fall
    return nsr.explain(model, X.iloc[:60], y.iloc[:60])


def test_it_is_one_file_with_all_parts(page):
    found = Nesting()
    found.feed(page)
    assert not found.open
    assert len(found.loaded) >= 10
    for source in found.loaded:
        assert source.startswith("data:image/png;base64,")
        assert base64.b64decode(source.partition(",")[2])[1:4] == b"PNG"
    assert found.titles == [
        "Constants", "Fit", "What mattered", "Slices", "What the network looked at", "What the table shows",
        "Other equations", "Report of the fit",
    ]  # fmt: skip


def test_it_says_what_the_tables_say(page):
    assert "<h1>energy</h1>" in page
    assert re.search(r"energy = <math>.*9\.81.*</math>", page)
    assert "60 rows" in page
    assert "elasticity" in page
    assert "energy does not depend on colour" in page
    # The untrained network of these tests writes at most 16 tokens.
    assert "the network writes" in page
    assert "report on" in page


def test_names_are_text_and_no_markup(fall):
    X, y, _ = fall
    own = X.rename(columns={"colour": "<script>alert(1)</script>", "height": "$height$"})
    model = nsr.SymbolicRegressor(checkpoint=fall[2].checkpoint, n_candidates=16, stages=("families",))
    model.fit(own, y.rename("<b>energy</b>"))
    page = nsr.explain(model, own.iloc[:30], y.iloc[:30], index=0)
    assert "<script" not in page
    assert "<b>energy" not in page
    assert "&lt;b&gt;energy" in page
    assert "The equation has no variable" in page  # of the first row, which is a constant


def test_a_row_that_there_is_not_is_refused(fall):
    X, y, model = fall
    with pytest.raises(ValueError, match="row"):
        nsr.explain(model, X, y, index=99)
