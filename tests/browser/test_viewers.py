"""Viewers decide: from a test that an editor starts by mouse to the picture that the platform shows.

All programs are the real ones: receiver, workers, dispatcher, pages, beacon and script. The platforms are
simulated. Time is helped in three ways, since a test takes a week. The time of viewers' browsers stands still
between what they do (`viewer.js`). The beacon and the dispatcher do at once what they do every few seconds.
And days pass by moving the dates of a test back in the database (`pass_days`). No count, rule or verdict is
touched.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select

from tests.support import hurried
from tests.support.media import clips, pictures
from tests.support.review import visits
from tests.support.review.editor import Editor
from tests.support.review.whole_service import WholeService, whole_service
from tests.support.trials.passing import pass_days
from tests.support.viewers.crowd import Crowd, VisitPlan, a_crowd
from tests.support.viewers.site import served_beside
from webhook.variants.kept import KEPT_S
from worker.database import transaction
from worker.database.states import TrialOutcome
from worker.database.trials import CountInbox, Trial, Variant
from worker.demo.clip import media_of, trimmed
from worker.standalone import service as standalone
from worker.trials.assignment import bucket_of
from worker.trials.counting import read_buckets
from worker.trials.running import variants_of
from worker.trials.statistics.evidence import MIN_PLAYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.timeout(480)  # a busy machine starts all programs slowly

VIEWERS = 200
TASTE = (0.6, 0.95)  #: how many play after the first picture of the tested video, and after the second
FLUSH_S, ROUND_S = 0.25, 0.5
BEACON = hurried.program(standalone.BEACON, {"webhook.beacon.limits.FLUSH_S": FLUSH_S})
*OTHERS, DISPATCHER = standalone.PROGRAMS
HURRIED = hurried.program(DISPATCHER, {"worker.dispatch.maintenance.EVERY_S": ROUND_S})

# By their titles; viewers decide about the first, a person about the second, and the third is trimmed.
PLATFORMS = {"Riders, tested": "mux", "Riders, chosen": "mux", "Riders, trimmed": "wistia"}
TESTED, CHOSEN, TRIMMED = PLATFORMS
PLAYER = (
    '<video data-thumbs-asset="{0}" poster="/own-{1}.svg" src="/clip.mp4" muted preload="none"'
    ' width="320" height="180"></video>'
)


class WatchedVideo(NamedTuple):
    """A video at a platform."""

    title: str
    platform: str
    external_id: str

    @property
    def name(self) -> str:
        """What pages call it."""
        return f"{self.platform}/main/{self.external_id}"


@pytest.fixture(scope="module")
def service(browser: Browser, servers_dir: Path) -> Iterator[WholeService]:
    """Run the service once; the browser comes first, so that nothing is started where there is none."""
    assert browser.is_connected()
    programs = (*OTHERS, HURRIED, standalone.PAGES, BEACON)
    with whole_service(servers_dir / "viewers", programs, TEST_LOOK_S=str(ROUND_S)) as running:
        yield running


@pytest.fixture(scope="module")
def videos(service: WholeService) -> dict[str, WatchedVideo]:
    """Upload every test's video, and wait until each shows its first pick."""
    media = media_of(pictures.footage_path("bikes"))
    found = {
        title: WatchedVideo(title, platform, service.upload(media, title, platform))
        for title, platform in PLATFORMS.items()
    }
    for video in found.values():
        service.wait_for_first(video.external_id, video.platform)
        wait_until_told(service, video, bool, "viewers see it")
    return found


@pytest.fixture
def visit(browser: Browser, service: WholeService) -> Iterator[visits.Visit]:
    """Open an editor's window."""
    with visits.visit(browser, service.origin) as visit:
        yield visit


def start_test(service: WholeService, visit: visits.Visit, video: WatchedVideo) -> int:
    """Start a test by mouse; return its id."""
    editor = Editor(visit)
    editor.accept(service.invite(f"editor-of-{video.external_id}@example.com"))
    editor.open_asset(video.title)
    editor.use(visit.page.get_by_role("link", name="Start a test"))
    editor.use(visit.page.get_by_role("button", name="Start the test"))
    expect(visit.page.get_by_role("region", name="What is known")).to_contain_text("Running")
    wait_until_told(service, video, lambda found: found.get("test"), "viewers are told of the test")
    return int(visit.path.rpartition("/")[2])


def wait_until_told(
    service: WholeService, video: WatchedVideo, is_so: Callable[[dict[str, Any]], object], what: str
) -> dict[str, Any]:
    """Wait until viewers are told something of a video, and return all that they are told.

    One answer has to say everything: each process of the beacon keeps what it tells for a moment, so of two
    answers the second may be the older one. Nothing is told of a video without a picture.
    """
    found: dict[str, Any] = {}

    def is_told() -> object:
        address = f"{service.beacon_url}/v1/variants/{video.name}.json"
        answer = httpx.get(address, trust_env=False, timeout=20.0)
        found.clear()
        found.update(answer.json() if answer.is_success else {})
        return is_so(found)

    service.until(is_told, what)
    return found


def wait_for_shown(
    service: WholeService, video: WatchedVideo, is_it: Callable[[dict[str, Any]], object]
) -> None:
    """Wait until viewers are told of no test, and of the picture that is shown after it."""

    def is_so(found: dict[str, Any]) -> object:
        return found and not found["test"] and is_it(found["default"])

    wait_until_told(service, video, is_so, "what is shown then")


def wait_for_end(service: WholeService, visit: visits.Visit, trial_id: int, words: str) -> Trial:
    """Wait until a test has ended, and its page says how; return it."""

    def ended() -> Trial | None:
        with transaction(service.engine) as session:
            trial = session.get_one(Trial, trial_id)
            session.expunge(trial)
        return trial if trial.outcome else None

    service.until(ended, "the end of the test")
    visit.open(f"/t/{trial_id}")
    expect(visit.page.get_by_role("region", name="What is known")).to_contain_text(words)
    trial = ended()
    assert trial is not None
    return trial


def variants(service: WholeService, trial_id: int) -> Sequence[Variant]:
    """Read what a test compares."""
    with transaction(service.engine) as session:
        found = variants_of(session, trial_id)
        session.expunge_all()
    return found


def counted(service: WholeService, trial_id: int) -> dict[int, tuple[int, int, int]]:
    """Read the impressions, plays and quality plays of each bucket."""
    with transaction(service.engine) as session:
        return {bucket: sums[:3] for bucket, sums in read_buckets(session, trial_id).items()}


def waiting(service: WholeService, trial_id: int) -> int:
    """Read how many impressions are still to be merged."""
    inbox = select(func.coalesce(func.sum(CountInbox.impressions), 0)).where(CountInbox.trial_id == trial_id)
    with transaction(service.engine) as session:
        return int(session.scalars(inbox).one())


def handed_over(service: WholeService, trial_id: int) -> int:
    """Read how many impressions the database has, also of those that are still to be merged."""
    return waiting(service, trial_id) + sum(seen for seen, *_ in counted(service, trial_id).values())


@dataclass
class TrialViewers:
    """Viewers of one test, and what must be counted of them."""

    salt: str
    pair: Sequence[Variant]
    words: list[str] = field(default_factory=lambda: [""] * VIEWERS)  #: that their browsers keep
    seen: Counter[int] = field(default_factory=Counter)  #: by bucket
    played: Counter[int] = field(default_factory=Counter)
    plays: Counter[int] = field(default_factory=Counter)  #: by variant
    chance: random.Random = field(default_factory=lambda: random.Random(9))  # noqa: S311 - no secret

    def come(self, crowd: Crowd, address: str) -> None:
        """Let each come once, and check that they see what is drawn for them, and what they saw before."""
        wishes = [VisitPlan(self._liked(), word) for word in self.words]
        seen = crowd.visit(address, wishes)
        for wish, one in zip(wishes, seen, strict=True):
            assert one.viewer == wish.viewer or not wish.viewer
            bucket = bucket_of(self.salt, one.viewer)
            (drawn,) = (each for each in self.pair if each.bucket_from <= bucket < each.bucket_to)
            assert drawn.sha256 in one.posters[0]
            has_played = drawn.sha256 in wish.plays
            self.seen[bucket] += 1
            self.played[bucket] += has_played
            self.plays[drawn.number] += has_played
        self.words = [one.viewer for one in seen]

    def _liked(self) -> list[str]:
        return [
            one.sha256 for one, share in zip(self.pair, TASTE, strict=True) if self.chance.random() < share
        ]


def test_viewers_choose_the_picture_that_the_platform_shows(
    service: WholeService,
    videos: dict[str, WatchedVideo],
    visit: visits.Visit,
    browser: Browser,
    tmp_path: Path,
) -> None:
    """They come back until enough was counted, see the same picture again, and each view counts once."""
    video = videos[TESTED]
    trial_id = start_test(service, visit, video)
    test = wait_until_told(service, video, lambda found: found.get("test"), "viewers are told of it")["test"]
    audience = TrialViewers(test["salt"], variants(service, trial_id))
    first, second = audience.pair
    assert service.shown_s(video.external_id) == pytest.approx(first.time_s)
    time.sleep(KEPT_S + 8 * FLUSH_S)  # until each process of the beacon has asked which tests run

    clip = clips.write_plain(tmp_path / "clip.mp4", 10)
    with served_beside(service.beacon_url, clip) as site, a_crowd(browser) as crowd:
        body = "".join(PLAYER.format(one.name, number) for number, one in enumerate(videos.values()))
        address = site.page("/videos", body)
        while min(audience.plays[one.number] for one in audience.pair) < MIN_PLAYS:
            audience.come(crowd, address)
            views = audience.seen.total()
            service.until(lambda: handed_over(service, trial_id) == views, "the database has all views")  # noqa: B023
            pass_days(service.engine, trial_id, 2)
    assert len(set(audience.words)) == VIEWERS
    service.until(lambda: waiting(service, trial_id) == 0, "all are merged")
    assert counted(service, trial_id) == {
        bucket: (seen, audience.played[bucket], audience.played[bucket])
        for bucket, seen in audience.seen.items()
    }
    assert service.shown_s(video.external_id) == pytest.approx(first.time_s)

    pass_days(service.engine, trial_id, 7)
    trial = wait_for_end(service, visit, trial_id, "Winner")
    assert (trial.outcome, trial.winner) == (TrialOutcome.WINNER, second.number)
    service.until(lambda: service.shown_s(video.external_id) == pytest.approx(second.time_s), "the winner")
    wait_for_shown(service, video, lambda default: second.sha256 in default["url"])


def test_a_persons_choice_ends_a_test(
    service: WholeService, videos: dict[str, WatchedVideo], visit: visits.Visit
) -> None:
    """It is shown at once, to all viewers and at the platform."""
    video = videos[CHOSEN]
    trial_id = start_test(service, visit, video)

    editor = Editor(visit)
    editor.use(visit.page.get_by_role("link", name="The video"))
    editor.choose_last_frame()
    editor.wait_for("Arrived at Mux")

    chosen_s = service.shown_s(video.external_id)
    assert chosen_s not in [pytest.approx(one.time_s) for one in variants(service, trial_id)]
    trial = wait_for_end(service, visit, trial_id, "A person chose")
    assert trial.outcome == TrialOutcome.CHOICE
    wait_for_shown(service, video, lambda default: default["time_s"] == pytest.approx(chosen_s))


def test_a_trim_ends_a_test(
    service: WholeService, videos: dict[str, WatchedVideo], visit: visits.Visit, tmp_path: Path
) -> None:
    """What is shown then is picked from what is left."""
    video = videos[TRIMMED]
    trial_id = start_test(service, visit, video)
    wistia = service.vendors["wistia"]
    before = wistia.known(video.external_id)

    wistia.replace(video.external_id, trimmed(before.media, before.media.duration_s / 2, tmp_path))

    trial = wait_for_end(service, visit, trial_id, "The video changed")
    assert trial.outcome == TrialOutcome.CONTENT
    service.until(lambda: wistia.known(video.external_id).image != before.image, "another picture")
    wait_for_shown(service, video, lambda default: default["time_s"] < before.media.duration_s / 2)
