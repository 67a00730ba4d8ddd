"""What the demo shows at its end: the picks, where their pictures are, and how long it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.database.thumbnail_links import ThumbnailLinks
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
    url: str,
) -> str:
    """Say in lines what was picked, what the platform took, and how long it took.

    Args:
        pictures: with their files.
        timings_s: of the job, by stage.
        accepted: the write that the platform accepted.
        took_s: from the webhook to that write.
        url: of the receiver.
    """
    links = ThumbnailLinks(url)
    lines = ["", "Picked:"]
    for thumbnail, file in pictures:
        reasons = ", ".join(reason_words(reason) for reason in thumbnail.reasons)
        lines.append(
            f"  {thumbnail.rank}  {clock(thumbnail.time_s)}  {thumbnail.score:.2f}  {file}  {reasons}"
        )
        address = links.url(thumbnail.sha256, is_private=False)
        lines.append(f"     {address}, fetched: {len(thumbnail.jpeg)} bytes")
    lines += ["", "Written back:", f"  the platform accepted {_what(accepted)}"]
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


def _what(accepted: JournalEntry) -> str:
    """Say what was written: a moment, or a picture."""
    if accepted.thumbnail_time is None:
        return f"our picture, {accepted.detail['image_bytes']} bytes"
    return f"the time {accepted.thumbnail_time:.3f} s"
