"""Brightcove Video Cloud: reads the files that it lists, and has it fetch our picture.

Its notifications are not signed: a token in the address shows who sends them. A picture is fetched from our
receiver by a job of theirs, and a write is over once that job is.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from worker.errors import PlatformUnavailable, PublishRejected, SourceRefused
from worker.platforms.base import (
    AssetState,
    Capabilities,
    ForeignThumbnails,
    Identity,
    ListedAsset,
    NewThumbnail,
    Page,
    RemoteAsset,
    Rendition,
    Source,
    WebhookAddress,
    WriteBack,
)
from worker.platforms.event import EventKind
from worker.platforms.shared import json_fields, pagination, renditions
from worker.platforms.shared.api_client import ApiClient, segment
from worker.platforms.shared.base_platform import BasePlatform
from worker.platforms.shared.json_fields import part
from worker.platforms.shared.signatures import QUERY_TOKEN, SharedToken
from worker.platforms.shared.tokens.client_credentials import client_credentials_of
from worker.platforms.shared.waiting import reading_back, shown_instead, wait_for
from worker.settings.accounts import BrightcoveAccount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.platforms.event import Event
    from worker.platforms.shared.credentials import Credentials

# https://apis.support.brightcove.com/cms/getting-started/cms-api-notifications.html (seen 2026-11)
EVENT = "video-change"
KINDS = {"CREATE": EventKind.UPDATED, "UPDATE": EventKind.UPDATED, "DELETE": EventKind.DELETED}

# Of a job, once it is over:
# https://apis.support.brightcove.com/dynamic-ingest/general/get-status-dynamic-ingest-requests-dynamic-delivery.html
FINISHED, FAILED = "finished", "failed"
LONGEST_JOB = timedelta(hours=1)  # one that was never ended must not keep pictures away for ever
INGEST_LIMIT_S = 300.0  # a picture takes seconds; behind a queue of videos, minutes

STATES = frozenset({"ACTIVE", "INACTIVE"})  # in which a video is whole, as far as `complete` says so
HLS_TYPES = frozenset({"application/x-mpegurl", "application/vnd.apple.mpegurl"})
CDN_HOSTS = ("*.boltdns.net", "*.brightcovecdn.com", "*.brightcove.com", "*.akamaihd.net")


class Brightcove(BasePlatform[BrightcoveAccount]):
    """One account of Video Cloud."""

    name = "brightcove"
    capabilities = Capabilities(
        "Brightcove",
        frozenset(KINDS.values()),
        frozenset({WriteBack.URL}),
        identity=Identity.TIME,
        foreign_thumbnails=ForeignThumbnails.ONCE_WRITTEN,
        needs_reconcile=True,
        # https://apis.support.brightcove.com/dynamic-ingest/getting-started/ (overview, "Operations")
        write_permission="client credentials with the operation video-cloud/video/update",
    )
    signature = SharedToken(QUERY_TOKEN)

    def _events(self, said: dict[str, Any]) -> list[Event]:
        event, action = json_fields.required(said, "event"), json_fields.text(said, "action")
        # Without a word for what was done, something was: a look tells.
        kind = KINDS.get(action.upper(), EventKind.UPDATED) if event == EVENT else EventKind.OTHER
        happened = json_fields.finite_number(said.get("timestamp"))  # in ms
        told = {name: said.get(name) for name in ("event", "action", "video", "version", "timestamp")}
        return [
            self._event(
                kind,
                (said, "video"),
                delivery_id=json_fields.digest(told if said.get("video") else said),
                event_type=f"{event} {action}".strip(),
                payload=said,
                happened_at=None if happened is None else json_fields.utc_time(happened / 1000),
            )
        ]

    def asset(self, asset_id: str) -> RemoteAsset:
        """Ask for the video. Which master it has is part of the fingerprint: another file changes it."""
        return _asset(asset_id, self._api.request("GET", self._path(asset_id)))

    def assets(self, page: str | None = None) -> Page:
        """List them, those that changed last first.

        Source: https://apis.support.brightcove.com/cms/references/reference.html
        """
        start = (pagination.number_of(page) - 1) * pagination.PAGE_SIZE
        query = pagination.query(limit=pagination.PAGE_SIZE, offset=start, sort="-updated_at")
        return pagination.numbered_page(self._api.request_list(self._path() + query), _listed, page)

    def source(self, asset: RemoteAsset) -> Source:
        """Choose the MP4s, else HLS; what is encrypted is left out.

        Raises:
            SourceRefused: there is neither.
        """
        listed = self._api.request_list(f"{self._path(asset.id)}/sources")
        found = [
            (src, one)
            for one in listed
            if (src := json_fields.text(one, "src")) and self._is_safe(src) and not one.get("key_systems")
        ]
        files = [
            renditions.File(src, renditions.short_side_px(one))
            for src, one in found
            if json_fields.text(one, "container").upper() == "MP4" and not _is_playlist(one)
        ]
        playlists = [src for src, one in found if _is_playlist(one)]
        if not playlists and not files:
            raise SourceRefused(
                f"Brightcove lists neither an MP4 nor HLS without encryption for video {asset.id}"
            )
        fallback = playlists[0] if playlists else files[0].url
        hls = Rendition(fallback, is_hls=bool(playlists), hosts=CDN_HOSTS)
        return renditions.choose_source(files, hls, None)

    def write(self, asset: RemoteAsset, choice: NewThumbnail) -> str | None:
        """Have the picture fetched as poster and as thumbnail, wait for that, and ask what is shown then.

        Source: https://apis.support.brightcove.com/dynamic-ingest/references/reference.html

        Raises:
            PlatformUnavailable: also where the picture could not be fetched: the receiver may be down.
        """
        if choice.url is None:
            raise PublishRejected("Brightcove fetches pictures, and this one has no address")
        # One job at a time: a picture of an earlier attempt must not come after this one.
        wait_for(partial(self._is_idle, asset.id), f"an ingest job of video {asset.id}", INGEST_LIMIT_S)
        picture = {"url": choice.url}
        request = f"/accounts/{segment(self._settings.account_id)}/videos/{segment(asset.id)}/ingest-requests"
        made = self._ingest.request("POST", request, {"poster": picture, "thumbnail": picture})
        job_id = json_fields.text(made, "id")
        if not job_id:
            raise PlatformUnavailable("Brightcove's answer to an ingest request names no job")
        is_over = partial(self._finished_job, asset.id, job_id)
        with reading_back():
            job = wait_for(is_over, "Brightcove fetches the picture", INGEST_LIMIT_S)
        if job.get("state") == FAILED:
            raise PlatformUnavailable(_failure(job, choice.url))
        return shown_instead(self, asset)

    def webhooks(self) -> list[WebhookAddress]:
        """List where the account's notifications go; our token is left out of the address.

        Source: https://apis.support.brightcove.com/cms/getting-started/cms-api-notifications.html
        """
        path = f"/accounts/{segment(self._settings.account_id)}/subscriptions"
        subscriptions = self._api.request_list(path)
        endpoints = [json_fields.text(one, "endpoint") for one in subscriptions if _names(one, EVENT)]
        return [WebhookAddress(self._without_token(endpoint)) for endpoint in endpoints]

    def close(self) -> None:
        """Close connections, if there are any."""
        super().close()
        if "_ingest" in vars(self):
            self._ingest.close()

    def _credentials(self) -> Credentials:
        settings, secret = self._settings, self._settings.client_secret.get_secret_value()
        return client_credentials_of(
            settings.oauth_url, settings.client_id, secret, self._prefix
        ).credentials()

    @cached_property
    def _ingest(self) -> ApiClient:
        return self._client(self._settings.ingest_url)

    def _path(self, asset_id: str | None = None) -> str:
        """Name the API's path to one video, or to all of the account."""
        videos = f"/accounts/{segment(self._settings.account_id)}/videos"
        return videos if asset_id is None else f"{videos}/{segment(asset_id)}"

    def _is_idle(self, asset_id: str) -> bool | None:
        """Tell whether no job works on a video; None while one does, as for `wait_for`."""
        jobs = self._api.request_list(f"{self._path(asset_id)}/ingest_jobs")
        return None if any(map(_is_at_work, jobs)) else True

    def _finished_job(self, asset_id: str, job_id: str) -> dict[str, Any] | None:
        """Ask for a job; None while it is at work."""
        job = self._api.request("GET", f"{self._path(asset_id)}/ingest_jobs/{segment(job_id)}")
        return job if job.get("state") in {FINISHED, FAILED} else None

    def _is_safe(self, src: str) -> bool:
        """Leave out what comes without TLS: Brightcove lists each file with and without."""
        return src.startswith("https:") or self._settings.api_url.startswith("http:")

    def _without_token(self, endpoint: str) -> str:
        """Cut our token off an address; one with another token is not ours, and does not show it."""
        url, _, query = endpoint.partition("?")
        if not query:
            return endpoint
        tokens = parse_qs(query).get("token", [])
        return url if tokens and tokens[0] in self._settings.webhook_secrets else f"{url}?token=..."


def _asset(asset_id: str, video: Mapping[str, Any]) -> RemoteAsset:
    milliseconds = json_fields.finite_number(video.get("duration"))
    duration_s = json_fields.duration_s(milliseconds / 1000) if milliseconds else None
    state = json_fields.text(video, "state")
    is_whole = video.get("complete") is True and state in STATES
    return RemoteAsset(
        id=asset_id,
        state=AssetState.READY if is_whole else AssetState.PREPARING,
        fingerprint=json_fields.fingerprint(
            duration_s=duration_s,
            master=video.get("digital_master_id"),
            file=video.get("original_filename"),
        ),
        duration_s=duration_s,
        title=json_fields.text(video, "name"),
        is_private=state == "INACTIVE",
        shown=_shown(part(video, "images")),
        details=video,
    )


def _shown(images: Mapping[str, Any]) -> str | None:
    """Name the pictures that are shown, poster and thumbnail: a person may change either."""
    names = [_name(part(images, role)) for role in ("poster", "thumbnail")]
    return " ".join(dict.fromkeys(filter(None, names))) or None


def _name(picture: Mapping[str, Any]) -> str:
    """Name a picture by its id, else by its address without what may be signed anew each time."""
    return json_fields.text(picture, "asset_id") or json_fields.text(picture, "src").partition("?")[0]


def _listed(video: Mapping[str, Any]) -> ListedAsset:
    return pagination.listed_asset(
        _asset(json_fields.identifier(video, "id"), video), video.get("updated_at")
    )


def _is_playlist(source: Mapping[str, Any]) -> bool:
    return json_fields.text(source, "type").lower() in HLS_TYPES


def _is_at_work(job: Mapping[str, Any]) -> bool:
    submitted_at = json_fields.utc_time(job.get("submitted_at"))
    is_old = submitted_at is not None and datetime.now(UTC) - submitted_at > LONGEST_JOB
    return job.get("state") not in {FINISHED, FAILED} and not is_old


def _failure(job: Mapping[str, Any], url: str) -> str:
    """Say why a job failed, and what to look at."""
    words = [json_fields.text(job, name) for name in ("error_code", "error_message")]
    # It may repeat the address, which is signed, and whose query nobody else is to read.
    said = " ".join(filter(None, words)).replace(url, url.partition("?")[0])
    said = "".join(sign if sign.isprintable() else " " for sign in said)[:200]
    host = urlsplit(url).hostname or ""
    return (
        f"Brightcove could not take the picture{said and f' ({said})'}: it fetches it from {host}, which"
        " has to be reachable from the internet; check PUBLIC_URL"
    )


def _names(subscription: Mapping[str, Any], event: str) -> bool:
    events = subscription.get("events")
    return isinstance(events, list) and event in events
