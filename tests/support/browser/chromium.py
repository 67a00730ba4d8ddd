"""The browser of the tests: the system's Chromium, or the one that Playwright installs.

python -m tests.support.browser.chromium      # install Playwright's where there is none
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from tests.support.trials.counted_trials import AGENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")  #: of Debian, Ubuntu and Google
INSTALL_TIMEOUT_S = 300.0
# In containers, where tests run as root, Chromium's own sandbox does not start. It shows our pages only.
# It calls itself headless, which the beacon takes for a program; the name of a context is not in what a page
# sends when it is left.
ARGS = ("--no-sandbox", f"--user-agent={AGENT}")


class NoBrowser(Exception):
    """There is none; the message names the remedy."""


def executable(playwright: Playwright) -> str:
    """Find a browser.

    Raises:
        NoBrowser: none is installed.
    """
    own = playwright.chromium.executable_path
    for found in (*map(shutil.which, NAMES), own if Path(own).exists() else None):
        if found:
            return found
    raise NoBrowser(f"no browser is here: install {' or '.join(NAMES)}, or run `playwright install chromium`")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser without a window until the end of the block.

    Raises:
        NoBrowser: none is installed.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(playwright), args=list(ARGS))
        yield browser
        browser.close()


def install() -> None:
    """Have Playwright install its Chromium where there is no browser; say why where that fails."""
    with sync_playwright() as playwright:
        try:
            executable(playwright)
        except NoBrowser as missing:
            print(f"{missing}; trying the latter now ...")
        else:
            return
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    try:
        subprocess.run(command, check=True, timeout=INSTALL_TIMEOUT_S)
    except (OSError, subprocess.SubprocessError) as exc:
        print(f"that did not work, so the tests that need a browser are skipped: {exc}", file=sys.stderr)


if __name__ == "__main__":
    install()
