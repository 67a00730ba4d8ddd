"""A video that has only unsafe frames waits for a person, unless such pictures may be published."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.media import clips, pictures
from tests.support.pictures.unsafe_pictures import PinkFinder, pink
from tests.support.service import builders
from worker.database.models import Publication, StoredCandidate, Thumbnail
from worker.pipeline.safety.flags import FLAGGED_NOTE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.service.analyzer_rig import AnalyzerRig


@pytest.mark.parametrize(("may_publish", "state"), [(False, "superseded"), (True, "pending")])
def test_a_video_with_nothing_else(
    rig: AnalyzerRig, tmp_path: Path, *, may_publish: bool, state: str
) -> None:
    """Its picks are stored as ever, and say that they are flagged, as do the job and the other frames."""
    rig.analyzer = replace(
        rig.analyzer,
        models=replace(rig.analyzer.models, unsafe=PinkFinder()),
        settings=rig.analyzer.settings.model_copy(update={"publish_flagged": may_publish}),
    )
    rig.upload(clips.write(tmp_path / "pink.mp4", pink(pictures.footage("bikes", 25))))

    job = rig.work()

    assert job.state == "completed"
    assert FLAGGED_NOTE in job.note
    assert [row.reasons[0] for row in builders.every(rig.engine, Thumbnail)] == ["unsafe"]
    losers = {
        row.lost_because for row in builders.every(rig.engine, StoredCandidate) if row.score is not None
    }
    assert losers <= {None, "unsafe"}
    assert builders.only(rig.engine, Publication).state == state
    asset = builders.asset(rig.engine)
    assert (asset.is_flagged, asset.is_held) == (True, not may_publish)
    assert (asset.unpublished_since is None) is not may_publish
