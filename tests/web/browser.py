"""A real browser of this machine, without a window; whatever a page complains of is remembered."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.untried import untried_without
from tests.web.people import PASSWORD

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDE: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
NARROW: ViewportSize = {"width": 320, "height": 568}
"""The smallest phone that people have."""


def executable() -> str:
    """The browser."""
    return next(filter(None, map(shutil.which, NAMES)), None) or untried_without(*NAMES)


FAINT = Path(__file__).with_name("faint.js").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Desk:
    """A person at a browser."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    """Of the console: what was blocked, not found, or went wrong in a script."""

    def go(self, path: str) -> None:
        """Type an address."""
        self.page.goto(self.address + path)

    def sign_in(self, name: str = "dana") -> None:
        """Through the form."""
        self.go("/sign-in")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()

    def faint(self, scheme: Literal["dark", "light"]) -> list[str]:
        """Texts that are hard to read, as the page looks with this scheme."""
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found: list[str] = self.page.evaluate(FAINT)
        return found

    @property
    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        width: int = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        return width


@contextmanager
def browsing() -> Iterator[Browser]:
    """The browser, until the end of the context."""
    path = executable()
    with sync_playwright() as playwright:
        # Its own sandbox wants rights that a container's root has not; the pages are ours.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def seated(
    browser: Browser, address: str, *, size: ViewportSize = WIDE, scheme: Literal["dark", "light"] = "light"
) -> Iterator[Desk]:
    """A person with a window of this size, in Berlin."""
    context = browser.new_context(
        viewport=size, color_scheme=scheme, timezone_id="Europe/Berlin", locale="en-GB", device_scale_factor=1
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    desk = Desk(page, address)
    page.on("console", lambda said: desk.complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: desk.complaints.append(str(error)))
    page.on("request", lambda asked: _note_stranger(desk, asked.url))
    try:
        yield desk
    finally:
        context.close()


def _note_stranger(desk: Desk, url: str) -> None:
    if not re.match(rf"{re.escape(desk.address)}/|data:", url):
        desk.complaints.append(f"asked another host: {url}")
