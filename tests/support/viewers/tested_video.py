"""A video that is shown, of which two pictures are tested with viewers."""

from __future__ import annotations

import hashlib
import io
import itertools
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from PIL import Image

from tests.support.service import builders, chosen_asset
from worker import jobs
from worker.database import transaction
from worker.database.models import Asset, Thumbnail
from worker.database.trials import Trial, Variant
from worker.trials.assignment import bucket_ranges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

SALT = "00112233445566aa"
COLOURS = ("teal", "orange")
SIZE_PX = (320, 180)
ENDS_AT = builders.NOON + timedelta(days=28)

_MINUTES = itertools.count(100)


class TestedVideo(NamedTuple):
    """What was stored."""

    __test__ = False  # for pytest, which would take the name for a class of tests

    asset_id: int
    trial_id: int
    sha256s: tuple[str, ...]  #: of the variants' pictures, the one that is shown first


def store(
    engine: Engine,
    external_id: str = "a1",
    *,
    platform: str = "mux",
    account: str = "main",
    colours: Sequence[str] = COLOURS,
    salt: str = SALT,
    **values: Any,
) -> TestedVideo:
    """Store a video whose first pick is written, and a test of all its picks.

    Args:
        engine: of the database.
        external_id: of the video, like the next two.
        platform: its platform.
        account: there.
        colours: of its picks, the best first.
        salt: of the test.
        values: of the test, where they differ.
    """
    asset_id, thumbnails = store_video(
        engine, external_id, platform=platform, account=account, colours=colours
    )
    with transaction(engine) as session:
        fingerprint = session.get_one(Asset, asset_id).fingerprint
        given = {"fingerprint": fingerprint, "kind": "viewers", **values}
        trial = Trial(
            asset_id=asset_id,
            aspect="16:9",
            metric="plays",
            salt=salt,
            alpha=0.05,
            tau=0.2,
            started_by="ada",
            ends_at=ENDS_AT,
            **given,
        )
        session.add(trial)
        session.flush()
        ranges = bucket_ranges(len(thumbnails))
        for number, (thumbnail, (begin, end)) in enumerate(zip(thumbnails, ranges, strict=True)):
            variant = Variant(
                trial_id=trial.id,
                number=number,
                thumbnail_id=thumbnail.id,
                sha256=thumbnail.sha256,
                time_s=thumbnail.time_s,
                bucket_from=begin,
                bucket_to=end,
                model="lite",
            )
            session.add(variant)
        return TestedVideo(asset_id, trial.id, tuple(one.sha256 for one in thumbnails))


def store_video(
    engine: Engine,
    external_id: str = "a1",
    *,
    platform: str = "mux",
    account: str = "main",
    colours: Sequence[str] = COLOURS,
) -> tuple[int, list[Thumbnail]]:
    """Store a video whose first pick is written, without a test; return its id and its picks."""
    about = {"asset_id": external_id, "platform": platform, "account": account}
    if platform == "direct":
        about["media_url"] = "https://media.example.com/a.mp4"
    builders.record(engine, builders.event(minute=next(_MINUTES), **about))
    claim = builders.claimed(engine)
    picks = [_thumbnail(rank, colour) for rank, colour in enumerate(colours, start=1)]
    with transaction(engine) as session:
        jobs.complete(session, claim, jobs.Result("f1", picks, [], picks[0], {"scan": 0.5}))
    chosen_asset.publish(engine)
    with transaction(engine) as session:
        stored = [session.get_one(Thumbnail, pick.id) for pick in picks]
        session.expunge_all()
    return claim.asset_id, stored


def _thumbnail(rank: int, colour: str) -> Thumbnail:
    encoded = io.BytesIO()
    Image.new("RGB", SIZE_PX, colour).save(encoded, "JPEG")
    jpeg = encoded.getvalue()
    return Thumbnail(
        rank=rank,
        aspect="16:9",
        time_s=1.5 * rank,
        score=3.0 - rank,
        parts={},
        reasons=["sharp"],
        faces=[],
        box=[0, 0, *SIZE_PX],
        width_px=SIZE_PX[0],
        height_px=SIZE_PX[1],
        jpeg=jpeg,
        sha256=hashlib.sha256(jpeg).hexdigest(),
        model="lite",
    )
