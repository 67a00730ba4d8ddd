"""Write the files that a run leaves: a folder for each video, with its pictures and perhaps its report.

    thumbs-out/bikes/1-16x9.jpg     rank and aspect ratio
    thumbs-out/bikes/report.html    with --report

Nothing but files of such names is ever replaced or removed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from worker.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

REPORT_NAME = "report.html"
UNNAMED = "video"  # the folder of a file whose name has only dots before the ending

# Names that only we give; whatever else lies in a folder is the user's, and stays.
_OURS = re.compile(rf"\d+-([\d.]+x[\d.]+|source)\.jpg|{re.escape(REPORT_NAME)}")


def name_folders(videos: Sequence[Path], out: Path) -> list[Path]:
    """Name a folder for each video after its file; a second video of the same name gets "-2".

    Upper and lower case count as the same: some file systems cannot tell them apart.
    """
    taken: set[str] = set()
    folders = []
    for video in videos:
        # "..mp4" has the stem ".", and a folder of that name is no folder of its own.
        stem = video.stem if video.stem.strip(".") else UNNAMED
        name, number = stem, 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        folders.append(out / name)
    return folders


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

    Raises:
        ConfigurationError: the folder cannot be written to.
    """
    make_folder(folder)
    try:
        for name, content in contents.items():
            _replace(folder / name, content)
        for path in folder.iterdir():
            if _OURS.fullmatch(path.name) and path.name not in contents:
                path.unlink()
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> ConfigurationError:
    reason = (error.strerror or str(error)).lower()
    return ConfigurationError(f"cannot write to {folder} ({reason}): name another folder with --out")


def _replace(path: Path, content: bytes) -> None:
    """Put `content` at `path` at once: a reader sees the old file or the new one, never a part."""
    # Renaming within a folder is one step for the file system; the dot hides the part from `*.jpg`.
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
