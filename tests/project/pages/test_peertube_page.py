"""The plugin that docs/platforms/peertube.md prints tells us what PeerTube tells it."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from tests.support.doc_blocks import ROOT, blocks_of, filled_in
from tests.support.platforms.webhook_senders import NEW, settings
from tests.support.service.customer_endpoint import Inbox
from worker.inbox import own_events
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from pathlib import Path

    from worker.platforms.event import Event

PAGE = "docs/platforms/peertube.md"
UUID = "9c9de5e8-0a1e-484a-b099-e80766180a6d"
# PeerTube's side of a plugin, as far as this one uses it.
PEERTUBE = """
const { register } = require("./main.js");
const [url, secret, uuid] = process.argv.slice(2);
const set = { url, secret };
const hooks = [];
register({
  registerHook: (hook) => hooks.push(hook),
  registerSetting: ({ name, default: value }) => { set[name] ??= value; },
  settingsManager: { getSettings: async () => set },
  peertubeHelpers: { logger: console },
}).then(async () => {
  for (const { target, handler } of hooks) {
    console.log(target);
    await handler({ video: { id: 42, uuid } });
    await new Promise((done) => setTimeout(done, 200));
  }
});
"""


NEEDS_NODE = pytest.mark.skipif(
    shutil.which("node") is None, reason="the plugin is JavaScript, and there is no node here"
)


@NEEDS_NODE
def test_the_plugin_signs_what_it_tells(tmp_path: Path) -> None:
    """Of uploads, replaced sources and deletes, by names that the receiver knows."""
    told = sent_by_plugin(tmp_path)

    kinds = {event.kind: event for event in told}  # they are sent at once, and may come in any order
    assert kinds.keys() == {EventKind.READY, EventKind.EDITED, EventKind.DELETED}
    assert {(event.platform, event.account, event.asset_id) for event in told} == {("peertube", "main", UUID)}
    assert kinds[EventKind.EDITED].payload["data"]["edit"] == {"kind": "source_replaced"}
    assert len({event.delivery_id for event in told}) == 3


def sent_by_plugin(folder: Path) -> list[Event]:
    """Run the plugin as PeerTube does, and read what it sends as the receiver does."""
    with Inbox.serving() as inbox:
        done = run_plugin(folder, inbox.url)
        deliveries = list(inbox.deliveries)
    assert len(done.stdout.splitlines()) == len(deliveries), done.stderr
    ours = settings(events_secret=SecretStr(f"whsec_{NEW}"))
    for headers, body in deliveries:
        own_events.verify(headers, body, ours, time.time())
    return [event for headers, body in deliveries for event in own_events.parse(headers, body, ours)]


@NEEDS_NODE
@pytest.mark.parametrize("status", [301, 400, 401, 404, 409])
def test_a_refusal_is_told_of_in_the_log_of_peertube(tmp_path: Path, status: int) -> None:
    """Nobody else would find an edit or a delete that was lost; and it is not sent again, in vain."""
    with Inbox.serving() as inbox:
        inbox.answers = [status] * 3
        done = run_plugin(tmp_path, inbox.url)
        asked = len(inbox.requests)

    assert asked == 3
    for event in ("asset.ready", "asset.edited", "asset.deleted"):
        assert f"thumbs was not told of {event}, {UUID}: {status}" in done.stderr


@NEEDS_NODE
@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_that_is_busy_is_told_again(tmp_path: Path, status: int) -> None:
    """After a second, under the same id."""
    with Inbox.serving() as inbox:
        inbox.answers = [status] * 3
        done = run_plugin(tmp_path, inbox.url)
        ids = [headers["webhook-id"] for headers, _ in inbox.deliveries]

    assert (len(ids), len(set(ids))) == (6, 3)
    assert done.stderr == ""


def run_plugin(folder: Path, url: str) -> subprocess.CompletedProcess[str]:
    """Run the plugin as PeerTube does."""
    (plugin,) = [one.code for one in blocks_of(PAGE) if one.language == "javascript"]
    (folder / "main.js").write_text(plugin)
    (folder / "peertube.js").write_text(PEERTUBE)
    words = ["node", "peertube.js", url, f"whsec_{NEW}", UUID]
    return subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True, timeout=20)


def test_the_plugin_is_told_of_by_hooks_that_there_are() -> None:
    """Their names are those of PeerTube's own list, server-hook.model.ts."""
    text = (ROOT / PAGE).read_text()

    assert set(re.findall(r'"(action:[^"]+)"', text)) == {
        "action:api.video.uploaded",
        "action:api.video.file-updated",
        "action:api.video.deleted",
    }


def test_the_event_of_the_page_is_one() -> None:
    """As a program that uploads may send it."""
    text = (ROOT / PAGE).read_text()
    (found,) = re.findall(r'\{"type": "asset\.ready".*?\}\}', text, re.DOTALL)

    body = filled_in(found).encode()
    (event,) = own_events.parse({"webhook-id": "evt_1"}, body, settings())

    assert (event.kind, event.asset_id) == (EventKind.READY, UUID)
