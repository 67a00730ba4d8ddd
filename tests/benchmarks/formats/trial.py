"""Make each kind of file, let every arm pick from it, and see what is wrong."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import av
from av.codec.codec import UnknownCodecError

from tests.benchmarks.formats.arms import Refused
from tests.benchmarks.formats.measure import FAULTS, REFUSED, ThumbnailReading, look_at
from tests.support.media.odd_files.kind import NotMade

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.benchmarks.formats.arms import Arm, MadeThumbnail
    from tests.support.media.odd_files.kind import OddFile


@dataclass(frozen=True, slots=True)
class ArmOutcome:
    """What one arm made of one file."""

    faults: tuple[str, ...]
    told: str = ""  #: why there is no thumbnail
    seen: tuple[ThumbnailReading, ...] = ()
    thumbnails: tuple[MadeThumbnail, ...] = field(default=(), repr=False)
    took_s: float = 0.0


@dataclass(frozen=True, slots=True)
class KindResult:
    """What came of one kind of file."""

    kind: OddFile
    outcomes: dict[str, ArmOutcome]  #: by the names of the arms
    not_made: str = ""  #: why there is no such file here

    def as_json(self) -> dict[str, Any]:
        """Return what `--json` writes."""
        return {
            "kind": self.kind.name,
            "group": self.kind.group,
            "not_made": self.not_made,
            "outcomes": {
                name: {
                    "faults": outcome.faults,
                    "told": outcome.told,
                    "took_s": round(outcome.took_s, 3),
                    "seen": [
                        {slot: getattr(seen, slot) for slot in ThumbnailReading.__slots__}
                        for seen in outcome.seen
                    ],
                }
                for name, outcome in self.outcomes.items()
            },
        }


def tried(kind: OddFile, arms: Sequence[Arm], folder: Path) -> KindResult:
    """Make one file and let every arm pick from it; the file is removed."""
    path = folder / kind.file_name
    try:
        kind.make(path)
    except (NotMade, UnknownCodecError, av.FFmpegError) as error:
        return KindResult(kind, {}, f"{type(error).__name__}: {error}")
    try:
        return KindResult(kind, {arm.name: _outcome(kind, arm, path) for arm in arms})
    finally:
        path.unlink()


def _outcome(kind: OddFile, arm: Arm, path: Path) -> ArmOutcome:
    began_s = time.perf_counter()
    try:
        thumbnails = arm.pick(path)
    except Refused as error:
        return ArmOutcome((REFUSED,), str(error), took_s=time.perf_counter() - began_s)
    took_s = time.perf_counter() - began_s
    seen = tuple(look_at(one.rgb, one.time_s, kind.truth, path) for one in thumbnails)
    found = {fault for one in seen for fault in one.faults}
    return ArmOutcome(tuple(fault for fault in FAULTS if fault in found), "", seen, tuple(thumbnails), took_s)
