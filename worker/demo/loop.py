"""The whole loop on one machine: `thumbs demo`.

The service runs as `thumbs up` runs it, with servers of its own in a folder that is removed afterwards.
Beside it stands a simulated platform with one real clip. Its signed webhook goes in, and the service writes
its choice back. Then a clip of the video is made there, which has to do without the moment that was
shown; the demo ends when that clip has a thumbnail of its own.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click
import httpx
from sqlalchemy import select

from worker.database import make_engine, transaction
from worker.database.models import Asset, Job, Publication, Thumbnail
from worker.database.states import JobState, PublicationState
from worker.demo import summary
from worker.demo.clip import draw, media_of, trimmed
from worker.demo.simulator import SIMULATED
from worker.errors import ThumbsError
from worker.platforms import PLATFORMS
from worker.platforms.shared.signatures import sign_standard
from worker.settings import Settings
from worker.standalone.interrupts import Interrupts
from worker.standalone.servers import free_port
from worker.standalone.service import Service
from worker.standalone.supervisor import POLL_S
from worker.storage.links import ThumbnailLinks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from worker.demo.simulator import Media, Simulated

ACCOUNT = "demo"
EVENTS_SECRET = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"  #: for one demo
TIMEOUT_S = 120.0  # for one short clip on a slow machine; a long one takes its time
TIMEOUT_S_PER_VIDEO_S = 2.0
_ANSWER_TIMEOUT_S = 10.0
TRIM_MARGIN_S = 0.3  # more than frames are stored out of order, so that the picked one is cut away
SHORTEST_TRIM_S = 1.0


class DemoFailed(ThumbsError):
    """A step of the demo went wrong."""


@dataclass(frozen=True)
class ClipRows:
    """What the service has written down about the clip."""

    job: Job | None = None
    publication: Publication | None = None
    thumbnails: Sequence[Thumbnail] = ()

    @property
    def is_finished(self) -> bool:
        """True once the platform has the choice."""
        return self.publication is not None and self.publication.state == PublicationState.CONFIRMED

    @property
    def slow_program(self) -> str:
        """Name of the program whose turn it is."""
        if self.job is None:
            return "receiver"
        if self.job.state == JobState.COMPLETED:
            return "publish"
        return "analyze" if self.job.attempt else "dispatcher"


def run_demo(video: Path, out: Path, name: str) -> None:
    """Show the loop for one video, and print what happened.

    Args:
        video: a file.
        out: folder for the pictures.
        name: of the platform that is simulated, e.g. "mux".

    Raises:
        DemoFailed: there is no such platform, a step failed, or took too long.
        ThumbsError: the service does not start.
    """
    if name not in SIMULATED:
        raise DemoFailed(f"there is no simulated {name!r}; there are: {', '.join(SIMULATED)}")
    port, media = free_port(), media_of(video)
    receiver = f"http://127.0.0.1:{port}/webhooks/{name}/{ACCOUNT}"
    # A short name: the path of PostgreSQL's socket must fit into a hundred bytes.
    with (
        Interrupts() as interrupts,
        TemporaryDirectory(prefix="thumbs-", ignore_cleanup_errors=True) as folder,
        SIMULATED[name](receiver, draw=draw) as platform,
    ):
        click.echo("Starting PostgreSQL, Valkey, receiver, dispatcher, analyze and publish ...")
        variables = _variables(port) | platform.settings(ACCOUNT)
        settings = _settings(Path(folder), port)
        with Service(settings, interrupts, variables=variables, show=_keep_quiet) as service:
            label = PLATFORMS[name].capabilities.label
            click.echo(f"All ready at {service.url}. Uploading {video.name} to a simulated {label} ...")
            engine = make_engine(service.database_url)
            try:
                asset_id = platform.upload(media, title=media.path.stem)
                best = _show_loop(service, engine, platform, media, asset_id, out)
                clip = trimmed(media, _end_of_trim_s(best, media), Path(folder))
                _show_trim(service, engine, platform, clip, asset_id, best, out)
            finally:
                engine.dispose()
    click.echo(summary.describe_next(out))


def _show_loop(
    service: Service, engine: Engine, platform: Simulated, media: Media, asset_id: str, out: Path
) -> Thumbnail:
    """Wait for the first choice, print what happened, and return the best pick."""
    uploaded_s = time.time()
    _tell_of(service, platform, asset_id)
    rows = _wait_for_choice(service, engine, asset_id, _timeout_s(media))
    accepted = platform.journal.entries("write", asset_id=asset_id)[-1]
    pictures = [(thumbnail, _served(service, thumbnail)) for thumbnail in rows.thumbnails]
    shown = _fetched(platform.image_url(asset_id))
    click.echo(
        summary.describe_loop(
            summary.write_pictures(out, pictures, shown),
            (rows.job and rows.job.timings_s) or {},
            accepted,
            took_s=accepted.at_s - uploaded_s,
        )
    )
    return rows.thumbnails[0]


def _show_trim(
    service: Service,
    engine: Engine,
    platform: Simulated,
    clip: Media,
    asset_id: str,
    best: Thumbnail,
    out: Path,
) -> None:
    """Make a clip of the video, wait for its choice, and print what is shown before and after."""
    clip_id = platform.trim(asset_id, clip)
    _tell_of(service, platform, clip_id)
    rows = _wait_for_choice(service, engine, clip_id, _timeout_s(clip))
    pictures = summary.write_pair(
        out, _fetched(platform.image_url(asset_id)), _fetched(platform.image_url(clip_id))
    )
    shown_s = [pick.time_s for pick in (best, rows.thumbnails[0])]
    click.echo(summary.describe_trim(clip.duration_s, list(zip(shown_s, pictures, strict=True))))


def _tell_of(service: Service, platform: Simulated, asset_id: str) -> None:
    """Do for a platform without webhooks what a customer does: tell that a video is there."""
    if PLATFORMS[platform.name].capabilities.events:
        return
    data = {"platform": platform.name, "account": ACCOUNT, "asset_id": asset_id}
    body = json.dumps({"type": "asset.ready", "data": data}).encode()
    headers = sign_standard(body, EVENTS_SECRET, f"demo_{asset_id}", time.time())
    try:
        url = f"{service.url}/v1/events"
        httpx.post(url, content=body, headers=headers, timeout=_ANSWER_TIMEOUT_S, trust_env=False)
    except httpx.HTTPError as exc:
        raise DemoFailed(str(exc)) from exc


def _end_of_trim_s(best: Thumbnail, media: Media) -> float:
    """Choose the end of the trim: just before the moment that was picked; the middle where that is early."""
    before_s = best.time_s - TRIM_MARGIN_S
    return before_s if before_s >= SHORTEST_TRIM_S else media.duration_s / 2


def _timeout_s(media: Media) -> float:
    return TIMEOUT_S + TIMEOUT_S_PER_VIDEO_S * media.duration_s


def _settings(folder: Path, port: int) -> Settings:
    """Read the settings, and change them so that no server, folder or port of the operator's is touched."""
    own = {"data_dir": folder, "database_url": None, "redis_url": None, "host": "127.0.0.1", "port": port}
    return Settings.read().model_copy(update=own)


def _variables(port: int) -> dict[str, str]:
    """Name the same settings for the programs, which may fetch the clip from this machine."""
    public_url = f"http://127.0.0.1:{port}"
    return {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "PUBLIC_URL": public_url,
        "ALLOW_LOOPBACK": "true",
        "SIGNED_THUMBNAILS": "none",  # the demo shows addresses that stay
        "EVENTS_SECRET": EVENTS_SECRET,
    }


def _wait_for_choice(service: Service, engine: Engine, asset_id: str, timeout_s: float) -> ClipRows:
    deadline = time.monotonic() + timeout_s
    while not (rows := _rows(engine, asset_id)).is_finished:
        service.watch()
        for row in (rows.job, rows.publication):
            if row is not None and row.state in {JobState.DISCARDED, PublicationState.FAILED}:
                raise DemoFailed(f"given up: {row.error_class}: {row.error}")
        if time.monotonic() > deadline:
            raise service.failure(rows.slow_program, f"was not done after {timeout_s:.0f} s")
        time.sleep(POLL_S)
    return rows


def _rows(engine: Engine, asset_id: str) -> ClipRows:
    with transaction(engine) as session:
        asset = session.scalar(select(Asset).where(Asset.external_id == asset_id))
        # Until the webhook is recorded there is no asset, and so nothing else.
        if asset is None:
            return ClipRows()
        # The first one: our own write comes back as an update, for which there is another, short look.
        job = session.scalar(select(Job).where(Job.asset_id == asset.id).order_by(Job.id).limit(1))
        publication = session.scalar(select(Publication).where(Publication.asset_id == asset.id))
        of_asset = select(Thumbnail).where(Thumbnail.asset_id == asset.id)
        thumbnails = session.scalars(of_asset.order_by(Thumbnail.rank, Thumbnail.aspect)).all()
    return ClipRows(job, publication, thumbnails)


def _served(service: Service, thumbnail: Thumbnail) -> bytes:
    """Fetch a picture as a player gets it, and check that it is the one in the database."""
    jpeg = _fetched(ThumbnailLinks(service.url).url(thumbnail.sha256, is_private=False))
    if hashlib.sha256(jpeg).hexdigest() != thumbnail.sha256:
        raise DemoFailed(f"the receiver serves another picture than the one of rank {thumbnail.rank}")
    return jpeg


def _fetched(url: str) -> bytes:
    try:
        answer = httpx.get(url, timeout=_ANSWER_TIMEOUT_S, trust_env=False).raise_for_status()
    except httpx.HTTPError as exc:
        raise DemoFailed(str(exc)) from exc
    return answer.content


def _keep_quiet(_line: str) -> None:
    """Show nothing: what the programs say is in their logs, and a failure shows the end of them."""
