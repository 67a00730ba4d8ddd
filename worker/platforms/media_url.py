"""Videos that live on no platform: the customer gives each one an id and the address of its file or playlist.

Nothing can be written back: we serve the thumbnails. One object of this class belongs to one video.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.errors import PublishRejected
from worker.platforms.base import (
    AssetState,
    Capabilities,
    NewThumbnail,
    Page,
    Platform,
    RemoteAsset,
    Rendition,
    Source,
    WriteBack,
)
from worker.platforms.shared.media_host import MediaHost, check_media_url

if TYPE_CHECKING:
    from worker.settings import Settings

ACCOUNT = "media"  #: of every direct video; like the setting that names their hosts


class MediaUrl(Platform):
    """One video at an address of its own."""

    name = "direct"
    capabilities = Capabilities("A media host", frozenset(), frozenset({WriteBack.NONE}))
    account = ACCOUNT

    def __init__(self, media_url: str, settings: Settings) -> None:
        self._media_url = media_url
        self._settings = settings

    def asset(self, asset_id: str) -> RemoteAsset:
        """Ask the file's host for what tells one version of the file from another.

        Raises:
            SourceRefused: the address is not one that we fetch from, or needs a login.
        """
        found = MediaHost(self._media_url, self._settings).look()
        return RemoteAsset(
            asset_id, AssetState.READY, found.fingerprint, details={"is_hls": found.is_playlist}
        )

    def assets(self, page: str | None = None) -> Page:  # noqa: ARG002 - part of every platform
        """List nothing: there is no account that has a list."""
        return Page((), None)

    def source(self, asset: RemoteAsset) -> Source:
        """Read the file itself, or the stream, of which a playlist may name several variants.

        Raises:
            SourceRefused: its host is not in MEDIA_HOSTS, or no longer.
        """
        check_media_url(self._media_url, self._settings)
        is_hls = asset.details.get("is_hls") is True
        hosts = self._settings.media_hosts
        media = Rendition(self._media_url, is_hls, hosts=hosts, hosts_from="MEDIA_HOSTS")
        return Source(scan=media, stills=media if is_hls else None)

    def write(self, asset: RemoteAsset, choice: NewThumbnail) -> str:  # noqa: ARG002 - part of every platform
        """Refuse: no platform shows a thumbnail of this video."""
        raise PublishRejected(f"{asset.id} lives on no platform; its thumbnails are served by us only")

    def close(self) -> None:
        """Do nothing: connections are closed after every question."""
