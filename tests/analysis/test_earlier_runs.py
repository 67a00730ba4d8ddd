"""A look at a video that was looked at before uses what was seen of it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import select, update

from tests.support.media import pictures
from tests.support.media.edited_videos import cut
from tests.support.service import builders
from worker import jobs
from worker.admin.assets import operator
from worker.admin.choose import set_options
from worker.database import transaction
from worker.database.models import Asset, StoredCandidate, Thumbnail
from worker.pipeline.earlier_run import encode_embedding
from worker.platforms.event import EventKind
from worker.timeline import Range, Timeline

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.service.analyzer_rig import AnalyzerRig

OF_ANOTHER = encode_embedding(np.full(256, 1 / 16, np.float32))  #: no picture has it


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

    def test_is_not_scanned_again_for_ranges_to_avoid(self, rig: AnalyzerRig) -> None:
        """Only what is wanted of it changed: its picks do, and what was seen of it holds."""
        asset_id = rig.upload()
        rig.work()
        first = builders.every(rig.engine, Thumbnail)[0].time_s

        avoided = {"avoid": [f"{max(0.0, first - 0.5):.3f}-{first + 0.5:.3f}"]}
        set_options(rig.engine, asset_id, avoided, operator(), "", rig.analyzer.settings)
        job = rig.work()

        assert job.state == "completed", job.error
        assert "were used again" in job.note
        newest = [row.time_s for row in builders.every(rig.engine, Thumbnail) if row.generation == 2]
        assert newest
        assert all(abs(time_s - first) > 0.5 for time_s in newest)

    @pytest.mark.parametrize(
        ("change", "is_used_again"),
        [
            ({}, True),
            ({"model": "lite #2 00000000"}, False),
            ({"model": "lite"}, False),
            ({"taste": None}, False),
        ],
        ids=["the same files", "other files of the same name", "an older version", "no taste"],
    )
    def test_keeps_what_was_seen_only_by_the_same_files_of_the_model(
        self, rig: AnalyzerRig, change: dict[str, str | None], is_used_again: bool
    ) -> None:
        """Values of two tastes are on two scales; mixed, they would put the frames in a wrong order."""
        rig.upload()
        rig.work()
        with transaction(rig.engine) as session:
            seen = update(StoredCandidate).where(StoredCandidate.score.is_not(None))
            session.execute(seen.values({"embedding": OF_ANOTHER, "taste": 7.5} | change))

        self.requeue(rig, "lite")
        job = rig.work()

        assert job.state == "completed", job.error
        newest = [row for row in builders.every(rig.engine, StoredCandidate) if row.generation == 2]
        looked_at = [row for row in newest if row.score is not None]
        assert {row.embedding == OF_ANOTHER for row in looked_at} == {is_used_again}
        assert {row.taste == 7.5 for row in looked_at} == {is_used_again}
        assert {row.model for row in looked_at} == {rig.analyzer.models.scorer.sight}

    def requeue(self, rig: AnalyzerRig, model: str) -> None:
        """Ask for a model, as an operator."""
        with transaction(rig.engine) as session:
            asset_id = session.scalars(select(Asset.id)).one()
            jobs.requeue(session, asset_id, "sam", "", rig.analyzer.settings, model=model)


class TestThePickThatViewersKnow:
    """An earlier pick stays first on the next run, unless another is clearly better."""

    @pytest.mark.parametrize("rank", [2, -1])
    def test_stays_only_if_it_is_about_as_good(self, rig: AnalyzerRig, tmp_path: Path, rank: int) -> None:
        """The video was encoded anew, and nobody said what was done to it."""
        path = tmp_path / "video.mp4"
        shutil.copy(pictures.footage_path("bikes"), path)
        asset_id = rig.upload(path)
        rig.work()
        best_s, other_s = self.swap(rig, rank)
        shutil.move(cut(path, Timeline.of([Range(0.0, 10.0)]), tmp_path / "again.mp4"), path)

        rig.hear(asset_id, EventKind.EDITED, minute=1)
        job = rig.work()

        assert job.state == "completed", job.error
        newest = [row for row in builders.every(rig.engine, Thumbnail) if row.generation == job.generation]
        first_s = next(row.time_s for row in newest if row.rank == 1)
        assert (abs(first_s - other_s) < 0.5) is (rank == 2), (first_s, best_s, other_s)

    def test_stays_when_a_newer_version_of_the_same_model_looks(
        self, rig: AnalyzerRig, tmp_path: Path
    ) -> None:
        """An upgrade, or a taste trained again, is no reason to show viewers another picture."""
        path = tmp_path / "video.mp4"
        shutil.copy(pictures.footage_path("bikes"), path)
        asset_id = rig.upload(path)
        rig.work()
        _, other_s = self.swap(rig, 2)
        with transaction(rig.engine) as session:
            session.execute(update(StoredCandidate).values(model="lite", taste=None))
        shutil.move(cut(path, Timeline.of([Range(0.0, 10.0)]), tmp_path / "again.mp4"), path)

        rig.hear(asset_id, EventKind.EDITED, minute=1)
        job = rig.work()

        assert job.state == "completed", job.error
        newest = [row for row in builders.every(rig.engine, Thumbnail) if row.generation == job.generation]
        assert next(row.time_s for row in newest if row.rank == 1) == pytest.approx(other_s, abs=0.5)

    def swap(self, rig: AnalyzerRig, rank: int) -> tuple[float, float]:
        """Have the first run pick another frame than its best; return when both are shown."""
        with transaction(rig.engine) as session:
            rows = session.scalars(select(StoredCandidate).where(StoredCandidate.score.is_not(None))).all()
            rows = sorted(rows, key=lambda row: -(row.score or 0.0))
            best = rows[0]
            others = [row for row in rows if abs(row.time_s - best.time_s) > 1]
            other = others[0] if rank > 0 else others[-1]
            for row in rows:
                row.lost_because = None if row is other else "outscored"
            return best.time_s, other.time_s
