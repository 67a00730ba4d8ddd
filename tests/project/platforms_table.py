"""`python -m tests.project.platforms_table`: print the table of docs/platforms/README.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.platforms import PLATFORMS
from worker.platforms.base import ForeignThumbnails, WriteBack
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from worker.platforms.base import Capabilities

EVENTS = {
    EventKind.READY: "ready",
    EventKind.UPDATED: "updated",
    EventKind.EDITED: "edited",
    EventKind.FAILED: "failed",
    EventKind.DELETED: "deleted",
}
WRITTEN = {
    WriteBack.IMAGE: "the picture",
    WriteBack.URL: "the address of the picture, which it fetches",
    WriteBack.TIME: "the time of the best pick",
    WriteBack.NONE: "nothing: the picture is served here",
}
COLUMNS = (
    "platform",
    "webhooks tell of",
    "what is written back",
    "webhooks may be lost",
    "a thumbnail that a person set there",
)
OTHERS = {
    ForeignThumbnails.ALWAYS: "is left alone",
    ForeignThumbnails.ONCE_WRITTEN: "is left alone once we have written; the first pick replaces it",
    ForeignThumbnails.NEVER: "is not told apart, and is replaced",
}
OWN = (
    "| [your own systems](../events.md) | ready, edited, deleted: `POST /v1/events`, signed by"
    " [Standard Webhooks](https://www.standardwebhooks.com) | the picture is served here, and the"
    " picks (`PICKS_URL`) or the pictures (`PICTURES_URL`) are sent to your system | no | |"
)


def platforms_table() -> str:
    """Write a row for each platform, in Markdown."""
    rows = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    rows += [_row(name, platform.capabilities) for name, platform in PLATFORMS.items()]
    return "\n".join([*rows, OWN])


def _row(name: str, can: Capabilities) -> str:
    events = ", ".join(words for kind, words in EVENTS.items() if kind in can.events)
    written = ", or ".join(words for kind, words in WRITTEN.items() if kind in can.write_backs)
    cells = [
        f"[{can.label}]({name}.md)",
        events or "nothing: its list is read",
        written,
        "yes" if can.needs_reconcile else "no",
        _others(can),
    ]
    return f"| {' | '.join(cells)} |"


def _others(can: Capabilities) -> str:
    if can.write_backs == {WriteBack.NONE}:
        return ""
    return OTHERS[can.foreign_thumbnails]


if __name__ == "__main__":
    print(platforms_table())
