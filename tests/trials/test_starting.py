"""Which pictures a test compares, and where none can start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sqlalchemy import select, update

from tests.support.service import builders, chosen_asset, measured_run
from tests.support.trials.tested_asset import (
    BEST_S,
    SECOND_S,
    THIRD_S,
    found,
    look_again,
    make_settings,
    published,
    start,
    stop,
    trial_of,
    wanted_s,
)
from worker.choices import ChoiceRequest
from worker.choices.own_picture import OwnPicture
from worker.database import transaction
from worker.database.choices import Choice
from worker.database.models import Asset, Publication, Thumbnail
from worker.database.states import TrialKind
from worker.database.trials import Slot, Trial, Variant
from worker.pictures.embeddings import unpack
from worker.pipeline.earlier_run import encode_embedding
from worker.pipeline.selection.scenes import scene_distances
from worker.trials.arms import alike
from worker.trials.refused import TrialRefused

if TYPE_CHECKING:
    from sqlalchemy import Engine

OWN_PICTURE = ChoiceRequest(picture=OwnPicture.of_jpeg(builders.JPEG))


def change(engine: Engine, **values: Any) -> None:
    """Change the only video."""
    with transaction(engine) as session:
        session.execute(update(Asset).values(**values))


def variants(engine: Engine) -> list[Variant]:
    """Return the variants, by their numbers."""
    return builders.every(engine, Variant)


def test_what_is_shown_meets_the_next_best_that_differs(engine: Engine) -> None:
    """In the ratio that is published, each for half of the viewers, with what is to be learned from."""
    start(published(engine), days=14)

    trial, (shown, other) = trial_of(engine), variants(engine)
    assert (shown.time_s, other.time_s) == (BEST_S, SECOND_S)
    assert [(one.bucket_from, one.bucket_to) for one in (shown, other)] == [(0, 64), (64, 128)]
    assert (shown.embedding, shown.hand_score) == (measured_run.embedding(BEST_S), 10 - BEST_S)
    assert (trial.aspect, trial.fingerprint, len(trial.salt)) == ("16:9", "f1", 16)
    assert (trial.ends_at - trial.started_at).days == 14
    assert len(builders.every(engine, Publication)) == 1  # nothing changes at the platform


def test_two_tests_draw_their_viewers_independently(engine: Engine) -> None:
    """A salt of each."""
    first = start(published(engine))
    stop(engine)

    assert start(engine).salt != first.salt


def test_a_pick_that_looks_like_what_is_shown_is_passed_over(engine: Engine) -> None:
    """By the line that picks keep; the third one takes its place."""
    published(engine)
    with transaction(engine) as session:
        like = update(Thumbnail).where(Thumbnail.time_s == SECOND_S)
        session.execute(like.values(embedding=measured_run.embedding(BEST_S + 0.1)))

    start(engine)

    assert [one.time_s for one in variants(engine)] == [BEST_S, THIRD_S]


def test_too_few_pictures_that_differ_are_refused_with_what_helps(engine: Engine) -> None:
    """More picks."""
    published(engine)

    with pytest.raises(TrialRefused, match=r"the video has only 3: .*COUNT=6 .*`thumbs requeue`"):
        start(engine, count=4)


def test_the_line_is_the_one_of_the_picks() -> None:
    """Measured without numpy as the pipeline measures it with."""
    drawn = np.random.default_rng(7).normal(size=(40, 64)).astype(np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    scored: Any = [type("Scored", (), {"embedding": one}) for one in drawn]
    vectors = [unpack(encode_embedding(one)) for one in drawn]

    unit = alike.unlike_distance(vectors)

    expected = scene_distances(scored)
    assert alike.distance(vectors[3], vectors[8]) / unit == pytest.approx(expected[3, 8], rel=1e-3)


def test_a_person_names_the_pictures(engine: Engine) -> None:
    """What is shown is variant 0, in whatever order they are named."""
    published(engine)
    ids = {row.time_s: row.id for row in builders.every(engine, Thumbnail) if row.aspect == "16:9"}

    start(engine, thumbnail_ids=[ids[THIRD_S], ids[BEST_S]])

    assert [one.time_s for one in variants(engine)] == [BEST_S, THIRD_S]


def test_what_is_shown_has_to_be_among_them(engine: Engine) -> None:
    """It is what the test falls back to."""
    published(engine)
    ids = [row.id for row in builders.every(engine, Thumbnail) if row.aspect == "16:9"][1:]

    with pytest.raises(TrialRefused, match="what is shown now has to be one of the pictures"):
        start(engine, thumbnail_ids=ids)


def test_a_choice_is_tested_only_where_the_person_says_so(engine: Engine) -> None:
    """It is released into the test, and stays what is shown."""
    published(engine)
    chosen_asset.choose(engine, ChoiceRequest(time_s=THIRD_S))

    with pytest.raises(TrialRefused, match="release the choice first"):
        start(engine)
    start(engine, from_choice=True)

    choice = builders.only(engine, Choice)
    assert (choice.released_by, choice.released_because) == ("ada@host", "released into a test")
    assert [one.time_s for one in variants(engine)] == [THIRD_S, BEST_S]
    assert wanted_s(engine) == THIRD_S


def test_a_picture_of_ones_own_meets_the_best_pick(engine: Engine) -> None:
    """As long as its sides have the ratio that is published."""
    published(engine)
    chosen_asset.choose(engine, OWN_PICTURE)

    start(engine, from_choice=True)

    assert [one.model for one in variants(engine)] == ["", measured_run.SIGHT]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"deleted_at": builders.NOON}, "the video is deleted"),
        ({"foreign_thumbnail": "7.0"}, "choose one here first"),
        ({"account": "other"}, "the account mux/other is not set here"),
        ({"is_private": True}, "private at its platform"),
        ({"is_private": None}, "was never asked"),
    ],
)
def test_a_video_that_cannot_be_tested_is_refused(engine: Engine, values: dict[str, Any], says: str) -> None:
    """With what helps."""
    published(engine)
    change(engine, **values)

    with pytest.raises(TrialRefused, match=says):
        start(engine)


def test_pictures_that_viewers_cannot_open_are_not_tested(engine: Engine) -> None:
    """Those of private videos, where they are signed."""
    published(engine)
    change(engine, is_private=True)
    settings = make_settings(signed_thumbnails="private", thumbnails_secret="whsec_" + "a" * 32)

    with pytest.raises(TrialRefused, match="signed addresses only"):
        start(engine, settings)


def test_one_test_runs_at_a_time(engine: Engine) -> None:
    """The second is refused."""
    start(published(engine))

    with pytest.raises(TrialRefused, match="runs already"):
        start(engine)


def test_a_test_by_days_draws_its_days_when_it_starts(engine: Engine) -> None:
    """Two days make a pair, and each pair shows both pictures."""
    start(published(engine), days=28, kind=TrialKind.SLOTS)

    with transaction(engine) as session:
        drawn = session.scalars(select(Slot.variant).order_by(Slot.number)).all()
    assert len(drawn) == 28
    assert all({one, other} == {0, 1} for one, other in zip(drawn[::2], drawn[1::2], strict=True))
    assert builders.only(engine, Trial).timezone == "UTC"


def test_a_test_by_days_that_is_too_short_is_refused(engine: Engine) -> None:
    """No verdict is possible before seven pairs."""
    with pytest.raises(TrialRefused, match="take 14 days or more"):
        start(published(engine), days=8, kind=TrialKind.SLOTS)


def test_a_video_without_pictures_is_refused(engine: Engine) -> None:
    """Until its first run."""
    builders.record(engine, builders.event())

    with pytest.raises(TrialRefused, match="wait until it was looked at"):
        start(engine)


def test_after_a_test_what_it_showed_is_compared_with_the_newest_picks(engine: Engine) -> None:
    """A winner is what is shown, also when a later run picks otherwise."""
    start(published(engine))
    stop(engine, apply=1)
    look_again(engine, found(picks_s=(THIRD_S, BEST_S)))

    start(engine)

    assert [one.time_s for one in variants(engine)[2:]] == [SECOND_S, THIRD_S]
