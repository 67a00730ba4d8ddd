"""Write the files that a run leaves: a folder for each video, with its pictures and perhaps its report.

    thumbs-out/bikes/1-16x9.jpg     rank and aspect ratio
    thumbs-out/bikes/report.html    with --report

Nothing but files of such names is ever replaced or removed.
"""

from __future__ import annotations

import errno
import re
from contextlib import suppress
from itertools import zip_longest
from typing import TYPE_CHECKING

from worker.errors import ConfigurationError
from worker.text import file_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

REPORT_NAME = "report.html"
UNNAMED = "video"  # the folder of a file whose name has only dots before the ending

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

# Names that only we give; whatever else lies in a folder is the user's, and stays.
_OURS = re.compile(rf"\d+-([\d.]+x[\d.]+|source)\.jpg|{re.escape(REPORT_NAME)}")


def name_folders(videos: Sequence[Path], out: Path, within: Iterable[Path] = ()) -> list[Path]:
    """Name a folder for each video after its file; a second video of the same name gets "-2".

    Upper and lower case count as the same: some file systems cannot tell them apart.

    Args:
        videos: the files.
        out: the folder that all of theirs are in.
        within: for each video, the folders between, as they are around the file; none where not given.
    """
    taken: set[str] = set()
    folders = []
    for video, between in zip_longest(videos, within):
        place = out / between if between else out
        # "..mp4" has the stem ".", and a folder of that name is no folder of its own.
        stem = video.stem if video.stem.strip(".") else UNNAMED
        name, number = stem, 1
        while str(place / name).casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(str(place / name).casefold())
        folders.append(place / name)
    return folders


def has_newer_pictures(folder: Path, aspects: Iterable[str], video: Path) -> bool:
    """Tell whether an earlier run left a pick of every ratio, and the video has not changed since."""
    try:
        changed_at = video.stat().st_mtime
        return all((folder / picture_name(1, one)).stat().st_mtime >= changed_at for one in aspects)
    except OSError:
        return False


def picture_name(rank: int, aspect: str) -> str:
    """Name the file of one crop, e.g. "1-16x9.jpg"; file systems take no colon."""
    return f"{rank}-{aspect.replace(':', 'x')}.jpg"


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, where they are not there yet.

    Raises:
        ConfigurationError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


def write_files(contents: Mapping[str, bytes], folder: Path) -> None:
    """Write files by name into `folder`, then remove those that only an earlier run left there.

    All are written before the first is put in its place: where the disk is full, the folder stays as it was.

    Raises:
        ConfigurationError: the folder cannot be written to.
    """
    is_new = not folder.exists()
    make_folder(folder)
    parts = {folder / f".{name}.part": folder / name for name in contents}
    try:
        for part, content in zip(parts, contents.values(), strict=True):
            part.write_bytes(content)
        for part, path in parts.items():
            # Renaming within a folder is one step for the file system: a reader sees the old file or the new.
            part.replace(path)
        for path in folder.iterdir():
            if _OURS.fullmatch(path.name) and path.name not in contents:
                path.unlink()
    except OSError as error:
        raise _unwritable(folder, error) from error
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
        if is_new:
            with suppress(OSError):  # it is not empty, as it should be
                folder.rmdir()


def _unwritable(folder: Path, error: OSError) -> ConfigurationError:
    where = file_words(str(folder))
    if error.errno in _FULL:
        return ConfigurationError(
            f"the disk of {where} is full, and nothing of this video was kept: make room, or name another "
            "folder with --out"
        )
    reason = (error.strerror or str(error)).lower()
    return ConfigurationError(f"cannot write to {where} ({reason}): name another folder with --out")
