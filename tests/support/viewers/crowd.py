"""Many viewers of one page: they come, see its players, play what they like, and come back."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.support.viewers.window import viewer_window

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Browser, Page

VIEWER = Path(__file__).with_name("viewer.js").read_text()
WINDOWS = 6  #: in which viewers are at once
VISIT_MS = 60_000  #: a busy machine is slow


class VisitPlan(NamedTuple):
    """Who comes, and what they would do."""

    plays: Sequence[str]  #: pictures after which they play the first video, by their SHA-256
    viewer: str = ""  #: the word that their browser keeps; empty: it is their first visit


class Sighting(NamedTuple):
    """What somebody saw."""

    viewer: str  #: the word that their browser keeps now
    posters: list[str]  #: addresses of the players' pictures, in the order of the page


@dataclass(frozen=True)
class Crowd:
    """Windows that are lent to one viewer after the other; each forgets whom it was lent to before."""

    windows: list[Page]

    def visit(self, address: str, wishes: Sequence[VisitPlan]) -> list[Sighting]:
        """Let viewers come, several at once, and leave; return what each saw, in their order."""
        seen = []
        for first in range(0, len(wishes), len(self.windows)):
            now = list(zip(self.windows, wishes[first : first + len(self.windows)], strict=False))
            for window, wish in now:
                query = f"viewer={wish.viewer}&plays={','.join(wish.plays)}"
                window.goto(f"{address}?{query}", wait_until="commit")
            for window, _ in now:
                viewer, *posters = window.wait_for_function("window.visited", timeout=VISIT_MS).json_value()
                seen.append(Sighting(viewer, posters))
        for window in self.windows:
            window.goto("about:blank")
        return seen


@contextmanager
def a_crowd(browser: Browser) -> Iterator[Crowd]:
    """Open windows until the end of the block."""
    with ExitStack() as stack:
        windows = [stack.enter_context(viewer_window(browser)) for _ in range(WINDOWS)]
        for window in windows:
            window.add_init_script(VIEWER)
        yield Crowd(windows)
