"""Reads a set of judged frames; `docs/judged-frames.md` describes its files."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from worker.errors import JudgedSetInvalid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

TABLE, SECOND_TABLE = "judged.tsv", "second.tsv"
TIMES = "times.json"
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
MAX_TOLD = 5  #: faults that a message names; the rest are counted


@dataclass(frozen=True, slots=True)
class JudgedFrame:
    """One picture of a video, and its place among the others."""

    letter: str  #: its name within the video
    file: Path
    time_s: float
    shot: int
    rank: int  #: 0 is the best; frames that are alike have the same


@dataclass(frozen=True)  # without slots, where nothing could be cached
class JudgedVideo:
    """A video of which some frames were put in order by eye."""

    name: str
    frames: tuple[JudgedFrame, ...]  #: by letter, at least two
    duration_s: float
    kind: str = ""  #: e.g. "travel"; empty where nobody said
    repository: str = ""  #: where it comes from; videos of one repository are related
    group: str = ""  #: videos of one group are related, and no others

    @property
    def ranks(self) -> NDArray[np.int64]:
        """(frames,) 0 is the best; frames that are alike have the same."""
        return np.array([frame.rank for frame in self.frames], np.int64)

    @cached_property
    def sha256(self) -> str:
        """The sum of what there is to see: pictures, times and shots, but not their order; read once."""
        told = hashlib.sha256(repr((self.name, self.duration_s)).encode())
        for frame in self.frames:
            told.update(repr((frame.letter, frame.time_s, frame.shot)).encode() + frame.file.read_bytes())
        return told.hexdigest()


def read_judged_set(folder: Path) -> tuple[JudgedVideo, ...]:
    """Read every video of a set, by name.

    Raises:
        JudgedSetInvalid: the set lacks something, or contradicts itself; the message names up to five faults.
    """
    videos, faults = [], []
    rows = _rows(folder / TABLE)
    for row in rows:
        try:
            videos.append(_video(folder, row))
        except JudgedSetInvalid as fault:
            faults.append(str(fault))
    doubled = [name for name, count in Counter(row["video"] for row in rows).items() if count > 1]
    faults += [f"{name} has more than one row in {TABLE}; keep one" for name in doubled]
    if faults:
        more = f"; and {len(faults) - MAX_TOLD} more" if len(faults) > MAX_TOLD else ""
        raise JudgedSetInvalid("; ".join(faults[:MAX_TOLD]) + more)
    return tuple(sorted(videos, key=lambda video: video.name))


def read_second_readings(
    folder: Path, videos: tuple[JudgedVideo, ...]
) -> list[tuple[JudgedVideo, NDArray[np.int64]]]:
    """Read how another reader ordered some of the videos.

    Returns:
        For each such reading, the video, and (frames,) ranks by letter. Empty without `second.tsv`.

    Raises:
        JudgedSetInvalid: it orders other frames than the set has.
    """
    if not (folder / SECOND_TABLE).is_file():
        return []
    by_name = {video.name: video for video in videos}
    readings = []
    for row in _rows(folder / SECOND_TABLE):
        if (video := by_name.get(row["video"])) is None:
            continue
        ranks = _ranks(f"{row['video']} in {SECOND_TABLE}", row["order"])
        if ranks.keys() != {frame.letter for frame in video.frames}:
            raise JudgedSetInvalid(
                f"{SECOND_TABLE} orders other frames of {video.name} than {TABLE}; name each frame once"
            )
        readings.append((video, np.array([ranks[frame.letter] for frame in video.frames], np.int64)))
    return readings


def sum_of(videos: Sequence[JudgedVideo]) -> str:
    """Compute the SHA-256 of a set: what there is to see, and how it was judged."""
    told = repr([(video.sha256, video.ranks.tolist()) for video in videos])
    return hashlib.sha256(told.encode()).hexdigest()


def _rows(table: Path) -> list[dict[str, str]]:
    try:
        with table.open(encoding="utf-8", newline="") as opened:
            rows = list(csv.DictReader(opened, delimiter="\t", quoting=csv.QUOTE_NONE, restval=""))
    except OSError as error:
        raise JudgedSetInvalid(
            f"{table}: no such table; name the folder of a set, as docs/judged-frames.md describes it"
        ) from error
    except UnicodeDecodeError as error:
        raise JudgedSetInvalid(f"{table}: not UTF-8; save it as UTF-8") from error
    missing = {"video", "order"} - (rows[0].keys() if rows else set())
    if missing:
        raise JudgedSetInvalid(
            f"{table}: no column {' and no column '.join(sorted(missing))}; "
            "its first line names the columns, with tabs between them, and at least one row follows"
        )
    return rows


def _video(folder: Path, row: dict[str, str]) -> JudgedVideo:
    name = row["video"]
    ranks = _ranks(name, row["order"])
    place = folder / "frames" / name
    times = _times(place / TIMES)
    frames = tuple(
        JudgedFrame(
            letter,
            _picture(place, letter),
            _number(times["times_s"].get(letter), f"{place / TIMES}: frame {letter}"),
            int(times.get("shots", {}).get(letter, 0)),
            rank,
        )
        for letter, rank in sorted(ranks.items())
    )
    duration_s = _number(times.get("duration_s"), f"{place / TIMES}: duration_s")
    return JudgedVideo(
        name, frames, duration_s, *(row.get(column) or "" for column in ("kind", "repository", "group"))
    )


def _ranks(name: str, order: str) -> dict[str, int]:
    """Read `B>A=C`: B is the best, A and C are alike."""
    ranks = [
        (letter.strip(), rank) for rank, alike in enumerate(order.split(">")) for letter in alike.split("=")
    ]
    letters = [letter for letter, _ in ranks]
    if not name or len(ranks) < 2 or "" in letters or len(set(letters)) < len(letters):  # noqa: PLR2004 - a pair
        raise JudgedSetInvalid(
            f"{name or 'a row without a video'}: the order {order!r} cannot be read; write each frame once, "
            "best first, as B>A=C>D"
        )
    return dict(ranks)


def _times(file: Path) -> dict[str, Any]:
    try:
        times = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise JudgedSetInvalid(f"{file}: no such file; it tells when each frame is shown") from error
    except ValueError as error:
        raise JudgedSetInvalid(f"{file}: not JSON ({error})") from error
    if not isinstance(times, dict) or not isinstance(times.get("times_s"), dict):
        raise JudgedSetInvalid(f"{file}: no times_s; it is an object with duration_s and times_s")
    return times


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value) or value < 0:
        raise JudgedSetInvalid(f"{where} has no time; write seconds, 0 or more")
    return float(value)


def _picture(place: Path, letter: str) -> Path:
    files = (place / f"{letter}{suffix}" for suffix in PICTURE_SUFFIXES)
    found = next((file for file in files if file.is_file()), None)
    if found is None:
        raise JudgedSetInvalid(f"{place}: no picture of frame {letter} ({letter}.jpg or .png)")
    return found
