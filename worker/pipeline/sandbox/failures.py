"""Sentences for people about a decode process that failed."""

from __future__ import annotations

import contextlib
import signal

from worker.errors import DecoderCrashed, DecodeTimedOut

# What people call codecs, where FFmpeg's own name says little to them.
_CODEC_NAMES = {"hevc": "HEVC", "libdav1d": "AV1", "vp9": "VP9", "vp8": "VP8", "mpeg2video": "MPEG-2"}


def undecodable(codec: str) -> str:
    """Say that a video cannot be decoded, and what may help: never a codec that it has already."""
    if codec and codec != "h264":
        return f"its picture ({_CODEC_NAMES.get(codec, codec)}) cannot be decoded; export it again as H.264"
    what = "it is H.264, but cannot be decoded" if codec else "it cannot be read"
    return f"{what}: the file may be damaged; copy or download it again, or export it again"


def crash(label: str, exit_code: int, cpu_s: float) -> DecoderCrashed | DecodeTimedOut:
    """Return the error that says what ended the process."""
    # The signal tells what ended the child: SIGXCPU its limit of processor time, SIGKILL mostly the kernel's
    # want of memory, SIGSEGV a fault in the decoder.
    if exit_code == -signal.SIGXCPU:
        return DecodeTimedOut(f"{label}: decoding used over {cpu_s:.0f} s of processor time and was stopped")
    how = f"exit code {exit_code}"
    with contextlib.suppress(ValueError):
        how = signal.Signals(-exit_code).name
    return DecoderCrashed(f"{label}: the decoder died ({how}); the file may be damaged, so export it again")
