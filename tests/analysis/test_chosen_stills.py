"""A run takes the still of the moment that a person chose, and finds it again after a cut."""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.support.media import pictures
from tests.support.media.edited_videos import cut
from tests.support.service import builders
from worker import choices, jobs
from worker.analysis.analyzer import Analyzer
from worker.choices import ChoiceRequest
from worker.database import transaction
from worker.database.choices import Choice
from worker.database.models import Asset, Publication, StoredCandidate, Thumbnail
from worker.demo.simulator import Media, SimulatedMux
from worker.pipeline.earlier_run import decode_embedding
from worker.platforms import platform_of
from worker.platforms.event import EventKind
from worker.queue.leases import Leases
from worker.settings.accounts import MuxAccount
from worker.timeline import Range, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from worker.analysis.decoder_pool import Decoders
    from worker.pipeline.scoring.models import Models

CHOSEN_S = 2.25


@dataclass
class Bench:
    """A worker, and a platform with one video of 4 s."""

    analyzer: Analyzer
    mux: SimulatedMux
    asset_id: str
    path: Path  #: of the video, at the platform

    @property
    def engine(self) -> Engine:
        """The test's database."""
        return self.analyzer.engine

    def work(self) -> None:
        """Do the job that is due."""
        with transaction(self.engine) as session:
            (hint,) = jobs.announce(session, rehint_s=60.0)
        self.analyzer.analyze(hint.id)
        newest = builders.every(self.engine, builders.Job)[-1]
        assert newest.state == "completed", newest.error

    def choose(self, time_s: float) -> None:
        """Choose a moment."""
        with transaction(self.engine) as session:
            choices.choose(
                session, session.get_one(Asset, 1, with_for_update=True), ChoiceRequest(time_s), "ada", ""
            )

    def trim(self, kept: Range) -> None:
        """Replace the video by a part of itself, and tell of it as an editor does."""
        whole = shutil.copy(self.path, self.path.with_suffix(".whole.mp4"))
        cut(type(self.path)(whole), Timeline.of([kept]), self.path)
        told = {"kind": "trimmed", "kept": [{"start_s": kept.start_s, "end_s": kept.end_s}]}
        edited = builders.event(EventKind.EDITED, asset_id=self.asset_id, minute=1, detail=told)
        builders.record(self.engine, edited)
        self.work()


@pytest.fixture
def bench(engine: Engine, models: Models, decoders: Decoders, tmp_path: Path) -> Iterator[Bench]:
    """Return a worker that has looked at the video once."""
    path = shutil.copy(pictures.footage_path("carphone_pristine"), tmp_path / "video.mp4")
    with SimulatedMux("http://127.0.0.1:9/") as mux:
        account = {name.rpartition("__")[2].lower(): value for name, value in mux.settings("main").items()}
        settings = builders.make_settings(
            mux={"main": MuxAccount(**account, avoid="0-0.5")},
            allow_loopback=True,
            work_dir=tmp_path / "work",
        )
        with Leases(
            engine, jobs.renew, settings.lease_s, settings.job_timeout_s, threading.Event()
        ) as leases:

            def platform(claim: jobs.JobClaim) -> object:
                return platform_of(claim.platform, claim.account, settings)

            analyzer = Analyzer(settings, engine, models, decoders, leases, platform, "host:1:analyze")  # type: ignore[arg-type]
            asset_id = mux.upload(Media(path, 4.0, 176, 144, 30.0))
            builders.record(engine, builders.event(asset_id=asset_id))
            bench = Bench(analyzer, mux, asset_id, path)
            bench.work()
            yield bench


def test_a_requeue_takes_the_still_of_the_choice(bench: Bench) -> None:
    """Of full size, where only a small frame was at hand before."""
    bench.choose(CHOSEN_S)
    small = builders.every(bench.engine, Thumbnail)[-1]
    with transaction(bench.engine) as session:
        jobs.requeue(session, 1, "ada", "", bench.analyzer.settings)
    bench.work()

    choice = builders.only(bench.engine, Choice)
    with transaction(bench.engine) as session:
        still = session.get_one(Thumbnail, choice.thumbnail_id)
    assert (still.time_s, still.rank, still.aspect) == (CHOSEN_S, 0, "16:9")
    assert still.id != small.id
    assert still.job_id is not None
    assert builders.every(bench.engine, Publication)[-1].thumbnail_id == still.id
    assert len(decode_embedding(still.embedding or b"")) == bench.analyzer.models.scorer.dimensions
    assert still.model == bench.analyzer.models.scorer.sight


def test_a_choice_follows_its_moment_through_a_trim(bench: Bench) -> None:
    """The first second is cut off: what was at 2.25 s is at 1.25 s now, and its still is taken there."""
    bench.choose(CHOSEN_S)
    bench.trim(Range(1.0, 4.0))

    choice = builders.only(bench.engine, Choice)
    assert choice.time_s == pytest.approx(1.25)
    assert choice.note == "00:02.250 is at 00:01.250 since an edit"
    with transaction(bench.engine) as session:
        assert session.get_one(Thumbnail, choice.thumbnail_id).job_id is not None


def test_a_choice_that_a_trim_cut_away_gives_way_to_the_best_pick(bench: Bench) -> None:
    """It stays on record."""
    bench.choose(CHOSEN_S)
    bench.trim(Range(0.0, 2.0))

    assert builders.only(bench.engine, Choice).lost_at is not None
    newest = builders.every(bench.engine, Publication)[-1]
    assert newest.choice_id is None


def test_an_accounts_ranges_are_avoided(bench: Bench) -> None:
    """MUX__MAIN__AVOID=0-0.5; what an asset says for itself counts in its place."""
    early = [row for row in builders.every(bench.engine, StoredCandidate) if row.time_s < 0.5]
    assert {row.lost_because for row in early} <= {"avoided"}

    with transaction(bench.engine) as session:
        session.get_one(Asset, 1).options = {"avoid": ["50%-100%"]}
        jobs.requeue(session, 1, "ada", "", bench.analyzer.settings)
    bench.work()

    late = [row for row in builders.every(bench.engine, StoredCandidate) if row.time_s > 2.2]
    assert {row.lost_because for row in late} == {"avoided"}
