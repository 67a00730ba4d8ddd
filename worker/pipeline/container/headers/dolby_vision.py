"""Dolby Vision's configuration record: whether the samples are IPT-PQ-C2, which no tag in the stream says.

Source: "Dolby Vision Streams Within the ISO Base Media File Format", version 2.4, sections 2 and 3.2; the
same record stands in Matroska.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# One box for profiles up to 7, one for 8 to 10, one for later ones.
_BOXES = ("dvcC", "dvvC", "dvwC")
_PROFILE_AT, _COMPATIBILITY_AT = 2, 4

# HEVC with nothing but IPT-PQ-C2.
_PROFILE_5 = 5
# AV1 and MV-HEVC: IPT-PQ-C2 where the record names no ordinary video that they are compatible with.
_PROFILES_OF_EITHER_KIND = {10, 20}


def is_ipt_pq(boxes: Mapping[str, bytes]) -> bool:
    """Tell whether a track's samples are IPT-PQ-C2; all other profiles have ordinary samples underneath.

    Args:
        boxes: what boxes of the track's sample entry hold, by their four characters.
    """
    for record in (boxes[name] for name in _BOXES if name in boxes):
        if len(record) > _COMPATIBILITY_AT:
            profile = record[_PROFILE_AT] >> 1
            is_compatible = record[_COMPATIBILITY_AT] >> 4 != 0
            return profile == _PROFILE_5 or (profile in _PROFILES_OF_EITHER_KIND and not is_compatible)
    return False
