"""Videos that a judge looks at, through the whole pipeline: what it changes, and what it never does."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from tests.support.judge_server.scripted_judges import ScriptedJudge
from tests.support.media import clips, pictures
from worker.errors import DecoderCrashed, Stopping, Unjudged
from worker.pictures.likeness import SAME_PICTURE
from worker.pipeline.earlier_picks import EarlierPick
from worker.pipeline.frames import JUDGED
from worker.pipeline.judging.verdict import Description, Fault, Say
from worker.pipeline.judging.weighing import NEAR_TIE
from worker.pipeline.options import Options
from worker.pipeline.pick import pick_thumbnails
from worker.pipeline.selection.scenes import scene_distances

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from worker.pipeline.frames import Run, Scored
    from worker.pipeline.sandbox.decoder import Decoder
    from worker.pipeline.scoring.models import Models

    Pick = Callable[..., Run]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a video of three scenes."""
    scenes = [
        *pictures.footage("bikes", 45, start=90),
        *pictures.footage("bigbuckbunny", 50, start=60),
        *pictures.footage("carphone_pristine", 60),
    ]
    return clips.write(tmp_path_factory.mktemp("judged") / "clip.mp4", scenes, clips.PLAIN)


@pytest.fixture(scope="module")
def pick(models: Models, decoder: Decoder, clip: Path) -> Pick:
    """Return a function that picks from that video, with a judge or without."""

    def pick(judge: ScriptedJudge | None = None, options: Options = Options(), **more: object) -> Run:  # noqa: B008
        return pick_thumbnails(clip, options, replace(models, judge=judge), decoder, **more)  # type: ignore[arg-type]

    return pick


@pytest.fixture(scope="module")
def alone(pick: Pick) -> Run:
    """Return the run without a judge."""
    return pick()


def brightness(picture: bytes) -> float:
    """Return the mean luma of a picture."""
    return float(np.asarray(Image.open(io.BytesIO(picture)).convert("L")).mean())


def told(run: Run) -> object:
    """Return all that a caller gets of a run, but for its note and how long it took."""
    picks = [(one.time_s, one.score, one.reasons, [crop.jpeg for crop in one.crops]) for one in run.picks]
    return picks, [(loser.candidate.time_s, loser.why) for loser in run.losers]


def test_a_leading_judge_puts_its_best_first_though_the_score_differs(pick: Pick, alone: Run) -> None:
    """Whichever end of its taste: one of the two is not what scored best."""
    firsts = {}
    for sign in (1, -1):
        run = pick(ScriptedJudge(Say.LEAD, lambda picture, sign=sign: sign * brightness(picture)))
        first = run.chosen[0]
        firsts[sign] = first.candidate.time_s
        assert (first.by_judge.place, first.by_judge.subject) == (1, "a scene")
        assert run.picks[0].reasons[0] == "judge"
        assert sum(run.picks[0].parts.values()) == pytest.approx(run.picks[0].score)
        assert "judge" in run.timings_s

    assert len({*firsts.values(), alone.chosen[0].candidate.time_s}) >= 2
    assert firsts[1] != firsts[-1]


def test_pictures_are_small_cut_as_the_picks_and_say_nothing_of_the_file(pick: Pick) -> None:
    """A crop that cuts somebody's head off must be judged as that crop."""
    judge = ScriptedJudge()
    pick(judge, Options(aspects=("9:16", "16:9"), title="A title"))
    ((shown, title, _in_order),) = judge.asked

    assert title == "A title"
    assert 2 <= len(shown) <= judge.most_pictures
    for jpeg in shown:
        with Image.open(io.BytesIO(jpeg)) as picture:
            assert picture.format == "JPEG"
            assert picture.width / picture.height == pytest.approx(9 / 16, abs=0.02)
            assert max(picture.size) <= 512
            assert not picture.getexif()


@pytest.mark.parametrize("say", [Say.TIES, Say.LEAD])
def test_one_that_cannot_tell_pictures_apart_changes_nothing(pick: Pick, alone: Run, say: Say) -> None:
    """As the one that always calls the first the best, of which readings leave nothing but ties."""
    run = pick(ScriptedJudge(say))

    assert told(run) == told(alone)
    assert run.verdict is not None


def test_what_it_finds_at_fault_is_not_picked(pick: Pick, alone: Run) -> None:
    """Though it scores best; and the loser says whose word that is."""
    judge = ScriptedJudge(Say.VETO)
    times_s = sorted(one.candidate.time_s for one in _shown(pick(judge)))
    ((shown, _title, in_order),) = judge.asked
    disliked = shown[times_s.index(alone.chosen[0].candidate.time_s)]
    judge.describe = lambda picture: _told({Fault.EYES_CLOSED} if picture == disliked else ())
    run = pick(judge)

    lost = {loser.candidate.time_s: loser.why for loser in run.losers}
    assert not in_order
    assert lost[alone.chosen[0].candidate.time_s] == "eyes closed, says the judge"
    assert run.picks[0].time_s != alone.picks[0].time_s


def test_text_in_all_pictures_is_the_look_of_the_video(pick: Pick, alone: Run) -> None:
    """Subtitles are no reason to pick nothing."""
    run = pick(ScriptedJudge(Say.VETO, describe=lambda _picture: _told({Fault.TEXT})))

    assert told(run) == told(alone)


@pytest.mark.parametrize(
    ("error", "note"),
    [
        (
            Unjudged("timeout", "the judge was not done in time"),
            "nobody judged: the judge was not done in time",
        ),
        (ZeroDivisionError("a fault of ours"), "nobody judged: the judge failed in an unknown way"),
    ],
)
def test_a_judge_that_fails_leaves_the_picks_as_they_are(
    pick: Pick, alone: Run, caplog: pytest.LogCaptureFixture, error: Exception, note: str
) -> None:
    """The note says that nobody judged; what nobody foresaw is in the log with all that is known of it."""
    run = pick(ScriptedJudge(error=error))

    assert told(run) == told(alone)
    assert note in run.note
    assert run.verdict is None
    assert run.unjudged == ("timeout" if isinstance(error, Unjudged) else "unknown")
    assert ("a fault of ours" in caplog.text) == isinstance(error, ZeroDivisionError)


def test_a_decoder_that_cannot_take_the_pictures_costs_no_picks(
    pick: Pick, alone: Run, decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the judge goes without."""
    take_stills = decoder.take_stills

    def refuse(*arguments: object, refine: bool = True, **more: object) -> object:
        if not refine:
            raise DecoderCrashed("clip.mp4: the decoder died")
        return take_stills(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(decoder, "take_stills", refuse)
    judge = ScriptedJudge()
    run = pick(judge)

    assert told(run) == told(alone)
    assert "nobody judged: no pictures could be taken for the judge" in run.note
    assert run.unjudged == "undecoded"
    assert not judge.asked


def test_work_that_is_to_end_ends_while_a_judge_looks(pick: Pick) -> None:
    """That is no failure of the judge."""
    with pytest.raises(Stopping):
        pick(ScriptedJudge(error=Stopping("this process is asked to end")))


def test_whoever_hears_of_the_progress_may_end_the_work_by_any_error(pick: Pick) -> None:
    """As in every other stage: a caller's own error is no fault of the judge."""

    class CalledOff(Exception):
        pass

    heard: list[float] = []

    def call_off(stage: str, fraction: float) -> None:
        if stage == "judge" and fraction > 0:
            heard.append(fraction)
            if len(heard) == 1:
                raise CalledOff

    with pytest.raises(CalledOff):
        pick(ScriptedJudge(), on_progress=call_off)

    assert len(heard) == 1


def test_without_a_say_it_is_shown_nothing(pick: Pick, alone: Run) -> None:
    """A check found that it does harm."""
    judge = ScriptedJudge(Say.NOTHING, error=AssertionError("asked"))
    run = pick(judge)

    assert told(run) == told(alone)
    assert (judge.asked, run.verdict, "judge" in run.timings_s, run.note) == ([], None, False, alone.note)


def test_a_video_of_one_picture_is_shown_to_nobody(models: Models, decoder: Decoder, tmp_path: Path) -> None:
    """There is no order of one, and whoever set up a judge reads why it said nothing."""
    path = clips.write(tmp_path / "still.mp4", pictures.footage("bikes", 1) * 60, clips.PLAIN)
    judge = ScriptedJudge()
    run = pick_thumbnails(path, Options(), replace(models, judge=judge), decoder)

    assert len(run.picks) == 1
    assert (judge.asked, run.note.count("the judge was not asked")) == ([], 1)


def test_an_unmeasured_judge_is_only_asked_for_an_order_where_two_frames_score_nearly_alike(
    pick: Pick, alone: Run
) -> None:
    """So a video in which the best is clear costs one request."""
    judge = ScriptedJudge(Say.TIES, brightness)
    run = pick(judge)
    ((_shown_pictures, _title, in_order),) = judge.asked
    scores = [*alone.chosen, *(loser.scored for loser in alone.losers if loser.scored)]
    unit = float(np.std([one.hand_score for one in scores]))
    best, *others = sorted(_shown(run), key=lambda one: -one.hand_score)
    from_best = scene_distances([best, *scores])[0]
    differing = [one for one, apart in zip(scores, from_best[1:], strict=True) if apart >= SAME_PICTURE]
    times_s = {one.candidate.time_s for one in differing}
    second = next(one for one in others if one.candidate.time_s in times_s)

    assert in_order is (best.hand_score - second.hand_score <= NEAR_TIE * unit)
    assert in_order is any(JUDGED in one.parts for one in _shown(run))


def test_another_run_of_the_same_file_gives_the_same_picks(pick: Pick) -> None:
    """What was picked is shown again, and the judge says the same of it."""
    first = pick(ScriptedJudge(Say.LEAD, brightness))
    again = pick(
        ScriptedJudge(Say.LEAD, brightness),
        earlier=[EarlierPick(one.candidate.rgb, (one.candidate.time_s,)) for one in first.chosen],
    )

    assert [one.time_s for one in again.picks] == [one.time_s for one in first.picks]


def _told(faults: set[Fault] | tuple[()]) -> Description:
    return Description(frozenset(faults), "a scene")


def _shown(run: Run) -> list[Scored]:
    scored = [*run.chosen, *(loser.scored for loser in run.losers if loser.scored)]
    return [one for one in scored if one.by_judge]
