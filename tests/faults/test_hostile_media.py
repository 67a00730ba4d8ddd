"""Files that were made to hurt cost an error with a name, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import av.error
import pytest

from tests.faults import hostile_media
from tests.support.faults import media_corpus, odd_corpus
from tests.support.faults.media_corpus import Lures
from tests.support.media import pictures
from tests.support.media.clips import write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.support.media.odd_files.kind import OddFile


@pytest.mark.parametrize("count", [12, pytest.param(45, marks=pytest.mark.faults)])
def test_hostile_files_cost_an_error_with_a_name(tmp_path: Path, count: int) -> None:
    """The caller lives, nobody is asked, nothing else is shown, and limits hold; see the module's words."""
    outcome = hostile_media.feed(tmp_path, count, seed=count)

    assert outcome.violations == []
    assert sum(outcome.ends.values()) == count


@pytest.mark.parametrize(
    ("kinds", "take_turns"),
    [
        pytest.param(odd_corpus.ONE_OF_EACH_GROUP, True, id="one of each group"),
        pytest.param(odd_corpus.ODD[::8], False, id="one of eight", marks=[pytest.mark.faults]),
    ],
)
def test_damaged_odd_files_cost_an_error_with_a_name(
    tmp_path: Path, kinds: Sequence[OddFile], *, take_turns: bool
) -> None:
    """As any hostile file does; one is cut off, and the next has bits that were flipped, or each has both.

    `python -m tests.faults.hostile_media --odd` feeds all kinds.
    """
    made = tmp_path / "odd"
    made.mkdir()
    more = odd_corpus.corpus(made, kinds, seed=1, take_turns=take_turns)

    outcome = hostile_media.feed(tmp_path, 0, 1, more=more)

    assert outcome.violations == []
    assert sum(outcome.ends.values()) == len(kinds) * (1 if take_turns else len(odd_corpus.DAMAGE))


def test_a_seed_damages_the_same_way_again(tmp_path: Path) -> None:
    """So that a file which did harm can be made again."""
    kinds = odd_corpus.ONE_OF_EACH_GROUP[1:2]  # which is made in a moment

    first, again, other = (list(odd_corpus.corpus(tmp_path, kinds, seed=seed)) for seed in (3, 3, 4))

    assert first == again != other


def test_a_seed_makes_the_same_files_again(tmp_path: Path) -> None:
    """So that a file which did harm can be made again from what was printed."""
    bases = media_corpus.bases(tmp_path)
    lures = Lures(tmp_path / "bikes.mp4", tmp_path / "passwd", "http://127.0.0.1:9/hidden.mp4")

    first, again, other = (list(media_corpus.corpus(bases, lures, count=30, seed=seed)) for seed in (3, 3, 4))

    assert first == again != other
    assert {file.kind for file in first} == set(media_corpus.kinds())


def test_a_careless_reader_would_show_the_hidden_video(tmp_path: Path) -> None:
    """The trap is a real one: FFmpeg's own switches for it open it."""
    hidden = write(tmp_path / "hidden.mp4", [hostile_media.marker()] * 5)
    lures = Lures(hidden, tmp_path / "passwd", "http://127.0.0.1:9/hidden.mp4")
    files = media_corpus.corpus(media_corpus.bases(tmp_path), lures, count=300, seed=1)

    assert any(_shows_marker(tmp_path / file.name, file.content) for file in files if file.kind == "dref")


def _shows_marker(path: Path, content: bytes) -> bool:
    path.write_bytes(content)
    try:
        with av.open(path, options={"enable_drefs": "1", "use_absolute_path": "1"}) as container:
            return hostile_media.shows_marker(next(container.decode(video=0)).to_ndarray(format="rgb24"))
    except av.error.FFmpegError:
        return False


def test_the_marker_is_told_from_real_pictures_at_any_size(tmp_path: Path) -> None:
    """Also after it went through a codec; else nothing would be found where something is shown."""
    path = write(tmp_path / "marker.mp4", [hostile_media.marker()] * 3)
    with av.open(path) as container:
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]

    assert all(hostile_media.shows_marker(rgb) for rgb in shown)
    assert not any(hostile_media.shows_marker(rgb) for rgb in pictures.footage("bikes", 5))
