"""Take the pictures of the pages for README and docs, with a browser, of clips that may be shown.

    python -m tests.browser.screenshots [--out docs/images]

What they show is `sample_library`, and `sample_test`. The same code takes the same pictures.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from tests.browser import sample_library, sample_test
from tests.support.browser.chromium import chromium
from tests.support.review import visits
from tests.support.review.pages_server import cookie_of, serving_pages
from tests.support.review.signed_in import person
from tests.support.service.databases import Databases
from worker.database import make_engine, transaction
from worker.database.people import Person
from worker.people import sign_ins
from worker.standalone.servers import start_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator
    from sqlalchemy import Engine

    from tests.support.review.visits import Visit

PHONE_PX, PHONE_HIGH_PX = 390, 844
WIDE_PX = 1280
COLUMN_PX = 960  #: of a page that is read from top to bottom
SHARPNESS = 2  #: pixels of the picture for each of the page, so that it is sharp on fine screens
WEBP_QUALITIES = (82, 75, 68, 60)  #: the first that is small enough
MAX_BYTES = 250_000
SHOWN = 8  #: videos of the library: two rows
MARGIN_PX = 10

# What is folded, or below the window, may load only when somebody comes to it: waiting for it would not end.
DECODE_WHAT_IS_SHOWN = """
() => Promise.all([...document.images].map(picture => {
  const box = picture.getBoundingClientRect();
  const isInWindow = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return isInWindow && picture.checkVisibility() ? picture.decode() : null;
}))
"""


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

        library, asset = opened("/", WIDE_PX), opened(f"/a/{asset_id}", WIDE_PX)
        save(library, out / "review-library.webp", below(library.page.locator("[data-card]").nth(SHOWN - 1)))
        save(asset, out / "review-asset.webp", below(asset.page.get_by_role("listbox")))
        save(opened(f"/a/{asset_id}", PHONE_PX), out / "review-phone.webp", PHONE_HIGH_PX)
        trial = opened(f"/t/{sample_test.add(engine)}", COLUMN_PX)
        save(trial, out / "review-test.webp", below(trial.page.get_by_role("table").first))


def below(element: Locator) -> int:
    """Return how high a window is that ends a little below something."""
    box = element.bounding_box()
    assert box is not None
    return round(box["y"] + box["height"]) + MARGIN_PX


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
        asset_id = sample_library.fill(engine)
        person(engine, sample_library.ANNA)
        yield engine, stack.enter_context(serving_pages(url, folder)), asset_id


def sign_in(engine: Engine, origin: str) -> dict[str, Any]:
    """Sign somebody in, and return the cookie of their browser."""
    with transaction(engine) as session:
        who = session.query(Person).filter_by(email=sample_library.ANNA).one()
        return cookie_of(sign_ins.begin(session, who), origin)


def save(visit: Visit, path: Path, high_px: int) -> None:
    """Write what somebody sees, as small as it must be.

    Raises:
        SystemExit: it is too large for a page that is read on the web.
    """
    page = visit.page
    page.set_viewport_size({"width": page.viewport_size["width"], "height": high_px})
    page.wait_for_load_state("networkidle")
    page.evaluate(DECODE_WHAT_IS_SHOWN)
    png = page.screenshot(animations="disabled", caret="hide")
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    path.parent.mkdir(parents=True, exist_ok=True)
    for quality in WEBP_QUALITIES:
        picture.save(path, quality=quality, method=6)
        if path.stat().st_size <= MAX_BYTES:
            print(f"{path}  {path.stat().st_size:,} bytes at quality {quality}")
            return
    raise SystemExit(f"{path} has {path.stat().st_size:,} bytes; at most {MAX_BYTES:,}")


if __name__ == "__main__":
    main()
