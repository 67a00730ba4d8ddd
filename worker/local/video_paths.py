"""Find the videos that the words of a command mean: files, what is in folders, and paths listed on stdin.

Every path is looked at here, before a model or a decoder is started: what is surely no video is told at once.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from worker.errors import ThumbsError, UnreadableVideo
from worker.pipeline.container.file_head import checked_head, is_video

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True)
class NamedVideo:
    """A file to pick from, or the word that names none."""

    name: str  #: as it was typed; of a file in a folder, with the folder as it was typed
    path: Path
    within: Path = field(default_factory=Path)  #: the way to it from the folder that was named
    error: ThumbsError | None = None  #: why nothing can be picked from it


@dataclass(slots=True)
class FoundVideos:
    """All that the words mean, in their order, and how much was left out of folders."""

    videos: list[NamedVideo] = field(default_factory=list)
    hidden: int = 0  #: files and folders whose names begin with a dot
    not_videos: int = 0  #: files that are something else
    folders: int = 0  #: within a folder that has videos, and not looked into
    from_folders: bool = False  #: whether a folder was among the words


def split_list(listed: bytes, *, by_null: bool) -> list[str]:
    """Read paths, one a line, or each ended by a zero byte as `find -print0` writes them."""
    separator = b"\0" if by_null else b"\n"
    paths = (path if by_null else path.removesuffix(b"\r") for path in listed.split(separator))
    return [os.fsdecode(path) for path in paths if path]


def find_videos(names: Iterable[str], out: Path, *, recursive: bool) -> FoundVideos:
    """Find the file of each name, and the videos in each folder.

    Args:
        names: of files and folders, as they were typed.
        out: where pictures go; what lies there is passed over.
        recursive: look into the folders of a folder too.
    """
    found = FoundVideos()
    for name in names:
        if name and _is_folder(Path(name)):
            found.from_folders = True
            found.videos += _in_folder(name, out, found, recursive=recursive)
        else:
            found.videos.append(_checked(name, Path(name)))
    return found


def _checked(name: str, path: Path, within: Path | None = None) -> NamedVideo:
    """Look at a file before anything is started for it."""
    within = within or Path()
    try:
        if not name or "\0" in name:
            return NamedVideo(
                name, Path(), within, UnreadableVideo("not the name of a file; name a video file")
            )
        checked_head(path)
    except ThumbsError as error:
        return NamedVideo(name, path, within, error)
    return NamedVideo(name, path, within)


def _in_folder(name: str, out: Path, found: FoundVideos, *, recursive: bool) -> Iterator[NamedVideo]:
    """Yield the videos in a folder in order of their names, and count what is left out."""
    count, folders, failed = 0, 0, list[OSError]()
    for folder, below, files in os.walk(name, onerror=failed.append):
        found.hidden += sum(one.startswith(".") for one in (*below, *files))
        below[:] = sorted(one for one in below if not _is_passed_over(Path(folder, one), out))
        folders += len(below)
        if not recursive:
            below.clear()
        for one in sorted(files):
            path = Path(folder, one)
            if one.startswith("."):
                continue
            if not is_video(path):
                found.not_videos += 1
                continue
            count += 1
            yield _checked(f"{folder.rstrip('/')}/{one}", path, Path(folder).relative_to(name))
    for error in failed:
        sentence = "this user may not look into it; allow that, or copy it"
        yield NamedVideo(os.fsdecode(error.filename), Path(error.filename), Path(), UnreadableVideo(sentence))
    if count and not recursive:
        found.folders += folders
    if not count and not failed:
        remedy = "; --recursive looks into its folders" if folders and not recursive else ""
        yield NamedVideo(name, Path(name), Path(), UnreadableVideo(f"a folder without a video in it{remedy}"))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # what is around it may not be looked into
        return False


def _is_passed_over(folder: Path, out: Path) -> bool:
    return folder.name.startswith(".") or (out.exists() and folder.samefile(out))
