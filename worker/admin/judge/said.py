"""What a judge said of a picture, in words for people; see docs/judge.md.

The subject is text of a model that read pictures of strangers: it is shown as text, on one line, and bounded.
"""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from worker.judge.words import tidy
from worker.text import judge_fault_words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from worker.admin.candidates import Numbered
    from worker.database.models import StoredCandidate, Thumbnail

LONGEST = 80  #: letters of foreign words that are shown

_ENDINGS = MappingProxyType({1: "st", 2: "nd", 3: "rd"})  # of numbers, by their last digit


class JudgeRemark(NamedTuple):
    """What a judge said of one picture."""

    model: str
    say: str  #: what it may decide: "lead", "ties", "veto" or "nothing"
    subject: str  #: in a few words of the model; fit to be shown as text
    faults: list[str]  #: by their names
    place: int | None  #: 1: better than all others; None: it was not put in order
    pictures: int  #: how many it was shown
    is_tied: bool  #: others have the same place: it did not tell them apart

    @property
    def fault_words(self) -> str:
        """What is at fault, in words; empty where nothing is."""
        return judge_fault_words(self.faults)

    @property
    def place_words(self) -> str:
        """Place among all that it was shown, as "2nd of 12"; empty where there is none."""
        if self.place is None:
            return ""
        return f"{_ordinal(self.place)} of {self.pictures}{', with others' if self.is_tied else ''}"


class FrameShown(NamedTuple):
    """A picture that a judge was shown, and what it said."""

    number: int  #: as `numbered_candidates` gives it: the rank of picks
    candidate_id: int
    time_s: float
    is_pick: bool
    judged: JudgeRemark


def tied_places(candidates: Iterable[Numbered]) -> frozenset[int]:
    """List the places that several of the candidates of a run have."""
    places = Counter((one.candidate.by_judge or {}).get("place") for one in candidates)
    return frozenset(place for place, times in places.items() if place is not None and times > 1)


def judged_of(row: Thumbnail | StoredCandidate, tied: Collection[int]) -> JudgeRemark | None:
    """Read what a judge said of a picture; None where none was shown it.

    Args:
        row: of the picture.
        tied: the places that several have; see `tied_places`.
    """
    said = row.by_judge
    if not said:
        return None
    return JudgeRemark(
        tidy(said.get("model") or "", LONGEST),
        tidy(said.get("say") or "", LONGEST),
        tidy(said.get("subject") or "", LONGEST),
        [tidy(name, LONGEST) for name in said.get("faults") or ()],
        said.get("place"),
        said.get("pictures") or 0,
        said.get("place") in tied,
    )


def judged_document(row: Thumbnail | StoredCandidate, tied: Collection[int]) -> dict[str, Any] | None:
    """Describe for programs what `judged_of` reads."""
    judged = judged_of(row, tied)
    return None if judged is None else judged._asdict()


def frames_shown(candidates: Sequence[Numbered], picked: Iterable[int]) -> list[FrameShown]:
    """List what a judge was shown, the best by its order first; what has no place comes last, by number.

    Args:
        candidates: of the newest run.
        picked: the ranks of its picks.
    """
    ranks, tied = frozenset(picked), tied_places(candidates)
    listed = [
        FrameShown(number, frame.id, frame.time_s, number in ranks, judged)
        for number, frame in candidates
        if (judged := judged_of(frame, tied)) is not None
    ]
    return sorted(listed, key=_by_place)


def _by_place(one: FrameShown) -> tuple[bool, int, int]:
    place = one.judged.place
    return place is None, place or 0, one.number


def _ordinal(number: int) -> str:
    is_teen = number % 100 in {11, 12, 13}
    return f"{number}{'th' if is_teen else _ENDINGS.get(number % 10, 'th')}"
