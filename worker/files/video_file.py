"""A video on this machine, or a stretch of one, and where it lies in the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from worker.files.paged_file import Pages


class PieceStart(NamedTuple):
    """Where a piece of a sparse file begins, with a keyframe."""

    start_s: float  #: of the whole video, as its playlist says, which rounds
    first_byte: int


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
    pieces: tuple[
        PieceStart, ...
    ] = ()  #: of a sparse file, in which nothing but their beginnings is looked at
    pages: Pages | None = None  #: who brings its bytes as they are read; None where all are there

    def close(self) -> None:
        """Fetch nothing more of it."""
        if self.pages is not None:
            self.pages.close()
