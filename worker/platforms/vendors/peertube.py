"""PeerTube: finds videos in the list, reads their files, and uploads our picture.

PeerTube sends no webhooks, so its list is read, or a plugin tells at `/v1/events`. A replaced source keeps
the video's id. Every picture gets a file name of its own, by which ours is known once it is written.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from worker.errors import MalformedPayload, NotReadyYet, PlatformUnavailable, SourceRefused
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
    WriteBack,
)
from worker.platforms.shared import credentials, json_fields, pagination, renditions
from worker.platforms.shared.api_client import Upload, segment
from worker.platforms.shared.base_platform import BasePlatform
from worker.platforms.shared.json_fields import part, parts
from worker.platforms.shared.tokens.password_grant import grant_of
from worker.platforms.shared.waiting import shown_instead
from worker.settings.accounts import PeerTubeAccount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.platforms.shared.credentials import Credentials

PUBLISHED = 1

# https://github.com/Chocobozzz/PeerTube, packages/models/src/videos/video-state.enum.ts (seen 2026-11). All
# others are on their way: transcoded, moved, edited, or a live stream that has not begun or is not saved.
STATES: Mapping[float, AssetState] = {
    PUBLISHED: AssetState.READY,
    7: AssetState.FAILED,  # transcoding failed
    12: AssetState.FAILED,  # import failed
}

# video-privacy.enum.ts, in the same folder: public and unlisted. Files of all others open with a token only.
OPEN_TO_ALL = frozenset({1, 2})

AUDIO_ONLY = 0  # in the place of a resolution


class PeerTube(BasePlatform[PeerTubeAccount]):
    """The videos of one user of an instance."""

    name = "peertube"
    capabilities = Capabilities(
        "PeerTube",
        frozenset(),
        frozenset({WriteBack.IMAGE}),
        identity=Identity.NONE,
        foreign_thumbnails=ForeignThumbnails.ONCE_WRITTEN,
        needs_reconcile=True,
        max_image_bytes=8 * 1024 * 1024,
        write_permission="a user who owns the videos, or may edit those of others",
    )

    def page_url(self, asset_id: str) -> str:
        """Build the address of a video's page."""
        return f"{self._settings.api_url}/w/{segment(asset_id)}"

    def identifier(self, of: Mapping[str, Any], name: str) -> str:
        """Read a UUID: a video has a number and a short id too, and would else be three assets."""
        value = json_fields.identifier(of, name).lower()
        try:
            is_whole = str(uuid.UUID(value)) == value
        except ValueError:
            is_whole = False
        if not is_whole:
            raise MalformedPayload(
                f"`{name}` is not a UUID: give the video's `uuid`, not its `id` or `shortUUID`"
            )
        return value

    def asset(self, asset_id: str) -> RemoteAsset:
        """Ask for the video. When its source was last replaced is part of the fingerprint."""
        video = self._api.request("GET", _path(asset_id))
        duration_s = json_fields.duration_s(video.get("duration"))
        return RemoteAsset(
            id=asset_id,
            state=_state(video) or AssetState.PREPARING,
            fingerprint=json_fields.fingerprint(
                duration_s=duration_s,
                created_at=video.get("createdAt"),
                replaced_at=video.get("inputFileUpdatedAt"),
            ),
            duration_s=duration_s,
            title=json_fields.text(video, "name"),
            is_private=_is_private(video),
            # PeerTube's own has a name too, and nothing tells it from one that a person set.
            shown=_shown(video),
            details=video,
        )

    def assets(self, page: str | None = None) -> Page:
        """List the user's own videos, the oldest first, so that uploads meanwhile shift no page.

        Nothing sorts by changes. Whether a source was replaced is not told here.

        Source: https://docs.joinpeertube.org/api-rest-reference.html#tag/My-User
        """
        start = (pagination.number_of(page) - 1) * pagination.PAGE_SIZE
        query = pagination.query(start=start, count=pagination.PAGE_SIZE, sort="createdAt")
        answer = self._api.request("GET", f"/api/v1/users/me/videos{query}")
        found = pagination.numbered_page(parts(answer, "data"), _listed, page, answer.get("total"))
        return found._replace(is_by_change=False)

    def source(self, asset: RemoteAsset) -> Source:
        """Choose among the files of both kinds, which are whole MP4s each; else HLS.

        Raises:
            NotReadyYet: it has no file so far.
            SourceRefused: it has only sound.
        """
        playlists = parts(asset.details, "streamingPlaylists")
        both = [parts(asset.details, "files"), *(parts(one, "files") for one in playlists)]
        every = [file for kind in both for file in kind if json_fields.text(file, "fileUrl")]
        seen = [file for file in every if _has_picture(file)]
        urls = [json_fields.text(one, "playlistUrl") for one in playlists]
        if every and not seen:
            raise SourceRefused(f"video {asset.id} has sound and no picture")
        if not seen and not any(urls):
            raise NotReadyYet(f"PeerTube names no file of video {asset.id} so far")
        token = self._file_token(asset)
        # One of them is a fallback where no file is of a useful size.
        hls = next(filter(None, urls), "")
        fallback = Rendition(
            _opened(hls, token, reinjectVideoFileToken="true") if hls else _opened(seen[0]["fileUrl"], token),
            is_hls=bool(hls),
            own_origin="/".join(self._settings.api_url.split("/")[:3]),
        )
        files = [renditions.File(_opened(file["fileUrl"], token), _short_side_px(file)) for file in seen]
        known = [px for _, px in files if px]
        return renditions.choose_source(files, fallback, max(known, default=None))

    def write(self, asset: RemoteAsset, choice: NewThumbnail) -> str | None:
        """Upload the picture, and ask what it is called from now on.

        Up to 8.0 the player's picture is another one than that of lists, and one that was not uploaded is
        made anew by whatever ends later, as a late runner: so both are sent. From 8.1 on the second is an
        old name of the first.

        Source: https://docs.joinpeertube.org/api-rest-reference.html#operation/putVideo and
        https://github.com/Chocobozzz/PeerTube/issues/7035
        """
        self._require_size(choice)
        upload = Upload(choice.jpeg, field="thumbnailfile", also_as="previewfile")
        self._api.request("PUT", _path(asset.id), upload=upload)
        return shown_instead(self, asset)

    def _credentials(self) -> Credentials:
        settings = self._settings
        if settings.access_token is not None:
            return credentials.bearer(
                settings.access_token.get_secret_value(), f"{self._prefix}__ACCESS_TOKEN"
            )
        username, password = settings.username or "", settings.password
        secret = password.get_secret_value() if password else ""
        return grant_of(settings.api_url, username, secret, self._prefix).credentials()

    def _file_token(self, asset: RemoteAsset) -> str | None:
        """Ask for a token that opens this video's files for some hours; None where they need none."""
        if not asset.is_private:
            return None
        answer = self._api.request("POST", f"{_path(asset.id)}/token")
        token = json_fields.text(part(answer, "files"), "token")
        if not token:
            raise PlatformUnavailable(f"PeerTube gave no token for the files of video {asset.id}")
        return token


def _listed(video: Mapping[str, Any]) -> ListedAsset:
    asset_id = json_fields.identifier(video, "uuid")
    changed_at = json_fields.utc_time(video.get("updatedAt"))
    return ListedAsset(asset_id, changed_at, _state(video), None, _shown(video))


def _state(video: Mapping[str, Any]) -> AssetState | None:
    """Read the state; None where it is not told. A live stream has to become a recording first."""
    state = _id_of(video, "state")
    if video.get("isLive") is True:
        return AssetState.PREPARING
    return None if state is None else STATES.get(state, AssetState.PREPARING)


def _is_private(video: Mapping[str, Any]) -> bool:
    return _id_of(video, "privacy") not in OPEN_TO_ALL


def _shown(video: Mapping[str, Any]) -> str | None:
    """Read the name of the picture's file, new with every picture; its folder depends on the version."""
    sizes = sorted(
        parts(video, "thumbnails"), key=lambda one: json_fields.finite_number(one.get("width")) or 0.0
    )
    paths = [json_fields.text(video, "thumbnailPath"), *(json_fields.text(one, "fileUrl") for one in sizes)]
    return next((urlsplit(path).path.rpartition("/")[2] for path in paths if path), None)


def _has_picture(file: Mapping[str, Any]) -> bool:
    return file.get("hasVideo") is not False and _id_of(file, "resolution") != AUDIO_ONLY


def _short_side_px(file: Mapping[str, Any]) -> float | None:
    """Read the shorter side: `resolution` is that too, and all that versions up to 6.0 tell."""
    return renditions.short_side_px(file) or _id_of(file, "resolution")


def _id_of(of: Mapping[str, Any], name: str) -> float | None:
    """Read the number of a constant, which PeerTube writes with its label; None where it is not told."""
    return json_fields.finite_number(part(of, name).get("id"))


def _opened(url: str, token: str | None, **more: str) -> str:
    """Add a token to the address of a file, if it needs one."""
    if token is None:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode({'videoFileToken': token, **more})}"


def _path(asset_id: str) -> str:
    return f"/api/v1/videos/{segment(asset_id)}"
