"""A run is stored with what its picks were measured to be, and with what a person should know of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.service import sample_run
from worker.analysis.rows import result_of
from worker.choices import CHOSEN_RANK
from worker.pipeline.earlier_run import decode_embedding
from worker.platforms.base import AssetState, RemoteAsset

if TYPE_CHECKING:
    from worker.database.models import Thumbnail
    from worker.jobs import Result
    from worker.pipeline.frames import Run

ASSET = RemoteAsset("a", AssetState.READY, "f")
DARK = sample_run.CUES._replace(brightness=0.0, contrast=0.0)


def stored(run: Run) -> Result:
    """Return what the database is given of a run."""
    return result_of(run, ASSET, {})


def test_each_picture_of_a_pick_says_what_its_frame_was_measured_to_be() -> None:
    """In every ratio, by the model with its files; the frame itself goes with the next run."""
    run = sample_run.judged_run(scores=(1.5, 0.5))

    rows = stored(run).thumbnails

    assert [row.rank for row in rows] == [1, 1, 2, 2]
    for row in rows:
        scored = run.chosen[row.rank - 1]
        assert row.embedding is not None
        assert (decode_embedding(row.embedding) == scored.embedding).all()
        assert row.cues == scored.candidate.cues._asdict()
        assert (row.hand_score, row.model) == (scored.score, sample_run.SIGHT)


def still_of(chosen_s: float) -> Thumbnail:
    """Return the row of a still that a run took because a person had chosen its moment."""
    crop = sample_run.judged_run().picks[0].crops[0]
    run = replace(sample_run.judged_run(), wanted=(crop,), wanted_embedding=np.array([0.25], np.float32))
    still = result_of(run, ASSET, {}, chosen_s=chosen_s).thumbnails[-1]
    assert (still.rank, still.time_s, still.model) == (CHOSEN_RANK, chosen_s, sample_run.SIGHT)
    return still


def test_the_still_of_a_choice_is_measured_as_the_candidate_of_its_moment() -> None:
    """Which was seen in the same way as all that it is compared with."""
    still = still_of(2.6)

    assert decode_embedding(still.embedding or b"") == [1.0]
    assert (still.hand_score, still.cues) == (0.5, sample_run.CUES._asdict())


def test_the_still_of_a_choice_beside_all_candidates_is_embedded_by_itself() -> None:
    """It was compared with nothing, so it has no score."""
    still = still_of(4.5)

    assert decode_embedding(still.embedding or b"") == [0.25]
    assert (still.hand_score, still.cues) == (None, None)


@pytest.mark.parametrize(
    ("scores", "gap"),
    [((2.0, 1.0), 0.25), ((1.0, 1.0), 0.0), ((1.0, 2.0), 0.0)],
    ids=["sure", "equal", "an earlier pick that stayed first"],
)
def test_the_gap_between_the_first_two_picks_is_a_share_of_the_range(
    scores: tuple[float, float], gap: float
) -> None:
    """Of all that were scored; the worst has -2."""
    assert stored(sample_run.judged_run(scores)).pick_gap == pytest.approx(gap)


def test_one_pick_alone_has_no_gap() -> None:
    """It was asked for only one, or the video has no more."""
    run = sample_run.judged_run()

    assert stored(replace(run, picks=run.picks[:1], chosen=run.chosen[:1])).pick_gap is None


@pytest.mark.parametrize(("cues", "is_noted"), [(sample_run.CUES, False), (DARK, True)])
def test_a_video_of_which_the_best_frame_has_a_defect_is_noted(
    cues: sample_run.Cues, *, is_noted: bool
) -> None:
    """A person may have a better picture."""
    assert stored(sample_run.judged_run(cues=cues)).is_noted is is_noted
