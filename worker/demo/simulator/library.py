"""The videos of the simulated platform."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Media:
    """A file, and what the platform would find out about it."""

    path: Path
    duration_s: float
    width_px: int
    height_px: int
    frame_rate: float


@dataclass(frozen=True, slots=True)
class LibraryVideo:
    """One asset, at one moment."""

    media: Media
    title: str = ""
    status: str = "ready"
    source_asset_id: str | None = None
    thumbnail_time: float | None = None  #: what is shown: seconds of media time
    image: bytes | None = None  #: or a picture
    image_id: str = ""  #: of the picture
    is_private: bool = False  #: files have no public address
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    playback_id: str = field(default_factory=lambda: secrets.token_hex(16))
    created_at: int = field(default_factory=lambda: int(time.time()))
    changed_at: float = field(default_factory=time.time)

    @property
    def file_name(self) -> str:
        """Name of the file that can be read."""
        return f"{self.media.height_px}p.mp4"

    @property
    def created(self) -> str:
        """Time at which it was made, in ISO 8601."""
        return datetime.fromtimestamp(self.created_at, UTC).isoformat()

    @property
    def changed(self) -> str:
        """Time at which anything about it changed last, in ISO 8601."""
        return datetime.fromtimestamp(self.changed_at, UTC).isoformat()


class Library:
    """All videos; safe to use from several threads."""

    def __init__(self) -> None:
        self._videos: dict[str, LibraryVideo] = {}
        self.lock = threading.RLock()  #: held while a video and the journal change together

    def add(self, video: LibraryVideo) -> LibraryVideo:
        """Take in a new video, or a new state of a known one."""
        with self.lock:
            self._videos[video.id] = video
        return video

    def get(self, asset_id: str) -> LibraryVideo | None:
        """Find a video; None where there is none, or no more."""
        with self.lock:
            return self._videos.get(asset_id)

    def of_playback(self, playback_id: str) -> LibraryVideo | None:
        """Find the video that a public handle stands for; None where there is none."""
        with self.lock:
            return next((one for one in self._videos.values() if one.playback_id == playback_id), None)

    def newest(self) -> list[LibraryVideo]:
        """List all videos, the newest first."""
        with self.lock:
            return list(reversed(self._videos.values()))

    def last_changed(self) -> list[LibraryVideo]:
        """List all videos, the one that changed last first."""
        # Sorting keeps the order of equals: of videos that changed at once, the newest comes first.
        return sorted(self.newest(), key=lambda video: video.changed_at, reverse=True)

    def change(self, asset_id: str, **changes: Any) -> LibraryVideo:
        """Change fields of a known video."""
        with self.lock:
            return self.add(replace(self._videos[asset_id], changed_at=time.time(), **changes))

    def remove(self, asset_id: str) -> LibraryVideo:
        """Forget a known video."""
        with self.lock:
            return self._videos.pop(asset_id)
