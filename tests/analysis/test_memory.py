"""What is stored of an earlier run is used as a whole, or the whole video is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sqlalchemy import update

from tests.support.service import builders, sample_run
from worker import jobs
from worker.analysis.memory import MEASURED_BY, earlier_picks_of, memory_of
from worker.analysis.rows import result_of
from worker.database import transaction
from worker.database.models import Asset, StoredCandidate
from worker.pipeline.earlier_run import encode_embedding
from worker.platforms.base import AssetState, RemoteAsset
from worker.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.service.analyzer_rig import AnalyzerRig

SIGHT = sample_run.SIGHT
DIMENSIONS = 1  #: of the sample's embeddings
CUES = dict.fromkeys(sample_run.CUES._fields, 0.5)
HUGE = int("1" + 400 * "0")

DAMAGES: dict[str, dict[str, Any]] = {
    "one cue more": {"cues": CUES | {"of_the_future": 0.5}},
    "one cue less": {"cues": {name: cue for name, cue in CUES.items() if name != "blockiness"}},
    "a cue that is no number": {"cues": CUES | {"contrast": "0.5"}},
    "a cue beyond all bounds": {"cues": CUES | {"contrast": HUGE}},
    "cues that are a list": {"cues": [0.5]},
    "no cues": {"cues": None},
    "another version": {"measured_by": "0 00000000"},
    "no version": {"measured_by": None},
    "an embedding that is cut off": {"embedding": b"\0\0\0"},
    "an embedding of other dimensions": {"embedding": encode_embedding(np.ones(7, np.float32))},
    "an embedding that is no number": {"embedding": encode_embedding(np.full(1, np.nan, np.float32))},
    "a broken picture": {"jpeg": builders.JPEG[:200]},
    "no picture": {"jpeg": b""},
    "a time that is no number": {"time_s": float("nan")},
    "faces of five words": {"faces": [["a", "b", "c", "d", "e"]]},
    "a face without a box": {"faces": [[0.9]]},
    "a face that is nothing": {"faces": [[]]},
    "bars with three sides": {"active": [0.0, 0.1, 1.0]},
    "a taste that is no number": {"taste": float("inf")},
}


def stored() -> Sequence[StoredCandidate]:
    """Return the rows of a run."""
    return result_of(sample_run.judged_run(), RemoteAsset("a", AssetState.READY, "f"), {}).candidates


def test_a_run_is_read_as_it_was_stored() -> None:
    """All of its candidates."""
    memory = memory_of(stored(), Timeline.whole(), SIGHT, DIMENSIONS)

    assert memory is not None
    assert [one.candidate.time_s for one in memory.seen] == [6.5, 2.0, 1.0, 2.5, 7.0]
    assert all(one.embedding is not None for one in memory.seen)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_one_row_that_cannot_be_read_makes_a_whole_run(damage: dict[str, Any]) -> None:
    """Rather than an error, or a run that is half remembered."""
    found = stored()
    for name, value in damage.items():
        setattr(found[1], name, value)

    assert memory_of(found, Timeline.whole(), SIGHT, DIMENSIONS) is None


def test_embeddings_of_another_length_than_the_models_make_a_whole_run() -> None:
    """Though all of them are alike."""
    assert memory_of(stored(), Timeline.whole(), SIGHT, 256) is None


def test_an_earlier_pick_that_cannot_be_read_is_left_out() -> None:
    """The others stay where viewers know them."""
    found = stored()
    found[0].jpeg = b"no picture"

    picks = earlier_picks_of(found, Timeline.whole(), "lite")

    assert [pick.places_s for pick in picks] == [(2.0,), (1.0,), (2.5,), (7.0,)]


def test_picks_that_a_judge_led_stay_while_one_leads() -> None:
    """Whichever learned head is in use, since none had a say; without a judge another judgement is wanted."""
    led = stored()
    led[0].by_judge, led[0].parts = {"say": "lead", "place": 1}, {"taste": 1.0, "judge": 2.0}
    asked = stored()
    asked[0].by_judge = {"say": "lead", "place": 1}  # it found only ties

    def kept(rows: list[StoredCandidate], head_id: int | None, *, leads: bool) -> int:
        return len(earlier_picks_of(rows, Timeline.whole(), "lite", head_id, leads=leads))

    assert kept(led, None, leads=True) == kept(led, 7, leads=True) == len(led)
    assert kept(led, None, leads=False) == kept(led, 7, leads=False) == 0
    assert kept(asked, None, leads=True) == kept(asked, None, leads=False) == len(asked)
    assert kept(asked, 7, leads=True) == 0


def test_a_job_that_remembers_what_it_cannot_read_is_completed(rig: AnalyzerRig) -> None:
    """At the first attempt, by a look at the whole video."""
    rig.upload()
    rig.work()
    with transaction(rig.engine) as session:
        session.execute(update(StoredCandidate).values(DAMAGES["an embedding of other dimensions"]))
        jobs.requeue(
            session, session.query(Asset.id).scalar(), "sam", "", builders.make_settings(), model="lite"
        )

    job = rig.work()

    assert (job.state, job.attempt) == ("completed", 1), job.error
    assert "used again" not in job.note
    newest = builders.every(rig.engine, StoredCandidate)
    assert {row.measured_by for row in newest} == {MEASURED_BY}
