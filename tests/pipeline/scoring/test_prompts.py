"""Prompt pairs are data with reasons, and a file of one's own is checked before anything runs."""

from pathlib import Path

import pytest

from worker.errors import PromptsInvalid
from worker.pipeline.scoring.prompts import Prompts

PAIR = """
[[pair]]
name = "bright"
good = "a bright photo"
bad = "a dark photo"
why = "dark pictures lose"
"""


def write(folder: Path, text: str) -> Path:
    """Write a prompts file."""
    path = folder / "mine.toml"
    path.write_text(text, "utf-8")
    return path


def test_the_shipped_pairs_all_carry_a_reason() -> None:
    """Whoever reads the file learns why each pair is there."""
    assert all(len(pair.why) > 20 for pair in Prompts.load().pairs)


def test_a_file_of_ones_own_replaces_the_shipped_pairs(tmp_path: Path) -> None:
    """A pair without a weight counts once."""
    (pair,) = Prompts.load(write(tmp_path, PAIR)).pairs

    assert (pair.name, pair.good, pair.bad, pair.weight) == ("bright", "a bright photo", "a dark photo", 1.0)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", "at least one"),
        ("[pair]\nname = 'x'", "at least one"),
        ("pair = ['bright']", "two brackets"),
        ("[[pair]\n", "not TOML"),
        (PAIR.replace('bad = "a dark photo"', ""), "'bright' lacks bad"),
        (PAIR.replace("why", "reason"), "'bright' lacks why"),
        (PAIR + "colour = 1", "'bright' has unknown colour"),
        (PAIR.replace('"a dark photo"', '" "'), "bad must not be empty"),
        (PAIR.replace('"a dark photo"', "3"), "bad must be text"),
        (PAIR + "weight = 0", "greater than 0"),
        (PAIR + "weight = nan", "greater than 0"),
        (PAIR + "weight = 'much'", "weight must be a number"),
        (PAIR + PAIR, "two pairs are called bright"),
    ],
)
def test_an_unusable_file_is_refused_by_name_with_the_remedy(tmp_path: Path, text: str, remedy: str) -> None:
    """The message names the file, the pair and what to change."""
    path = write(tmp_path, text)

    with pytest.raises(PromptsInvalid, match=rf"mine\.toml: .*{remedy}"):
        Prompts.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A command and the service name it by different settings, so the sentence names the path."""
    with pytest.raises(PromptsInvalid, match=r"none\.toml: cannot be read .*; check its path"):
        Prompts.load(tmp_path / "none.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """A picture given by mistake is not TOML."""
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xd8\xff\xe0")

    with pytest.raises(PromptsInvalid, match="not TOML"):
        Prompts.load(path)
