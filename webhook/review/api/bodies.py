"""Reads what programs send with an act: JSON, or a picture by itself or in a form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from webhook.review.forms import why_of
from worker.admin.choose import Wish
from worker.choices import ChoiceRefused
from worker.choices.own_picture import OwnPicture
from worker.database.base import MAX_ROW_ID
from worker.pictures.answer import MAX_BYTES
from worker.review.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.datastructures import FileStorage

RowId = Annotated[int, Field(ge=0, le=MAX_ROW_ID)]

_FORM, _JSON = "multipart/form-data", "application/json"
_ONE_THING = "choose one thing: `candidate`, `thumbnail`, `time_s` or a picture"


class ActBody(BaseModel):
    """What any act may say. Unknown fields are refused: one that is misspelt would be ignored for ever."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    why: str = ""

    @property
    def reason(self) -> str:
        """Reason for the act, as it is stored."""
        return why_of({"why": self.why})


class DecisionBody(ActBody):
    """An act that changes what is shown, and may tell what was known of it."""

    generation: RowId | None = None
    choice: RowId | None = None

    @property
    def seen(self) -> Seen | None:
        """What the program had read before; None: it insists, whatever holds now."""
        if self.generation is not None:
            return Seen(self.generation, self.choice)
        if self.choice is not None:
            raise BadRequest("`choice` needs `generation` beside it: send both as an answer before has them.")
        return None


class ChoosingBody(DecisionBody):
    """What to show: exactly one of these, or a picture."""

    candidate: RowId | None = None
    thumbnail: RowId | None = None
    time_s: float | None = None


class OptionsBody(ActBody):
    """Which parts of the video to avoid, and which to prefer."""

    avoid: list[str] = []
    prefer: list[str] = []


Body = TypeVar("Body", bound=ActBody)


def read_json(body: type[Body]) -> Body:
    """Read the body of the request; none at all says nothing.

    Raises:
        BadRequest: it is no JSON, or not what is described; the message names the field.
        UnsupportedMediaType: it is something else.
    """
    data = request.get_data()
    if data and request.mimetype != _JSON:
        raise UnsupportedMediaType(f"Send JSON, with `Content-Type: {_JSON}`.")
    try:
        return body.model_validate_json(data or b"{}", strict=True)
    except ValidationError as error:
        raise BadRequest(_says(error)) from error


def read_choosing() -> tuple[ChoosingBody, Wish]:
    """Read what to show: from JSON, from a form with a file, or from a picture with the rest in the query.

    Raises:
        BadRequest, UnsupportedMediaType: as `read_json`.
        ChoiceRefused: none or several things are asked for.
        PictureRefused: the picture cannot be shown.
    """
    if request.mimetype == _FORM:
        given = _read_fields(request.form)
        upload = request.files.get("picture")
        return given, _wish(given, None if upload is None else _bytes_of(upload))
    if request.mimetype.startswith("image/"):
        given = _read_fields(request.args)
        return given, _wish(given, request.get_data()[: MAX_BYTES + 1])
    given = read_json(ChoosingBody)
    return given, _wish(given, None)


def _read_fields(fields: Mapping[str, str]) -> ChoosingBody:
    """Read fields that are text by nature; an empty one is not given."""
    try:
        return ChoosingBody.model_validate({name: text for name, text in fields.items() if text})
    except ValidationError as error:
        raise BadRequest(_says(error)) from error


def _wish(given: ChoosingBody, picture: bytes | None) -> Wish:
    named = {"candidate_id": given.candidate, "thumbnail_id": given.thumbnail, "time_s": given.time_s}
    if sum(value is not None for value in (*named.values(), picture)) != 1:
        raise ChoiceRefused(_ONE_THING)
    if picture is not None:
        return Wish(picture=OwnPicture.of_upload(picture))
    return Wish(candidate_id=given.candidate, thumbnail_id=given.thumbnail, time_s=given.time_s)


def _bytes_of(upload: FileStorage) -> bytes:
    return upload.stream.read(MAX_BYTES + 1)


def _says(error: ValidationError) -> str:
    """Name the first field that is not as described, and why."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{f'`{where}`: ' if where else ''}{first['msg']}."
