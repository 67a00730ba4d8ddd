"""Settle where each video's pictures go and what is left out, before the work; keep what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from worker.local.output_files import has_newer_pictures, name_folders

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from worker.errors import ThumbsError
    from worker.local.video_paths import NamedVideo
    from worker.pipeline.frames import Run


class PlannedVideo(NamedTuple):
    """A video and the folder for its pictures."""

    video: NamedVideo
    folder: Path


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one video: a run, or the error that ended it."""

    video: NamedVideo
    folder: Path  #: where its pictures are
    run: Run | None = None
    error: ThumbsError | None = None
    report: Path | None = None  #: the page, where one was asked for


def plan(videos: Sequence[NamedVideo], out: Path) -> list[PlannedVideo]:
    """Name a folder for each video, below `out` as it lies below the folder that was named."""
    folders = name_folders([video.path for video in videos], out, [video.within for video in videos])
    return [PlannedVideo(*pair) for pair in zip(videos, folders, strict=True)]


def split_existing(
    planned: Iterable[PlannedVideo], aspects: Sequence[str]
) -> tuple[list[PlannedVideo], list[PlannedVideo]]:
    """Put aside the videos whose pictures an earlier run has written, unless the video is newer.

    Returns:
        What is to be done, and what is left out.
    """
    todo, existing = list[PlannedVideo](), list[PlannedVideo]()
    for one in planned:
        is_there = one.video.error is None and has_newer_pictures(one.folder, aspects, one.video.path)
        (existing if is_there else todo).append(one)
    return todo, existing
