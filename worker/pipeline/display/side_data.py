"""What FFmpeg puts beside a decoded frame: structures of its own, as the machine lays them out in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from av.sidedata.sidedata import SideData, Type
    from av.video.frame import VideoFrame


def side_numbers(frame: VideoFrame, kind: Type) -> list[int]:
    """Read the first structure of a kind beside a frame, as signed 32-bit numbers.

    Returns:
        Nothing where there is none.
    """
    # PyAV declares the mapping by a name of its own, as if it held texts.
    for one in cast("Iterable[SideData]", frame.side_data):
        if one.type is kind:
            content = bytes(one)
            return [int(number) for number in np.frombuffer(content[: len(content) // 4 * 4], np.int32)]
    return []
