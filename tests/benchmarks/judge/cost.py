"""What a judge costs: requests, tokens and bytes for one video, and money for a thousand.

The real `VlmJudge` asks the fake judge, which counts pictures by the rule of Qwen3-VL (one token for each
32x32 px) and four characters of text as a token. Prices are assumptions; give your own.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NamedTuple

import av
import cv2
import numpy as np

from tests.benchmarks.quality.quality_table import markdown
from tests.benchmarks.speed.footage import wheel_clips
from tests.support.judge_server.fake_judge import FakeJudge
from tests.support.judge_server.scripts import always_first, says
from worker.judge.connection import JudgeConnection
from worker.judge.ledger import MemoryLedger
from worker.judge.vlm_judge import VlmJudge
from worker.pipeline.jpeg import encode_jpeg
from worker.pipeline.judging.verdict import Description, Say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.support.judge_server.fake_judge import Usage
    from worker.pipeline.frames import Rgb

QUALITY = 85  #: of the pictures that the product sends
SUBJECT = "a woman laughs with two friends at a table"  #: as long as the judge may answer
TITLE = "How we built a treehouse in a weekend, without any tools of our own"
TIMEOUT_S = 60.0
VIDEOS, MILLION = 1000, 1_000_000


class CostCase(NamedTuple):
    """A choice of settings."""

    pictures: int  #: JUDGE_PICTURES
    readings: int  #: JUDGE_READINGS; 0 where it only describes (JUDGE_MODE=veto)


CASES = (
    CostCase(12, 0),
    CostCase(12, 2),
    CostCase(12, 4),
    CostCase(12, 6),
    CostCase(8, 6),
    CostCase(4, 6),
    CostCase(26, 6),
)


class Prices(NamedTuple):
    """Dollars for a million tokens."""

    prompt: tuple[float, ...]  #: each gets a column
    answer: float


def run(arguments: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.judge cost", description=__doc__)
    parser.add_argument("--in", dest="prompt", type=float, nargs="+", default=[0.10, 0.30], metavar="DOLLARS")
    parser.add_argument("--out", dest="answer", type=float, default=0.40, metavar="DOLLARS")
    parser.add_argument("--size", default="512x288", metavar="WxH", help="of the pictures, in pixels")
    given = parser.parse_args(arguments)
    width_px, height_px = map(int, given.size.split("x"))
    shown = pictures(wheel_clips(), max(case.pictures for case in CASES), (width_px, height_px))
    usages = {case: usage_of(case, shown) for case in CASES}
    print(table(usages, Prices(tuple(given.prompt), given.answer)))
    return 0


def usage_of(case: CostCase, shown: Sequence[bytes]) -> Usage:
    """Judge one video, and return what that took."""
    with FakeJudge(says(lambda _picture: Description(subject=SUBJECT), always_first())) as server:
        judge = VlmJudge(
            JudgeConnection(server.url, "eye"),
            MemoryLedger(),
            Say.LEAD if case.readings else Say.VETO,
            most_pictures=case.pictures,
            readings=case.readings,
            timeout_s=TIMEOUT_S,
            sends_title=True,
        )
        judge.judge(shown[: case.pictures], TITLE, in_order=case.readings > 0)
        return server.usage


def dollars(usage: Usage, prompt: float, answer: float) -> float:
    """Compute what a thousand videos cost.

    Args:
        usage: of one video.
        prompt: dollars for a million tokens that are sent.
        answer: dollars for a million tokens that come back.
    """
    return VIDEOS * (usage.prompt_tokens * prompt + usage.answer_tokens * answer) / MILLION


def table(usages: dict[CostCase, Usage], prices: Prices) -> str:
    """Write the usage of one video, and the money for a thousand."""
    heads = ("pictures", "readings", "requests", "tokens in", "tokens out", "MB sent")
    priced = [f"$ for 1,000 videos at ${price:.2f} in, ${prices.answer:.2f} out" for price in prices.prompt]
    rows = [
        (
            str(case.pictures),
            str(case.readings or "none"),
            str(usage.requests),
            f"{usage.prompt_tokens:,}",
            f"{usage.answer_tokens:,}",
            f"{usage.sent_bytes / MILLION:.1f}",
            *(f"{dollars(usage, price, prices.answer):.2f}" for price in prices.prompt),
        )
        for case, usage in usages.items()
    ]
    return markdown((*heads, *priced), rows)


def pictures(clips: Sequence[Path], count: int, size: tuple[int, int]) -> list[bytes]:
    """Cut pictures of a (width, height) out of real footage, evenly over all of it.

    Clips that would have to be enlarged are left out.
    """
    fitting = [cut for clip in clips for frame in _frames(clip) if (cut := _cut(frame, size)) is not None]
    chosen = np.linspace(0, len(fitting) - 1, count).round().astype(int)
    return [encode_jpeg(fitting[index], QUALITY) for index in chosen]


def _frames(clip: Path) -> Iterator[Rgb]:
    with av.open(str(clip)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index % 10 == 0:
                yield frame.to_ndarray(format="rgb24")


def _cut(rgb: Rgb, size: tuple[int, int]) -> Rgb | None:
    width_px, height_px = size
    height, width = rgb.shape[:2]
    scale = max(width_px / width, height_px / height)
    if scale > 1:
        return None
    cut = rgb[: round(height_px / scale), : round(width_px / scale)]
    return np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), np.uint8)
