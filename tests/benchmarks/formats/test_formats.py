"""The benchmark of formats tells a right thumbnail from each kind of wrong one, and counts no file twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from tests.benchmarks.formats import arms, measure
from tests.benchmarks.formats.__main__ import chosen
from tests.benchmarks.formats.arms import MadeThumbnail, Refused
from tests.benchmarks.formats.measure import COLOUR, PICTURE, REFUSED, TIME, WAY_UP, look_at
from tests.benchmarks.formats.sheets import write as write_sheet
from tests.benchmarks.formats.table import tables
from tests.benchmarks.formats.trial import tried
from tests.support.media import stamped
from tests.support.media.odd_files import KINDS
from tests.support.media.odd_files.kind import NotMade, OddFile, Truth
from tests.support.media.odd_files.orientations import MATRICES, stored

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.frames import Rgb

NUMBER = 20
TIME_S = NUMBER / stamped.RATE


def _picture() -> Rgb:
    return stamped.frame(NUMBER).copy()


def _faults(rgb: Rgb, path: Path, time_s: float | None = TIME_S) -> tuple[str, ...]:
    return look_at(rgb, time_s, Truth(), path).faults


class _Says:
    """An arm that gives this picture, or refuses."""

    def __init__(self, name: str, rgb: Rgb | None) -> None:
        self.name, self._rgb = name, rgb

    def pick(self, _path: Path) -> list[MadeThumbnail]:
        if self._rgb is None:
            raise Refused("no reason")
        return [MadeThumbnail(self._rgb, TIME_S)]


def test_every_frame_tells_its_number_and_no_mirror_image_does() -> None:
    """At half the size too, and where a few pixels of the edge are missing."""
    for number in range(0, stamped.MAX_FRAMES, 7):
        rgb = stamped.frame(number)
        assert stamped.number_of(rgb) == number
        assert stamped.number_of(cv2.resize(rgb, (192, 108), interpolation=cv2.INTER_AREA)) == number
        assert stamped.number_of(np.ascontiguousarray(rgb[3:-3, 4:-4])) == number


def test_a_right_thumbnail_has_no_fault(tmp_path: Path) -> None:
    """Also one of another size."""
    assert _faults(_picture(), tmp_path) == ()
    assert _faults(cv2.resize(_picture(), (768, 432), interpolation=cv2.INTER_CUBIC), tmp_path) == ()


@pytest.mark.parametrize("name", list(MATRICES)[1:])
def test_a_thumbnail_the_wrong_way_up_is_told(tmp_path: Path, name: str) -> None:
    """Whichever of the seven it is, and that alone is wrong with it."""
    assert _faults(stored(_picture(), MATRICES[name]), tmp_path) == (WAY_UP,)


def test_colours_that_are_off_are_told(tmp_path: Path) -> None:
    """Those of P3 shown as they are; what is only a little paler is not."""
    gray = cv2.cvtColor(_picture(), cv2.COLOR_RGB2GRAY)[..., None]
    paler, slightly = (
        np.clip(gray + share * (_picture() - gray.astype(float)), 0, 255) for share in (0.8, 0.98)
    )

    assert _faults(paler.astype(np.uint8), tmp_path) == (COLOUR,)
    assert _faults(slightly.astype(np.uint8), tmp_path) == ()


def test_a_time_that_is_off_by_a_frame_is_told(tmp_path: Path) -> None:
    """Where a time is said at all."""
    assert _faults(_picture(), tmp_path, TIME_S + 1 / stamped.RATE) == (TIME,)
    assert _faults(_picture(), tmp_path, TIME_S + 0.1 / stamped.RATE) == ()
    assert _faults(_picture(), tmp_path, None) == ()


def test_another_picture_is_told(tmp_path: Path) -> None:
    """Bars that were left, two eyes in one, a decoder's fill, a small copy."""
    torn = _picture()
    torn[:, :130] = (0, 135, 0)
    barred = cv2.copyMakeBorder(_picture(), 40, 40, 0, 0, cv2.BORDER_CONSTANT)

    assert _faults(barred, tmp_path) == (PICTURE,)
    assert _faults(np.hstack([_picture(), _picture()]), tmp_path) == (PICTURE,)
    assert _faults(torn, tmp_path) == (PICTURE,)
    assert _faults(cv2.resize(_picture(), (96, 54), interpolation=cv2.INTER_AREA), tmp_path) == (PICTURE,)


def test_a_table_counts_what_each_arm_did_and_leaves_out_what_was_not_made(tmp_path: Path) -> None:
    """A file that cannot be made here is nobody's success."""

    def cannot(_path: Path) -> None:
        raise NotMade("no encoder")

    upside_down = _Says("one", np.ascontiguousarray(_picture()[::-1]))
    kinds = [
        OddFile("plain", "plain ones", ".bin", lambda path: path.write_bytes(b"")),
        OddFile("rare", "plain ones", ".bin", cannot),
    ]

    results = [tried(kind, [upside_down, _Says("other", None)], tmp_path) for kind in kinds]
    table = tables(results, ["one", "other"])

    assert results[0].outcomes["one"].faults == (WAY_UP,)
    assert results[0].outcomes["other"].faults == (REFUSED,)
    assert "| **all** | 1 |  | 1 |  |  |  | 1 | 1 |  |  |  |  | 1 |" in table
    assert "- rare: NotMade: no encoder" in table
    assert "refused: no reason" in table
    write_sheet(results[0], tmp_path / "sheets")
    assert (tmp_path / "sheets" / "plain.jpg").stat().st_size > 0


def test_ffmpegs_command_is_optional(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any, its filter stands in, and says so; it does not turn pictures."""
    monkeypatch.setattr(arms.shutil, "which", lambda _name: None)
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    arm = arms.ffmpeg()
    (turned,) = chosen(["turned by 180, by the container"])

    assert "not turned" in arm.name
    assert tried(turned, [arm], tmp_path).outcomes[arm.name].faults == (WAY_UP,)


def test_the_kinds_are_told_apart_by_their_names() -> None:
    """So that one can be asked for, and files do not overwrite each other."""
    assert len({kind.file_name for kind in KINDS}) == len(KINDS)
    assert {kind.group for kind in chosen(["orientation"])} == {"orientation"}
    assert chosen(["no such kind"]) == []


@pytest.mark.parametrize(
    "name",
    ["transposed, by HEVC", "primaries 12, P3", "equirectangular", "clean aperture", "halved, told by st3d"],
)
def test_the_files_are_of_their_kind(tmp_path: Path, name: str) -> None:
    """A reader that knows nothing of the kind shows something wrong."""
    kind = chosen([name])[0]
    arm = arms.FfmpegFilter()

    outcome = tried(kind, [arm], tmp_path).outcomes[arm.name]

    assert set(outcome.faults) & {WAY_UP, COLOUR, PICTURE}


def test_the_same_picture_is_no_distance_away() -> None:
    """And a picture without colours is measured by its greys."""
    gray = cv2.cvtColor(cv2.cvtColor(_picture(), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)

    assert measure.colour_error(_picture(), _picture()) == 0
    assert measure.colour_error((gray * 0.8).astype(np.uint8), gray) > 5
