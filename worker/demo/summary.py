"""What the demo shows at its end: the picks, where their pictures are, and how long it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.demo.reporter import what_was_written
from worker.local.output_files import picture_name
from worker.text import clock, reason_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from worker.database.models import Thumbnail
    from worker.demo.simulator import JournalEntry

STAGES = ("metadata", "download", "probe", "scan", "score", "pick", "stills")
PLATFORM_PICTURE = "platform.jpg"
BEFORE_AND_AFTER = ("before-the-trim.jpg", "after-the-trim.jpg")


def write_pictures(
    out: Path, pictures: Sequence[tuple[Thumbnail, bytes]], shown: bytes
) -> list[tuple[Thumbnail, Path]]:
    """Write every picture, and what the platform shows, into a folder; return where each one is."""
    out.mkdir(parents=True, exist_ok=True)
    (out / PLATFORM_PICTURE).write_bytes(shown)
    written = []
    for thumbnail, jpeg in pictures:
        file = out / picture_name(thumbnail.rank, thumbnail.aspect)
        file.write_bytes(jpeg)
        written.append((thumbnail, file))
    return written


def write_pair(out: Path, before: bytes, after: bytes) -> list[Path]:
    """Write what the platform shows of the video and of the clip made from it; return where each one is."""
    files = [out / name for name in BEFORE_AND_AFTER]
    for file, jpeg in zip(files, (before, after), strict=True):
        file.write_bytes(jpeg)
    return files


def describe_trim(duration_s: float, shown: Sequence[tuple[float, Path]]) -> str:
    """Say what the platform shows before and after a trim: a moment and a picture each."""
    (before_s, before), (after_s, after) = shown
    return "\n".join(
        [
            "",
            f"Trimmed to its first {duration_s:.2f} s; the platform shows:",
            f"  before  {clock(before_s)}  {before}",
            f"  after   {clock(after_s)}  {after}",
        ]
    )


def describe_loop(
    pictures: Sequence[tuple[Thumbnail, Path]],
    timings_s: Mapping[str, float],
    accepted: JournalEntry,
    *,
    took_s: float,
) -> str:
    """Say in lines what was picked, what the platform took, and how long it took.

    Args:
        pictures: with their files.
        timings_s: of the job, by stage.
        accepted: the write that the platform accepted.
        took_s: from the webhook to that write.
    """
    lines = ["", "Picked:"]
    for thumbnail, file in pictures:
        reasons = ", ".join(reason_words(reason) for reason in thumbnail.reasons)
        lines.append(
            f"  {thumbnail.rank}  {clock(thumbnail.time_s)}  {thumbnail.score:.2f}  {file}  {reasons}"
        )
    # Without an address: the service is gone when somebody opens it.
    lines += ["  each fetched from the service at /thumbnails/SHA256.jpg, as a player does"]
    lines += ["", "Written back:", f"  the platform accepted {what_was_written(accepted)}"]
    lines += [f"  and shows {pictures[0][1].with_name(PLATFORM_PICTURE)}"]
    in_order = sorted(timings_s.items(), key=lambda item: (*STAGES, item[0]).index(item[0]))
    stages = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in in_order)
    lines += [
        "",
        "Seconds:",
        f"  {took_s:.2f} from the webhook to the accepted write",
        f"  {stages}",
        f"  and {took_s - sum(timings_s.values()):.2f} on the way between the programs",
    ]
    return "\n".join(lines)


def describe_next(out: Path) -> str:
    """Say what is left of the demo, and what to try after it."""
    return "\n".join(
        [
            "",
            f"The service of this demo is gone; the pictures stay in {out}.",
            "",
            "Next:",
            "  thumbs pick YOUR.mp4    the best frames of a file of yours",
            "  thumbs up               the service, for your own accounts",
            "  thumbs simulate mux     a simulated platform to try it with",
            "  docs/concepts.md        what asset, job, pick and the like mean",
        ]
    )
