"""A look at a video that was looked at before uses what was seen of it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from sqlalchemy import select

from tests.support.media import pictures
from tests.support.media.edited_videos import cut
from tests.support.service import builders
from worker import jobs
from worker.database import transaction
from worker.database.models import Asset, Thumbnail
from worker.platforms.event import EventKind
from worker.timeline import Range, Timeline

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.service.analyzer_rig import AnalyzerRig


class TestAVideoThatIsKnown:
    """What was seen of it is used again where it still holds."""

    def test_is_not_scanned_again_after_a_trim_that_tells_its_ranges(
        self, rig: AnalyzerRig, tmp_path: Path
    ) -> None:
        """Only the frames at the new ends are looked at."""
        path = tmp_path / "video.mp4"
        shutil.copy(pictures.footage_path("bikes"), path)
        asset_id = rig.upload(path)
        rig.work()
        timeline = Timeline.of([Range(1.0, 9.0)])
        shutil.move(cut(path, timeline, tmp_path / "trimmed.mp4"), path)

        kept = {"kind": "trimmed", "kept": [{"start_s": 1.0, "end_s": 9.0}]}
        builders.record(
            rig.engine, builders.event(EventKind.EDITED, asset_id=asset_id, minute=1, detail=kept)
        )
        job = rig.work()

        assert job.state == "completed", job.error
        assert "were used again" in job.note
        newest = [row for row in builders.every(rig.engine, Thumbnail) if row.generation == 2]
        assert newest
        assert all(row.time_s < timeline.duration_s for row in newest)

    def test_is_judged_anew_by_a_model_that_an_operator_names(self, rig: AnalyzerRig) -> None:
        """The same content, so nothing is scanned."""
        rig.upload()
        rig.work()

        self.requeue(rig, "lite")
        job = rig.work()

        assert job.state == "completed", job.error
        assert "were used again" in job.note

    def requeue(self, rig: AnalyzerRig, model: str) -> None:
        """Ask for a model, as an operator."""
        with transaction(rig.engine) as session:
            asset_id = session.scalars(select(Asset.id)).one()
            jobs.requeue(session, asset_id, "sam", "", rig.analyzer.settings, model=model)
