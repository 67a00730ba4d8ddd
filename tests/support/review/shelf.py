"""Assets that stand in the library, for tests of what people see there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.support.service.builders import JPEG
from worker.database import transaction
from worker.database.choices import Choice
from worker.database.models import Asset, StoredCandidate, Thumbnail

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine


def add(engine: Engine, *titles: str, account: str = "main", **values: Any) -> list[int]:
    """Store an asset for each title; return the ids of their rows."""
    with transaction(engine) as session:
        assets = [
            Asset(
                **{
                    "platform": "mux",
                    "account": account,
                    "external_id": f"id-of-{title}",
                    "title": title,
                    "generation": 1,
                    **values,
                }
            )
            for title in titles
        ]
        session.add_all(assets)
        session.flush()
        return [asset.id for asset in assets]


def add_picture(engine: Engine, asset_id: int, **values: Any) -> int:
    """Store a picture of an asset, its best pick unless a rank is given; return its id."""
    given = {
        "generation": 1,
        "rank": 1,
        "aspect": "16:9",
        "time_s": 12.4,
        "score": 1.0,
        "parts": {},
        "reasons": [],
        "faces": [],
        "box": [],
        "width_px": 16,
        "height_px": 9,
        "jpeg": JPEG,
        "sha256": "ab" * 32,
        "model": "lite",
        **values,
    }
    with transaction(engine) as session:
        picture = Thumbnail(asset_id=asset_id, **given)
        session.add(picture)
        session.flush()
        return picture.id


def add_frame(engine: Engine, asset_id: int, time_s: float, generation: int = 1) -> int:
    """Store a frame of an asset's strip; return its id."""
    with transaction(engine) as session:
        frame = StoredCandidate(
            asset_id=asset_id, generation=generation, time_s=time_s, shot=0, score=1.0, parts={}, jpeg=JPEG
        )
        session.add(frame)
        session.flush()
        return frame.id


def choose(engine: Engine, asset_id: int, thumbnail_id: int, kind: str = "time", **values: Any) -> None:
    """Store that a person chose a picture."""
    time_s = None if kind == "image" else 3.0
    with transaction(engine) as session:
        session.add(
            Choice(
                asset_id=asset_id,
                kind=kind,
                time_s=time_s,
                thumbnail_id=thumbnail_id,
                generation=1,
                who="anna@example.com",
                **values,
            )
        )


def titles(client: FlaskClient, address: str = "/") -> list[str]:
    """List what a page of the library shows, in order."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return re.findall(r'<a data-open href="/a/\d+[^"]*" dir="auto">(.*?)</a>', answer.text)


def link(client: FlaskClient, address: str, rel: str) -> str | None:
    """Return where a page leads to: "next" or "prev"; None where it does not."""
    found = re.search(rf'<a rel="{rel}" href="(.*?)"', client.get(address).text)
    return found[1].replace("&amp;", "&") if found else None
