"""The chart's pods as processes of this machine: a webhook goes in, the platform shows the thumbnail."""

from __future__ import annotations

import shutil
import signal
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.compose.secrets import broker_places, lay_out, running_broker, without_tables
from tests.support.kubernetes.helm import ALL_EXAMPLES, Object, render, values_of
from tests.support.kubernetes.programs import COMPOSE_NAMES, Cluster, pods, secret_of
from tests.support.media import clips, pictures
from tests.support.platforms.storage import BUCKET, ID, SECRET, storage
from tests.support.service import builders
from tests.support.waiting import until
from worker.database import make_engine
from worker.demo.simulator import SIMULATED, Media

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy import Engine

# What reaches the platform's pages for an account, by the programs that docs/kubernetes.md gives it to.
OF_ACCOUNT = {
    "webhook_secret": ("webhook",),
    "token_secret": ("dispatcher", "analyze", "publish"),
    "signing_private_key": ("dispatcher", "analyze", "publish"),
    "signing_key_id": ("dispatcher", "analyze", "publish"),  # without its key, it is an error
}
WHOLE_LOOP_S = 300.0  # with the time that models take to load


def merged(values: Object, more: Mapping[str, Any]) -> Object:
    """Return values with some changed, as `--values` twice does."""
    both = dict(values)
    for name, value in more.items():
        both[name] = merged(both.get(name, {}), value) if isinstance(value, dict) else value
    return both


def secrets_by_name(objects: list[Object], folders: Path) -> dict[str, Path]:
    """Return the folder of each Secret that a pod names: that of the compose file's service."""
    return {secret_of(pod)[0]: folders / COMPOSE_NAMES[name] for name, pod in pods(objects).items()}


def add_secrets(folders: Path, account: Mapping[str, str]) -> dict[str, str]:
    """Lay out an account's secrets and those of the large example, and return its other settings."""
    plain = {}
    for variable, value in account.items():
        name = variable.lower()
        for program in OF_ACCOUNT.get(name.rpartition("__")[2], ()):
            (folders / program / name).write_text(value)
        if name.rpartition("__")[2] not in OF_ACCOUNT:
            plain[variable] = value
    for program in ("dispatcher", "migrate"):
        shutil.copy(folders / program / "database_url", folders / program / "database_direct_url")
    for program in set(COMPOSE_NAMES.values()) - {"beacon", "migrate"}:
        (folders / program / "bucket_access_key_id").write_text(ID)
        (folders / program / "bucket_secret_access_key").write_text(SECRET)
    return plain


@pytest.mark.timeout(600)  # a busy machine starts all programs slowly
@pytest.mark.faults  # the commands themselves are run by test_running_service.py
@pytest.mark.parametrize("example", ALL_EXAMPLES)
def test_the_pods_of_the_chart_do_the_whole_work(example: str, database_url: str, tmp_path: Path) -> None:
    """Migrations first, then all others, each with its own secrets only; each stops in its time."""
    without_tables(database_url)
    folders = tmp_path / "secrets"
    places = broker_places(tmp_path, folders)
    lay_out(folders, database_url=database_url, redis_port=int(places["redis_port"]))
    clip = clips.write(tmp_path / "clip.mp4", pictures.footage("bikes", 50))
    with ExitStack() as stack:
        stack.enter_context(running_broker(places))
        pictures_at = stack.enter_context(storage())
        values = values_of(example)
        cluster = Cluster(render(values), {}, tmp_path)
        port = cluster.port("receiver", 8000)
        vendor = stack.enter_context(SIMULATED["mux"](f"http://127.0.0.1:{port}/webhooks/mux/main"))
        own = add_secrets(folders, vendor.settings("main"))
        own |= {"ALLOW_LOOPBACK": "true", "DEBOUNCE_S": "0"}
        if "BUCKET_URL" in values.get("settings", {}):
            own |= {"BUCKET_URL": f"s3://{BUCKET}/thumbs"}
        cluster.objects = render(merged(values, {"settings": own}))
        cluster.secrets = secrets_by_name(cluster.objects, folders)
        # No GPU is at hand, nor its cores, nor what heeds policies: these would have to name the port.
        here = {"BUCKET_ENDPOINT_URL": pictures_at.url}
        cluster.changed = {"DEVICE": "cpu", "ANALYZE_CONCURRENCY": "2", **here}

        with cluster.run("migrate") as migrate:
            assert migrate.end() == 0, migrate.log()
        names = pods(cluster.objects).keys() - {"migrate"}
        programs = {name: stack.enter_context(cluster.run(name)) for name in names}
        for program in programs.values():
            program.wait_until_ready()
        engine = make_engine(database_url)
        stack.callback(engine.dispose)
        asset_id = vendor.upload(Media(clip, duration_s=2.0, width_px=320, height_px=180, frame_rate=25.0))

        until(lambda: picked(engine, asset_id), WHOLE_LOOP_S, "no thumbnail was written")

        pick = builders.published_picks(engine)["mux", asset_id]
        assert vendor.known(asset_id).thumbnail_time == pytest.approx(pick.time_s, abs=0.05)
        for program in programs.values():
            assert program.end(signal.SIGTERM) == 0, program.log()


def picked(engine: Engine, asset_id: str) -> bool:
    """Tell whether a video's thumbnail is at the platform."""
    return ("mux", asset_id) in builders.published_picks(engine)
