"""A process in the place of the one that reads pictures, taken over: what the file says is what it does."""

from __future__ import annotations

import io
import os
import signal
import sys
import time

from PIL import Image

from worker.pictures.answer import HEAD, PictureVerdict


def jpeg(width_px: int, height_px: int) -> bytes:
    """Return a picture of this size."""
    file = io.BytesIO()
    Image.new("RGB", (width_px, height_px), "teal").save(file, "JPEG")
    return file.getvalue()


REAL = jpeg(64, 32)
ANSWERS = {
    b"honest": HEAD.pack(PictureVerdict.PICTURE, 64, 32, len(REAL)) + REAL,
    b"nothing": b"",
    b"half a head": b"\0\0\0",
    b"unknown verdict": HEAD.pack(77, 64, 32, 0),
    b"no picture in it": HEAD.pack(PictureVerdict.PICTURE, 64, 32, 3) + b"abc",
    b"another size": HEAD.pack(PictureVerdict.PICTURE, 640, 320, len(REAL)) + REAL,
    b"shorter": HEAD.pack(PictureVerdict.PICTURE, 64, 32, len(REAL)) + REAL[:-10],
    b"longer": HEAD.pack(PictureVerdict.PICTURE, 64, 32, len(REAL)) + REAL + b"more",
    b"too wide": HEAD.pack(PictureVerdict.PICTURE, 65_000, 65_000, len(REAL)) + REAL,
    b"a pickle": b"\x80\x04cos\nsystem\n(S'touch /tmp/owned'\ntR.",
}


def main() -> None:
    """Do what the file says."""
    wish = sys.stdin.buffer.read()
    if wish == b"crash":
        os.abort()
    if wish == b"busy":
        os.kill(os.getpid(), signal.SIGXCPU)
    if wish == b"hang":
        time.sleep(60)
    if wish == b"endless":
        while True:
            sys.stdout.buffer.write(bytes(1 << 20))
    sys.stdout.buffer.write(ANSWERS[wish])


if __name__ == "__main__":
    main()
