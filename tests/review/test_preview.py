"""A frame is shown with what each ratio would cut out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from tests.support.review.looked_at import looked_at
from tests.support.service import builders
from worker.database import transaction
from worker.database.models import Asset, StoredCandidate
from worker.review.preview import CropBox, Preview, read_preview

if TYPE_CHECKING:
    from sqlalchemy import Engine


def preview_at(engine: Engine, time_s: float) -> Preview | None:
    """Read the frame at a moment of the only asset."""
    with transaction(engine) as session:
        wanted = select(StoredCandidate.id).where(StoredCandidate.time_s == time_s)
        candidate_id = session.scalars(wanted).one()
        return read_preview(session, session.get_one(Asset, 1), candidate_id)


def test_of_a_pick_the_boxes_are_those_that_were_cut(engine: Engine) -> None:
    """In pixels of the small frame: its still was five times as large."""
    looked_at(engine)

    preview = preview_at(engine, 6.5)

    assert preview is not None
    assert (preview.width_px, preview.height_px) == (64, 36)
    assert preview.boxes == [CropBox("1:1", 18.0, 0.0, 36.0, 36.0)]
    assert preview.is_exact


def test_of_another_frame_the_boxes_are_around_its_faces(engine: Engine) -> None:
    """The largest that fit, which is said to be about right only."""
    face = [[40, 10, 60, 30, 0.9]]
    looked_at(engine)
    with transaction(engine) as session:
        session.scalars(select(StoredCandidate).where(StoredCandidate.time_s == 1.0)).one().faces = face

    preview, faceless = preview_at(engine, 1.0), preview_at(engine, 2.5)

    assert preview is not None
    assert preview.boxes == [CropBox("1:1", 28.0, 0.0, 36.0, 36.0)]
    assert not preview.is_exact
    assert faceless is not None
    assert faceless.boxes == [CropBox("1:1", 14.0, 0.0, 36.0, 36.0)]


def test_frames_of_other_assets_and_of_older_runs_are_not_shown(engine: Engine) -> None:
    """Whoever may see one asset could else look at all."""
    looked_at(engine)
    looked_at(engine, asset_id="a2")
    old = builders.every(engine, StoredCandidate)[0].id
    looked_at(engine, minute=1)

    with transaction(engine) as session:
        assert read_preview(session, session.get_one(Asset, 1), old) is None
        of_second = session.scalars(select(StoredCandidate.id).where(StoredCandidate.asset_id == 2)).first()
        assert of_second is not None
        assert read_preview(session, session.get_one(Asset, 1), of_second) is None
        assert read_preview(session, session.get_one(Asset, 2), of_second) is not None
