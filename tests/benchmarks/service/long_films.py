"""Films of any length in the forms in which platforms serve them, made quickly: real clips, repeated by copy.

640x360, about 1 Mbit/s with sound, a keyframe at cuts and at least every 4 s: the small rendition of a
platform. Only the first two minutes are encoded.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import imageio_ffmpeg

from tests.benchmarks.speed.footage import LOOKS, wheel_clips

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_WIDTH_PX, _HEIGHT_PX, _FRAME_RATE = 640, 360, 25
_KEYFRAMES = ("-g", str(4 * _FRAME_RATE))
_SOUND = ("-f", "lavfi", "-i", "anoisesrc=a=0.02:r=44100:d=600")

ENCODINGS = {
    "mp4": ("-c:v", "libx264", "-preset", "veryfast", "-b:v", "900k", "-bf", "3", *_KEYFRAMES, "-c:a", "aac"),
    "webm": (
        *("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "900k"),
        *(*_KEYFRAMES, "-c:a", "libopus"),
    ),
}

FORMS = {
    "mp4": ("mp4", ("-f", "mp4")),
    "mp4, index first": ("mp4", ("-f", "mp4", "-movflags", "faststart")),
    "webm": ("webm", ("-f", "webm")),
    "HLS, TS": ("mp4", ("-f", "hls", "-hls_time", "6", "-hls_playlist_type", "vod")),
    "HLS, fMP4": (
        "mp4",
        ("-f", "hls", "-hls_time", "6", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4"),
    ),
}
"""The encoding of each, and how it is packed."""


def film(form: str, minutes: float, folder: Path) -> Path:
    """Make a film, once for a folder.

    Args:
        form: one of `FORMS`.
        minutes: how long it plays.
        folder: keeps what was made.

    Returns:
        The file, or the playlist beside its segments.
    """
    encoding, packing = FORMS[form]
    own = folder / f"{form.replace(', ', '-').replace(' ', '-')}-{minutes:g}"
    target = own / ("index.m3u8" if form.startswith("HLS") else f"film.{encoding}")
    if not target.exists():
        own.mkdir(parents=True, exist_ok=True)
        source = _encoded(encoding, folder)
        _ffmpeg("-stream_loop", "-1", "-i", source, "-t", minutes * 60, "-c", "copy", *packing, target)
    return target


def _encoded(encoding: str, folder: Path) -> Path:
    """Join the clips, each time enlarged and mirrored differently."""
    target = folder / f"scenes.{encoding}"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        clips = wheel_clips()
        looks = [(clip, look) for look in LOOKS for clip in range(len(clips))]
        parts = [_shown(clip, number, *look) for number, (clip, look) in enumerate(looks)]
        joined = "".join(f"[v{number}]" for number in range(len(looks)))
        graph = ";".join([*parts, f"{joined}concat=n={len(looks)}[v]"])
        inputs = [word for clip in clips for word in ("-i", clip)]
        _ffmpeg(
            *inputs,
            *_SOUND,
            *("-filter_complex", graph, "-map", "[v]", "-map", f"{len(clips)}:a", "-shortest"),
            *ENCODINGS[encoding],
            target,
        )
    return target


def _shown(clip: int, number: int, zoom: float, across: float, down: float, is_mirrored: bool) -> str:
    """Write the filter that shows a clip once, enlarged at a place."""
    cut = f"crop=iw/{zoom}:ih/{zoom}:(iw-ow)*{across}:(ih-oh)*{down}"
    turn = ",hflip" if is_mirrored else ""
    size = f"scale={_WIDTH_PX}:{_HEIGHT_PX},setsar=1,fps={_FRAME_RATE},format=yuv420p"
    return f"[{clip}:v]trim=duration=6,setpts=PTS-STARTPTS,{cut}{turn},{size}[v{number}]"


def _ffmpeg(*arguments: object) -> None:
    program = imageio_ffmpeg.get_ffmpeg_exe()
    words: Sequence[str] = [program, "-v", "error", "-y", *(str(one) for one in arguments)]
    subprocess.run(words, check=True)
