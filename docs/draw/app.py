"""The picture of the page in the browser: `python -m docs.draw.app`.

It needs Chromium (`apt-get install chromium`) and playwright. The table is examples/boyle.csv, and nothing is
changed in what the page offers.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys

from playwright.sync_api import sync_playwright

from docs.draw.style import PICTURES, ROOT

_SIZE = {"width": 1280, "height": 900}
_PATIENCE = 300_000  # milliseconds


def main() -> None:
    """Takes it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    table = ROOT / "examples" / "boyle.csv"
    command = [
        sys.executable,
        "-c",
        "from nsr.cli import main; main()",
        "app",
        str(table),
        "--port",
        str(port),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, sync_playwright() as driver:
        assert process.stdout is not None
        process.stdout.readline()  # it serves
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=_SIZE)
        page.set_default_timeout(_PATIENCE)
        page.goto(f"http://127.0.0.1:{port}")
        page.get_by_role("button", name="Start").click()
        page.locator("img[src^='data:image/png']").wait_for()
        page.wait_for_timeout(1000)
        page.screenshot(path=PICTURES / "app.png", full_page=True)
        browser.close()
        process.terminate()


if __name__ == "__main__":
    main()
