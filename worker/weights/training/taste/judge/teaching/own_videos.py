"""Finds one's own videos, names each for the set, and tells which belong together."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from worker.errors import JudgedSetInvalid
from worker.pipeline.container.file_head import is_video
from worker.weights.training.taste.related import DIGITS

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_NAME = 80  #: characters of a video's own name
SUM_LENGTH = 6  #: hex digits that keep videos apart whose names are written alike
UNNAMED = re.compile(r"[^\w.]+")  #: what has no place in the name of a folder or in a table
NUMBERING_SHARE = 0.5  #: of the videos: a name that more of them share tells a camera, not kinship


class OwnVideo(NamedTuple):
    """A video to take frames of."""

    path: Path
    name: str  #: in the set: that of a folder
    group: str  #: videos of one group are related
    within: str  #: the way to it from the folder that was named


def own_videos(folder: Path) -> list[OwnVideo]:
    """Find the videos of a folder and of all folders in it, in order of their paths; hidden ones stay out.

    Those of one folder in it are related. Those that lie in it directly are related where their names differ
    only in digits, unless most of them do: then that is a camera's numbering.

    Raises:
        JudgedSetInvalid: there is none, or the folder cannot be read.
    """
    ways = [path.relative_to(folder) for path in _videos(folder)]
    if not ways:
        raise JudgedSetInvalid(
            f"{folder}: no videos in it; name a folder with videos, or one of judged frames"
        )
    stems = Counter(DIGITS.sub("", way.stem) for way in ways if way.parent == Path())
    numbered = {stem for stem, count in stems.items() if count > NUMBERING_SHARE * len(ways) or not stem}
    return [OwnVideo(folder / way, _name(way), _group(way, numbered), _plain(str(way))) for way in ways]


def _videos(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise JudgedSetInvalid(f"{error.filename}: cannot be looked into; check the path and its permissions")

    for place, below, files in os.walk(folder, onerror=refuse):
        below[:] = sorted(one for one in below if not one.startswith("."))
        for file in sorted(files):
            if not file.startswith(".") and is_video(Path(place, file)):
                yield Path(place, file)


def _name(way: Path) -> str:
    """Write a name that is the same in each run, and that no other video has."""
    told = hashlib.sha256(os.fsencode(way)).hexdigest()[:SUM_LENGTH]
    return f"{UNNAMED.sub('-', _plain(str(way.with_suffix(''))))[:MAX_NAME].strip('-.')}-{told}"


def _group(way: Path, numbered: set[str]) -> str:
    if way.parent != Path():
        return _plain(f"{way.parent}/")
    stem = DIGITS.sub("", way.stem)
    return _plain(str(way) if stem in numbered else stem)


def _plain(text: str) -> str:
    """Write what can stand in a table of UTF-8: a path may hold bytes that are no text."""
    return " ".join(os.fsencode(text).decode("utf-8", "replace").split())
