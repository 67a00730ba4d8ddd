"""Videos in the database as a run leaves them, with frames of real footage, for pages to show."""

from __future__ import annotations

import functools
import hashlib
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

from tests.support.media import pictures
from tests.support.service import builders, chosen_asset
from worker import jobs
from worker.database import transaction
from worker.database.models import Asset, StoredCandidate, Thumbnail
from worker.pipeline.jpeg import encode_jpeg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from worker.pipeline.frames import Rgb

Clip = Literal["bikes", "bigbuckbunny", "carphone_pristine"]

FRAME_RATE = 25
EVERY = 10  #: so many frames of a clip lie between two candidates
PICKS = 3
STRIP_PX = (320, 180)
_MINUTES = itertools.count()


@dataclass(frozen=True)
class Seed:
    """A video that is to be in the library."""

    title: str
    clip: Clip = "bikes"
    first: int = 0  #: frame of the clip that it begins with
    count: int = 120  #: frames
    platform: str = "mux"
    account: str = "main"
    pick_gap: float = 0.5  #: how much better pick 1 is than pick 2; see `Asset.pick_gap`
    size_px: tuple[int, int] = (640, 360)
    length_s: float | None = None  #: of the video, where that is not what the frames of the clip last
    zoom: float = 1.0  #: how much larger than in the clip
    middle: tuple[float, float] = (
        0.5,
        0.5,
    )  #: where in the clip that is: 0 the left and the upper edge, 1 the others
    slide: Rgb | None = None  #: shown from the beginning to the end, in place of a clip

    @property
    def lasts_s(self) -> float:
        """How long the video is."""
        return self.count / FRAME_RATE if self.length_s is None else self.length_s


def store(engine: Engine, seed: Seed, *, is_published: bool = True) -> int:
    """Store a video with picks, candidates and a write that arrived; return the asset's id."""
    minute = next(_MINUTES)
    about = {"asset_id": f"video{minute:03}", "platform": seed.platform, "account": seed.account}
    builders.record(engine, builders.event(minute=minute, title=seed.title, **about))
    claim = builders.claimed(engine)
    with transaction(engine) as session:
        jobs.complete(session, claim, _result(seed, about["asset_id"]))
        asset = session.get_one(Asset, claim.asset_id)
        asset.duration_s, asset.pick_gap = seed.lasts_s, seed.pick_gap
    if is_published:
        chosen_asset.publish(engine)
    return claim.asset_id


def _result(seed: Seed, fingerprint: str) -> jobs.Result:
    frames = _frames(seed)
    times_s = [seed.lasts_s * index / len(frames) for index in range(len(frames))]
    scores = [_contrast(rgb) for rgb in frames]
    order = sorted(range(len(frames)), key=lambda index: -scores[index])
    ranks = {index: rank for rank, index in enumerate(order[:PICKS], start=1)}
    thumbnails = [
        _thumbnail(frames[index], times_s[index], rank, scores[index]) for index, rank in ranks.items()
    ]
    candidates = [
        StoredCandidate(
            time_s=times_s[index],
            shot=0,
            score=scores[index],
            parts={},
            lost_because=None if index in ranks else "outscored",
            jpeg=encode_jpeg(pictures_of_strip(rgb), 70),
        )
        for index, rgb in enumerate(frames)
    ]
    best = min(thumbnails, key=lambda thumbnail: thumbnail.rank)
    return jobs.Result(fingerprint, thumbnails, candidates, best, {"scan": 0.5}, title=seed.title)


def pictures_of_strip(rgb: Rgb) -> Rgb:
    """Make a frame as small as the strip's are."""
    return np.ascontiguousarray(rgb[:: rgb.shape[0] // STRIP_PX[1], :: rgb.shape[1] // STRIP_PX[0]])


def _frames(seed: Seed) -> list[Rgb]:
    """Cut what a video shows out of its clip, without distorting it."""
    if seed.slide is not None:
        return [seed.slide]
    return [_cut(rgb, seed) for rgb in _clip(seed.clip, seed.first, seed.count)[::EVERY]]


@functools.cache
def _clip(clip: Clip, first: int, count: int) -> Sequence[Rgb]:
    return pictures.footage(clip, count, start=first, size=None)


def _cut(rgb: Rgb, seed: Seed) -> Rgb:
    (height, width), (to_width, to_height) = rgb.shape[:2], seed.size_px
    scale = min(width / to_width, height / to_height) / seed.zoom
    wide, high = round(to_width * scale), round(to_height * scale)
    left, top = round((width - wide) * seed.middle[0]), round((height - high) * seed.middle[1])
    return cv2.resize(rgb[top : top + high, left : left + wide], seed.size_px, interpolation=cv2.INTER_CUBIC)


def _thumbnail(rgb: Rgb, time_s: float, rank: int, score: float) -> Thumbnail:
    jpeg, (height_px, width_px) = encode_jpeg(rgb, 85), rgb.shape[:2]
    return Thumbnail(
        rank=rank,
        aspect="16:9",
        time_s=time_s,
        score=score,
        parts={"appeal": score},
        reasons=["sharpness"],
        faces=[],
        box=[0, 0, width_px, height_px],
        width_px=width_px,
        height_px=height_px,
        jpeg=jpeg,
        sha256=hashlib.sha256(jpeg).hexdigest(),
        model="lite",
    )


def _contrast(rgb: Rgb) -> float:
    """Make up a score: no model is loaded for pages."""
    return float(rgb.std()) / 32
