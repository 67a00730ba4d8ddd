"""What ended a call of the decode process, in the errors and sentences that people get."""

from __future__ import annotations

import contextlib
import logging
import signal

from worker.confinement.confine import MIB
from worker.errors import DecoderCrashed, DecodeTimedOut, ThumbsError, UnreadableVideo, VideoTooLarge

log = logging.getLogger(__name__)

# What people call codecs, where FFmpeg's own name says little to them.
_CODEC_NAMES = {"hevc": "HEVC", "libdav1d": "AV1", "vp9": "VP9", "vp8": "VP8", "mpeg2video": "MPEG-2"}


def named(error: Exception, label: str, codec: str, memory_bytes: int) -> ThumbsError:
    """Return the error that a caller knows for one that the child told of.

    Args:
        error: what it told of.
        label: what errors call the video.
        codec: as in `undecodable`.
        memory_bytes: how much a child may use.
    """
    if isinstance(error, ThumbsError):
        return error
    if isinstance(error, MemoryError):
        return VideoTooLarge(
            f"{label}: needs more than the {memory_bytes // MIB} MiB a decoder may use "
            "(send a smaller rendition)"
        )
    # Hostile input finds errors that no code foresees; they must not end the caller.
    log.info("%s: %r", label, error)
    return UnreadableVideo(f"{label}: {undecodable(codec)}")


def undecodable(codec: str) -> str:
    """Say that a video cannot be decoded, and what may help: never a codec that it has already.

    Args:
        codec: FFmpeg's name of it; empty where it is not known.
    """
    if codec and codec != "h264":
        return f"its picture ({_CODEC_NAMES.get(codec, codec)}) cannot be decoded; export it again as H.264"
    what = "it is H.264, but cannot be decoded" if codec else "it cannot be read"
    return f"{what}: the file may be damaged; copy or download it again, or export it again"


def crash(label: str, exit_code: int, cpu_s: float) -> DecoderCrashed | DecodeTimedOut:
    """Make the error of a child that ended, by its exit code: below 0 the signal that ended it.

    SIGXCPU is its limit of processor time, SIGKILL mostly the kernel's want of memory, SIGSEGV a fault in the
    decoder.
    """
    if exit_code == -signal.SIGXCPU:
        return DecodeTimedOut(f"{label}: decoding used over {cpu_s:.0f} s of processor time and was stopped")
    how = f"exit code {exit_code}"
    with contextlib.suppress(ValueError):
        how = signal.Signals(-exit_code).name
    return DecoderCrashed(f"{label}: the decoder died ({how}); the file may be damaged, so export it again")


def nonsense(label: str) -> DecoderCrashed:
    """Make the error of a child whose answer was none."""
    return DecoderCrashed(
        f"{label}: the decoder's answer made no sense, so it was stopped; the file may be damaged or "
        "hostile, so export it again"
    )
