"""What a judge found becomes a row that training reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.pipeline.judging.verdict import Description, Fault, Say, Verdict
from worker.weights.training.taste.judge.teaching.orders import order_of, row_of
from worker.weights.training.taste.judge.teaching.table import add_row, rows_of

if TYPE_CHECKING:
    from pathlib import Path


def verdict(*places: float, at_fault: dict[int, Fault] | None = None) -> Verdict:
    """Make a verdict of these places."""
    told = [
        Description(
            frozenset({at_fault[place]}) if at_fault and place in at_fault else frozenset(), f"a cat {place}"
        )
        for place in range(len(places))
    ]
    return Verdict(Say.LEAD, "eye-8b", "v1", tuple(told), places)


def test_places_become_an_order() -> None:
    """Best first, and `=` between those that the readings do not tell apart."""
    assert order_of("ABCD", verdict(1 / 3, 1.0, 1 / 3, 0.0)) == "B>A=C>D"
    assert order_of("ABC", verdict(0.1 + 0.2, 0.3, 0.0)) == "A=B>C"


def test_what_would_be_vetoed_comes_last() -> None:
    """A head has no veto, so its order has to say it; among these the places still count."""
    found = verdict(1.0, 0.75, 0.5, 0.25, 0.0, at_fault={0: Fault.EYES_CLOSED, 1: Fault.TEXT})

    assert order_of("ABCDE", found) == "C>D>E>A>B"


def test_what_most_frames_have_is_no_fault() -> None:
    """A video with subtitles has them everywhere."""
    found = verdict(1.0, 0.5, 0.0, at_fault={0: Fault.TEXT, 1: Fault.TEXT})

    assert order_of("ABC", found) == "A>B>C"


def test_the_row_says_who_found_it_and_why() -> None:
    """In the columns of any set."""
    assert row_of("cats", "pets/", "AB", verdict(0.0, 1.0)) == {
        "video": "cats",
        "order": "B>A",
        "group": "pets/",
        "reader": "eye-8b v1",
        "why": "best B: a cat 1",
    }


def test_rows_are_added_to_a_table_that_somebody_began(tmp_path: Path) -> None:
    """What stands there stays, and the columns are those that it has."""
    table = tmp_path / "judged.tsv"
    table.write_text("order\tvideo\tmine\nA>B\tdogs\tby hand", "utf-8")

    add_row(table, {"video": "cats", "order": "B>A", "why": "soft\tlight"}, ("video", "order", "why"))

    assert table.read_text("utf-8") == "order\tvideo\tmine\nA>B\tdogs\tby hand\nB>A\tcats\t\n"
    assert [row["video"] for row in rows_of(table)] == ["dogs", "cats"]


def test_what_a_model_says_cannot_break_the_table(tmp_path: Path) -> None:
    """Tabs and new lines in a subject are spaces."""
    add_row(tmp_path / "judged.tsv", {"video": "cats", "why": "soft\tlight\nand\rmore"}, ("video", "why"))

    assert rows_of(tmp_path / "judged.tsv") == [{"video": "cats", "why": "soft light and more"}]
