"""The plugin that docs/platforms/peertube.md prints tells us what PeerTube tells it."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from tests.support.doc_blocks import ROOT, blocks_of
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


@pytest.mark.skipif(
    shutil.which("node") is None, reason="the plugin is JavaScript, and there is no node here"
)
def test_the_plugin_signs_what_it_tells(tmp_path: Path) -> None:
    """Of uploads, replaced sources and deletes, by names that the receiver knows."""
    told = sent_by_plugin(tmp_path)

    kinds = [event.kind for event in told]
    assert kinds == [EventKind.READY, EventKind.EDITED, EventKind.DELETED]
    assert {(event.platform, event.account, event.asset_id) for event in told} == {("peertube", "main", UUID)}
    assert told[1].payload["data"]["edit"] == {"kind": "source_replaced"}
    assert len({event.delivery_id for event in told}) == 3


def sent_by_plugin(folder: Path) -> list[Event]:
    """Run the plugin as PeerTube does, and read what it sends as the receiver does."""
    (plugin,) = [one.code for one in blocks_of(PAGE) if one.language == "javascript"]
    (folder / "main.js").write_text(plugin)
    (folder / "peertube.js").write_text(PEERTUBE)
    with Inbox.serving() as inbox:
        url = inbox.url.rstrip("/")
        words = ["node", "peertube.js", url, f"whsec_{NEW}", UUID]
        done = subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True, timeout=20)
        deliveries = list(inbox.deliveries)
    assert len(done.stdout.splitlines()) == len(deliveries), done.stderr
    ours = settings(events_secret=SecretStr(f"whsec_{NEW}"))
    for headers, body in deliveries:
        own_events.verify(headers, body, ours, time.time())
    return [event for headers, body in deliveries for event in own_events.parse(headers, body, ours)]


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

    (event,) = own_events.parse({"webhook-id": "evt_1"}, found.encode(), settings())

    assert (event.kind, event.asset_id) == (EventKind.READY, UUID)
