"""A video on this machine, or a stretch of one, and where it lies in the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from worker.files.paged_file import Pages


@dataclass(frozen=True, slots=True)
class VideoFile:
    """A file to look at."""

    path: Path
    begins_at_s: float = 0.0  #: the moment of the whole video at which this file begins
    is_assembled: bool = (
        False  #: made of segments of a stream, none of them cut short, whatever length it states
    )
    is_sparse: bool = False  #: only pieces of the video are in it; its time stamps jump over what is not
    note: str = ""  #: a sentence for people about what of the video is in this file; empty where it is all
    pages: Pages | None = None  #: who brings its bytes as they are read; None where all are there

    def close(self) -> None:
        """Fetch nothing more of it."""
        if self.pages is not None:
            self.pages.close()
