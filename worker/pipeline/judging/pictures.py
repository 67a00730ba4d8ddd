"""Takes the pictures that a judge is shown: small, and cut as the picks would be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from worker.aspects import parse_aspect
from worker.errors import DecoderCrashed, DecodeTimedOut, Unjudged, UnreadableVideo, VideoTooLarge
from worker.pipeline.crop.crop import crop_box
from worker.pipeline.crop.scene import see
from worker.pipeline.frames import Box
from worker.pipeline.jpeg import encode_jpeg
from worker.pipeline.scoring.text import STILL_SIDE_PX

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from worker.pipeline.frames import Candidate, Rgb, Still
    from worker.pipeline.media import Video
    from worker.pipeline.sandbox.decoder import Decoder
    from worker.pipeline.scoring.models import Models

# Vision-language models see a picture as tiles or patches; at this size a face in a group is still told, and
# a picture costs 300 to 800 tokens.
SIDE_PX = 512
QUALITY = 85

# Stills that are taken at once hold so many pixels at most, three bytes each, here and in the child.
_PIXELS_AT_ONCE = 12 * 3840 * 2160


def take_pictures(
    candidates: Sequence[Candidate],
    video: Video,
    aspect: str,
    models: Models,
    decoder: Decoder,
    on_progress: Callable[[float], None],
) -> list[bytes]:
    """Take the pictures of some moments, in the order given.

    They show the candidates' own moments: which moment beside it is the best is only looked for in picks.

    Args:
        candidates: of the video.
        video: the file that was scanned.
        aspect: that they are cut to, as `parse_aspect` takes it.
        models: find faces, figures and text, which the cut goes around.
        decoder: what opens the file.
        on_progress: gets the fraction done, 0..1.

    Returns:
        JPEG files without EXIF data, of which the longer side has `SIDE_PX` at most.

    Raises:
        Unjudged: the decoder cannot take them.
    """
    size = max(1, _PIXELS_AT_ONCE // (video.width_px * video.height_px))
    pictures: list[bytes] = []
    for start in range(0, len(candidates), size):
        for still in _take_stills(candidates[start : start + size], video, decoder, on_progress):
            pictures.append(_picture(still.rgb, aspect, models))
            on_progress(len(pictures) / len(candidates))
    return pictures


def _take_stills(
    candidates: Sequence[Candidate],
    video: Video,
    decoder: Decoder,
    on_progress: Callable[[float], None],
) -> list[Still]:
    try:
        return decoder.take_stills(
            video,
            [one.time_s for one in candidates],
            [one.active for one in candidates],
            refine=False,
            on_progress=lambda _fraction: on_progress(0.0),
        )
    except (DecoderCrashed, DecodeTimedOut, UnreadableVideo, VideoTooLarge) as exc:
        raise Unjudged("undecoded", f"no pictures could be taken for the judge: {exc}") from exc


def _picture(rgb: Rgb, aspect: str, models: Models) -> bytes:
    box = _box(rgb, aspect, models)
    cut = rgb[box.top : box.bottom, box.left : box.right]
    scale = min(1.0, SIDE_PX / max(box.width, box.height))
    size = (max(1, round(box.width * scale)), max(1, round(box.height * scale)))
    return encode_jpeg(np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), np.uint8), QUALITY)


def _box(rgb: Rgb, aspect: str, models: Models) -> Box:
    """Place the cut; nothing is looked for where the picture has the wanted ratio already."""
    height, width = rgb.shape[:2]
    ratio = parse_aspect(aspect)
    if ratio is None or round(height * ratio) == width:
        return Box(0, 0, width, height)
    faces, foreground = models.faces.find(rgb), models.foreground.find(rgb)
    return crop_box(see(rgb, faces, foreground, models.text.find(rgb, STILL_SIDE_PX)), aspect)
