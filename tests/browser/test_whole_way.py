"""The way of an editor, from the link of an invitation to the platform and back, on the whole service."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.support.media import pictures
from tests.support.review import visits
from tests.support.review.editor import Editor
from tests.support.review.whole_service import WholeService, whole_service
from worker.demo.clip import media_of
from worker.text import clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

WINDOWS: dict[str, tuple[bool, dict[str, Any]]] = {
    "mouse": (True, {}),
    "keyboard": (False, {}),
    "no script": (True, {"has_script": False}),
    "phone": (True, {"width_px": 360}),
}
UPLOAD = "upload"


@pytest.fixture(scope="module")
def service(browser: Browser, servers_dir: Path) -> Iterator[WholeService]:
    """Run the service once; the browser comes first, so that nothing is started where there is none."""
    assert browser.is_connected()
    with whole_service(servers_dir / "pages") as running:
        yield running


@pytest.fixture(scope="module")
def videos(service: WholeService) -> dict[str, str]:
    """Upload every test's video at once, so that the service works while somebody clicks; return the ids."""
    media = media_of(pictures.footage_path("bikes"))
    of_windows = {how: service.upload(media, _title(how)) for how in WINDOWS}
    return {**of_windows, UPLOAD: service.upload(media, _title(UPLOAD), "wistia")}


def _title(how: str) -> str:
    return f"Bicycles, by {how}"


@pytest.mark.parametrize("how", WINDOWS)
def test_an_editor_changes_a_thumbnail_and_takes_it_back(
    service: WholeService, videos: dict[str, str], browser: Browser, how: str
) -> None:
    """Three clicks from the library; the platform shows each, and the history tells of both."""
    has_mouse, window = WINDOWS[how]
    external_id, email = videos[how], f"{how.replace(' ', '-')}@example.com"
    first_s = service.wait_for_first(external_id)

    with visits.visit(browser, service.origin, **window) as visit:
        editor = Editor(visit, has_mouse=has_mouse)
        editor.accept(service.invite(email))
        editor.clicks.clear()
        editor.open_asset(_title(how))
        time = editor.choose_last_frame()
        assert len(editor.clicks) == (3 if has_mouse else 0)
        editor.wait_for("Arrived at Mux")
        chosen_s = service.shown_s(external_id)
        assert chosen_s is not None
        assert clock(chosen_s) == time
        assert chosen_s != first_s

        editor.undo()
        editor.wait_for("Arrived at Mux")
        service.until(lambda: service.shown_s(external_id) == first_s, "the first one again")

        visit.page.reload()
        of_person = [line for line in editor.history() if email in line]
        for act in ("chosen", "released"):
            assert [line for line in of_person if re.search(rf"choice \d+ {act}", line)]
        assert visit.sideways_px() == 0


def test_a_picture_of_ones_own_arrives(
    service: WholeService, videos: dict[str, str], browser: Browser, tmp_path: Path
) -> None:
    """At a platform that takes pictures: the one that was uploaded, as a JPEG, and in the history."""
    external_id = videos[UPLOAD]
    service.wait_for_first(external_id, "wistia")
    picture = tmp_path / "mine.png"
    Image.new("RGB", (1280, 720), "rebeccapurple").save(picture)

    with visits.visit(browser, service.origin) as visit:
        editor = Editor(visit)
        editor.accept(service.invite("uploader@example.com"))
        editor.open_asset(_title(UPLOAD))
        visit.page.get_by_label("File").set_input_files(picture)
        expect(visit.page.get_by_role("img", name="The picture that you chose")).to_be_visible()
        visit.page.get_by_role("button", name="Use this picture").click()
        editor.wait_for("Arrived at Wistia")

    jpeg = service.vendors["wistia"].known(external_id).image
    assert jpeg is not None
    with Image.open(io.BytesIO(jpeg)) as shown:
        assert shown.format == "JPEG"
        red, green, blue = shown.convert("RGB").getpixel((shown.width // 2, shown.height // 2))
    assert (red, green, blue) == pytest.approx((102, 51, 153), abs=6)
