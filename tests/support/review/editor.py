"""What an editor does on the pages, by the names that the pages give to things."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.support.review.visits import Visit

ARRIVES_MS = 45_000  #: a choice whose picture is cut from the video first, on a busy machine
RELOADED_MS = 500


@dataclass(frozen=True)
class Editor:
    """Somebody who uses the mouse, or only the keyboard, in a window."""

    visit: Visit
    has_mouse: bool = True
    clicks: list[str] = field(default_factory=list)  #: on what, in order

    @property
    def page(self) -> Page:
        """What they look at."""
        return self.visit.page

    def use(self, target: Locator) -> None:
        """Click, or go there by Tab and press Enter."""
        if self.has_mouse:
            target.click()
            self.clicks.append(str(target))
        else:
            self.visit.press_on(target)

    def accept(self, path: str) -> None:
        """Come in by the link of an invitation."""
        self.visit.open(path)
        self.use(self.page.get_by_role("button", name="Come in"))
        expect(self.page.get_by_role("heading", name="Library")).to_be_visible()

    def open_asset(self, title: str) -> None:
        """Go from the library to a video."""
        self.use(self.page.get_by_role("link", name=title).first)
        expect(self.page.get_by_role("heading", name=title, level=1)).to_be_visible()

    def frames(self) -> Locator:
        """Find the frames of the strip."""
        return self.page.get_by_role("listbox", name="Frames in order of time").get_by_role("option")

    def choose_last_frame(self) -> str:
        """Look at the last frame of the strip, choose it, and return its time as it is printed."""
        frame, preview = self.frames().last, self.page.locator("#frame")
        if self.has_mouse:
            self.use(frame)
        else:  # one frame is reached by Tab, and the others by keys of a list
            self.visit.press_on(self.frames().and_(self.page.locator("[tabindex='0']")), "End")
        button = preview.get_by_role("button", name="Choose this frame")
        expect(button).to_be_visible()
        time = preview.get_by_role("heading").inner_text()
        if self.has_mouse:
            self.use(button)
        else:
            expect(frame).to_be_focused()
            self.page.keyboard.press("Enter")
        expect(self.shown().get_by_role("heading", name=time)).to_be_visible()
        return time

    def shown(self) -> Locator:
        """Find the part that says what is shown."""
        return self.page.get_by_role("region", name="What is shown")

    def undo(self) -> None:
        """Take back the choice that was just made."""
        self.use(self.page.get_by_role("button", name="Undo"))
        expect(self.shown()).not_to_contain_text("Chosen by")

    def wait_for(self, words: str) -> None:
        """Wait until the status says something; who has no JavaScript loads the page again."""
        status = self.page.locator("#status")
        for _ in range(0 if self.visit.has_script else ARRIVES_MS // RELOADED_MS):
            if words in status.inner_text():
                return
            self.page.wait_for_timeout(RELOADED_MS)
            self.page.reload()
        expect(status).to_contain_text(words, timeout=ARRIVES_MS)

    def history(self) -> list[str]:
        """Read the history, the newest first, also what is folded away."""
        history = self.page.get_by_role("region", name="History")
        for folded in history.locator("summary").all():
            folded.click()
        return history.get_by_role("listitem").all_inner_texts()
