"""The page as a user sees it, in headless Chromium."""

import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("nicegui", reason="the page needs NiceGUI: pip install 'nsr[app]'")
playwright = pytest.importorskip("playwright.sync_api", reason="needs pip install playwright")

pytestmark = pytest.mark.integration

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PLANETS = Path(__file__).parents[3] / "examples" / "planets.csv"
_PATIENCE = 60_000  # milliseconds, of which a quiet machine needs few
# Drops a file as a file manager does.
_DROP = """(element, [name, text]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name, {type: "text/csv"}));
    for (const kind of ["dragenter", "dragover"])
        element.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
    return new Promise(done => setTimeout(() => {
        const zone = element.querySelector(".q-uploader__dnd") || element;
        zone.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
        done();
    }, 100));
}"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Address of a page, and the folder in which the command runs."""
    folder, port = tmp_path_factory.mktemp("page"), free_port()
    command = [sys.executable, "-c", "from nsr.cli import main; main()", "app", "--port", str(port)]
    # NiceGUI takes whatever runs in a test for a test of itself.
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        yield re.search(r"http://[\d.:]+", line)[0], folder
        process.terminate()


@pytest.fixture
def page(served):
    """A browser that has opened the page, and notes what it asks of other hosts."""
    if BROWSER is None:
        pytest.skip("needs a browser: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.set_default_timeout(_PATIENCE)
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(served[0])
        yield page
        browser.close()


def test_a_table_is_dropped_an_equation_clicked_and_its_latex_copied(page, served):
    uploader = page.locator(".q-uploader")
    uploader.evaluate(_DROP, ["empty.csv", "a,b\n"])
    page.get_by_text("empty.csv has a header, but no rows").wait_for()
    uploader.evaluate(_DROP, ["planets.csv", PLANETS.read_text()])
    page.get_by_text("planets.csv: 11 rows, 3 columns").wait_for()
    page.get_by_role("button", name="Start").click()
    page.locator("td math").first.wait_for()
    page.get_by_text("note: column 'planet' holds text and is left out").wait_for()
    page.locator("td math").first.click()
    page.locator(".equation", has_text="100").wait_for()  # the constant, simplest of the front
    page.locator("td math").last.click()
    page.locator(".equation msqrt").wait_for()
    page.get_by_role("button", name="Copy LaTeX").click()
    page.get_by_text("LaTeX copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").startswith("\\sqrt{")
    page.locator("img[src^='data:image/png']").wait_for()
    address, folder = served
    hosts = {url.split("/")[2] for url in page.asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {address.removeprefix("http://")}
    assert list(folder.iterdir()) == []


def test_pages_of_other_names_are_not_answered(served):
    request = urllib.request.Request(served[0], headers={"Host": "example.org"})
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(request)
