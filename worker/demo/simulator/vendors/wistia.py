"""Wistia, simulated: its paths, its webhooks of several events, and its shape of an error."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import abort, request

from worker.demo.simulator import bodies
from worker.demo.simulator.audience import DAY, Audience
from worker.demo.simulator.checks.budget import Allowance
from worker.demo.simulator.checks.pictures import GIF, JPEG, PNG, require_picture
from worker.demo.simulator.platform import NOT_FOUND, STREAM, WEBHOOK_SECRET, Change, Simulated
from worker.demo.simulator.webhooks import Notice
from worker.platforms.shared.signatures import Hex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

    from worker.demo.simulator.library import LibraryVideo

API_TOKEN = "simulated-api-token"  # noqa: S105 - guards nothing
# "Must be an image" is all that is documented: types and limit are assumptions.
IMAGE_TYPES = (JPEG, PNG, GIF)
MAX_IMAGE_BYTES = 10 * 1024 * 1024
ALLOWANCES = {"all": Allowance(600)}  # 600 a minute: https://docs.wistia.com/docs/making-api-requests

SIGNATURE = Hex("X-Wistia-Signature")

EVENTS = {
    Change.READY: ("media.processing", "media.ready"),
    Change.UPDATED: ("media.updated",),
    Change.DELETED: ("media.deleted",),
}


class SimulatedWistia(Simulated):
    """One Wistia account. `may_write` is the token's permission to upload, which is one apart from the API's.

    Source: https://docs.wistia.com/reference/update-thumbnails-via-upload-api (seen 2026-11)
    """

    name = "wistia"
    allowances = ALLOWANCES
    may_read_stats = True  #: whether the token may read detailed stats

    def add_routes(self, app: Flask) -> None:
        """Add the addresses of the API, and that of uploads, which have a host of their own."""
        self.audience = Audience()
        by_date = "/v1/stats/medias/<asset_id>/by_date.json"
        app.add_url_rule(by_date, view_func=self.stats_by_date, methods=["GET"])
        app.add_url_rule("/v1/medias.json", view_func=self.list_assets, methods=["GET"])
        app.add_url_rule("/v1/medias/<asset_id>.json", view_func=self.show, methods=["GET"])
        app.add_url_rule("/upload/thumbnail", view_func=self.set_thumbnail, methods=["POST"])

    def is_allowed(self) -> bool:
        """Look for the token, as OAuth shows it."""
        return request.headers.get("Authorization") == f"Bearer {API_TOKEN}"

    def refusal(self, status: int, words: str) -> dict[str, Any]:
        """Write one sentence, and a code."""
        return {"code": HTTPStatus(status).name.lower(), "error": words}

    def show(self, asset_id: str) -> dict[str, Any]:
        """Show the media."""
        return self._described(self.found(asset_id))

    def list_assets(self) -> list[dict[str, Any]]:
        """Show a page of all media, those that changed last first."""
        bodies.require_query(sort_by="updated", sort_direction="0")
        return [self._described(video) for video in bodies.page_of(self.library.last_changed())]

    def stats_by_date(self, asset_id: str) -> list[dict[str, Any]]:
        """Show what was counted on each day, the last one included; of yesterday and today by default.

        Source: https://docs.wistia.com/docs/stats-api, and the vendor's OpenAPI document of 2026-09
        """
        if not self.may_read_stats:
            abort(HTTPStatus.UNAUTHORIZED, "The token does not have the permission to read detailed stats")
        self.found(asset_id)
        today = self.audience.clock()
        from_at = self._day("start_date", today - DAY)
        to_at = self._day("end_date", today) + DAY
        return [
            {
                "date": f"{at:%Y-%m-%d}",
                "load_count": seen.loads,
                "play_count": seen.plays,
                "hours_watched": seen.watched_s / 3600,
            }
            for at, seen in self.audience.told(asset_id, from_at, to_at, DAY).items()
        ]

    def _day(self, name: str, otherwise: datetime) -> datetime:
        said = request.args.get(name, f"{otherwise:%Y-%m-%d}")
        try:
            return datetime.strptime(said, "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            abort(HTTPStatus.BAD_REQUEST, f"{name} must be formatted YYYY-MM-DD")

    def _described(self, video: LibraryVideo) -> dict[str, Any]:
        media = video.media
        size = {"width": media.width_px, "height": media.height_px, "fileSize": media.path.stat().st_size}
        url = f"{self.url}{STREAM}/{video.playback_id}/{video.file_name}"
        return {
            "hashed_id": video.id,
            "name": video.title,
            "type": "Video",
            "status": "ready",
            "protected": video.is_private,  # by a password, which its files do not ask for
            "duration": media.duration_s,
            "created": video.created,
            "updated": video.changed,
            "thumbnail": {"url": self.image_url(video.id)},
            "assets": [
                {"type": "OriginalFile", "url": url, "contentType": "video/quicktime", **size},
                {"type": "HdMp4VideoFile", "url": url, "contentType": "video/mp4", **size},
                {
                    "type": "StillImageFile",
                    "url": self.image_url(video.id),
                    "contentType": "image/jpg",
                    **size,
                },
            ],
        }

    def set_thumbnail(self) -> dict[str, Any]:
        """Show a picture."""
        asset_id = request.args.get("media_id") or abort(HTTPStatus.NOT_FOUND, NOT_FOUND)
        image = require_picture(bodies.form_file("file"), IMAGE_TYPES, MAX_IMAGE_BYTES)
        self.write(asset_id, image=image)
        return {"thumbnail": {"url": self.image_url(asset_id)}}

    def notices(self, change: Change, video: LibraryVideo) -> Sequence[Notice]:
        """Tell of all that happened, in one delivery."""
        events = [self._event(event, video) for event in EVENTS[change]]
        body = json.dumps({"hook": {"uuid": "simulated"}, "events": events}).encode()
        return [Notice(EVENTS[change][-1], video.id, body, events[-1]["uuid"])]

    def signed(self, body: bytes) -> dict[str, str]:
        """Sign the body alone."""
        return SIGNATURE.sign(body, WEBHOOK_SECRET)

    def variables(self) -> dict[str, str]:
        """Hand out an account's settings, as `Simulated.variables`."""
        return {
            "WEBHOOK_SECRET": WEBHOOK_SECRET,
            "API_TOKEN": API_TOKEN,
            "API_URL": f"{self.url}/v1",
            "UPLOAD_URL": f"{self.url}/upload",
        }

    def _event(self, event: str, video: LibraryVideo) -> dict[str, Any]:
        media = {"id": video.id, "name": video.title, "duration": video.media.duration_s}
        return {
            "uuid": str(uuid.uuid4()),
            "type": event,
            "generated_at": datetime.now(UTC).isoformat(),
            "payload": {"media": {**media, "thumbnail": {"url": f"{self.url}/deliveries/1.jpg"}}},
            "metadata": {"account_id": "simulated"},
        }
