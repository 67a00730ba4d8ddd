"""Read what the forms of an asset's page send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.admin.choose import Wish
from worker.choices import ChoiceRefused
from worker.choices.own_picture import OwnPicture
from worker.pictures.answer import MAX_BYTES
from worker.review.seen import Seen
from worker.text import printable
from worker.time_ranges import OPTION_NAMES, parse_moment_s

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.datastructures import FileStorage

    Form = Mapping[str, str]

MAX_ROW_ID = 2**63 - 1  # of PostgreSQL's bigint
BEFORE = "_before"  #: what the names of ranges end with that applied when the page was opened
MAX_WHY = 500  #: characters; what is longer is cut

_OUT_OF_DATE = "this form is out of date; open the page again"


def wish_of(form: Form, files: Mapping[str, FileStorage]) -> Wish:
    """Read what is to be shown: one of `candidate`, `thumbnail`, `time` and `picture`.

    Raises:
        ChoiceRefused: none or several are given, or one cannot be read.
        PictureRefused: the file is no picture that can be shown.
    """
    upload = files.get("picture")
    has_file = upload is not None and bool(upload.filename)
    given = [name for name in ("candidate", "thumbnail", "time") if form.get(name, "").strip()]
    if len(given) + has_file != 1:
        asked_for_file = upload is not None and not given
        raise ChoiceRefused(
            "select a file first, a JPEG, PNG or WEBP"
            if asked_for_file and not has_file
            else "choose one thing: a frame, a pick, a time or a picture"
        )
    if upload is not None and has_file:
        return Wish(picture=OwnPicture.of_upload(upload.stream.read(MAX_BYTES + 1)))
    text = form[given[0]].strip()
    if given[0] == "time":
        try:
            return Wish(time_s=parse_moment_s(text))
        except ValueError as error:
            raise ChoiceRefused(str(error)) from error
    row_id = _row_id(text)
    return Wish(candidate_id=row_id) if given[0] == "candidate" else Wish(thumbnail_id=row_id)


def seen_of(form: Form) -> Seen:
    """Read what the person had before them.

    Raises:
        ChoiceRefused: the form does not say, so nobody knows what they meant.
    """
    choice = form.get("choice", "")
    return Seen(_row_id(form.get("generation", "")), _row_id(choice) if choice else None)


def options_of(form: Form) -> dict[str, list[str]]:
    """Read the ranges to avoid and to prefer, one a line; they are checked later."""
    return _ranges_of(form, "")


def options_before(form: Form) -> dict[str, list[str]] | None:
    """Read the ranges that applied on the person's page; None where the form does not say."""
    return _ranges_of(form, BEFORE) if any(name + BEFORE in form for name in OPTION_NAMES) else None


def why_of(form: Form) -> str:
    """Read the reason, on one line."""
    return printable(" ".join(form.get("why", "").split()))[:MAX_WHY]


def _ranges_of(form: Form, ending: str) -> dict[str, list[str]]:
    lines = {
        name: [line.strip() for line in form.get(name + ending, "").splitlines()] for name in OPTION_NAMES
    }
    return {name: ranges for name, texts in lines.items() if (ranges := [text for text in texts if text])}


def _row_id(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_ROW_ID))):
        raise ChoiceRefused(_OUT_OF_DATE)
    return min(int(text), MAX_ROW_ID)
