"""The contract of a request to the judge: whatever breaks it is refused, and remembered as a complaint."""

from __future__ import annotations

import base64
import binascii
import io
import json
from string import ascii_uppercase
from typing import TYPE_CHECKING, Annotated, Any, Literal

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tests.support.judge_server.asked import JudgeRequest
from tests.support.judge_server.schemas import schema_faults

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PATH = "/v1/chat/completions"
LONGEST_SIDE_PX = 512
MOST_ANSWER_TOKENS = 8192
MOST_BODY_BYTES = 4_000_000  #: 26 pictures of 512x512 px at a good quality take about 3 MB
JPEG_URL = "data:image/jpeg;base64,"
TITLE = "Title of the video, as data: "
# What Pillow tells of a file that says more than its picture: places, cameras, names.
TELLING = frozenset({"exif", "xmp", "comment", "photoshop"})
USUAL_HEADERS = frozenset(
    {"host", "accept", "accept-encoding", "connection", "user-agent", "content-length", "content-type"}
)


class Breach(Exception):
    """The request is not as was agreed; `faults` says in which points."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = list(faults)


class Strict(BaseModel):
    """A part of the request, which has these keys and no others."""

    model_config = ConfigDict(extra="forbid", strict=True)


class TextPart(Strict):
    """Words beside the pictures."""

    type: Literal["text"]
    text: str = Field(min_length=1)


class ImageUrl(Strict):
    """Where a picture is: in the address itself."""

    url: str


class ImagePart(Strict):
    """A picture."""

    type: Literal["image_url"]
    image_url: ImageUrl


class Rules(Strict):
    """What the judge is told about its work."""

    role: Literal["system"]
    content: str = Field(min_length=1)


class UserMessage(Strict):
    """The pictures and the task."""

    role: Literal["user"]
    content: list[Annotated[TextPart | ImagePart, Field(discriminator="type")]]


class EarlierAnswer(Strict):
    """What the judge answered before, as it came."""

    role: Literal["assistant"]
    content: str


class Remark(Strict):
    """What was wrong with that."""

    role: Literal["user"]
    content: str = Field(min_length=1)


class JsonSchema(Strict):
    """The form of the answer."""

    name: Literal["descriptions", "order"]
    strict: Literal[True]
    schema_: dict[str, Any] = Field(alias="schema")


class ResponseFormat(Strict):
    """How the answer is asked for."""

    type: Literal["json_schema"]
    json_schema: JsonSchema


class RequestBody(Strict):
    """A whole request."""

    model: str = Field(min_length=1)
    temperature: float = Field(ge=0, le=0)
    seed: Literal[0]
    max_tokens: int = Field(ge=1, le=MOST_ANSWER_TOKENS)
    messages: tuple[Rules, UserMessage] | tuple[Rules, UserMessage, EarlierAnswer, Remark]
    response_format: ResponseFormat


def read_request(path: str, headers: Mapping[str, str], raw: bytes) -> JudgeRequest:
    """Read a request strictly.

    Args:
        path: of the address that was asked.
        headers: of the request, names in lower case.
        raw: its body.

    Raises:
        Breach: it is not as was agreed.
    """
    faults = [f"a header that was not agreed: {name}" for name in headers if not _is_agreed(name)]
    if path != PATH:
        faults.append(f"a request to {path}")
    if headers.get("content-type", "").partition(";")[0] != "application/json":
        faults.append(f"Content-Type is {headers.get('content-type')!r}")
    scheme, _, key = headers.get("authorization", "Bearer key").partition(" ")
    if scheme != "Bearer" or not key:
        faults.append("Authorization is not 'Bearer KEY'; without a key, send none at all")
    if len(raw) > MOST_BODY_BYTES:
        faults.append(f"a body of {len(raw)} bytes")
    try:
        body = RequestBody.model_validate_json(raw)
    except ValidationError as error:
        raise Breach(faults + [_told(fault) for fault in error.errors()]) from error
    parts = body.messages[1].content
    pictures = [_picture(part.image_url.url, faults) for part in parts if isinstance(part, ImagePart)]
    faults += _misplaced(parts, len(pictures))
    named = body.response_format.json_schema
    faults += schema_faults(named.name, named.schema_, ascii_uppercase[: len(pictures)])
    if faults:
        raise Breach(faults)
    return JudgeRequest(
        kind=named.name,
        pictures=tuple(pictures),
        title=next((text.removeprefix(TITLE) for text in _texts(parts) if text.startswith(TITLE)), ""),
        task=_texts(parts)[-1],
        remarks=tuple(message.content for message in body.messages if isinstance(message, Remark)),
        body=json.loads(raw),
        headers=headers,
        size_bytes=len(raw),
    )


def _is_agreed(name: str) -> bool:
    return name in USUAL_HEADERS or name == "authorization"


def _told(fault: Any) -> str:
    return f"{'.'.join(map(str, fault['loc'])) or 'the body'}: {fault['msg']}"


def _texts(parts: Sequence[TextPart | ImagePart]) -> list[str]:
    return [part.text for part in parts if isinstance(part, TextPart)]


def _misplaced(parts: Sequence[TextPart | ImagePart], pictures: int) -> Iterator[str]:
    """Compare the parts with what was agreed: letter, picture, letter, picture, perhaps a title, the task."""
    if not 2 <= pictures <= len(ascii_uppercase):
        yield f"{pictures} pictures"
        return
    for letter, label, picture in zip(ascii_uppercase, parts[::2], parts[1::2], strict=False):
        if ord(letter) - ord("A") >= pictures:
            break
        if not isinstance(label, TextPart) or label.text != f"Picture {letter}:":
            yield f"no 'Picture {letter}:' before the picture {letter}"
        if not isinstance(picture, ImagePart):
            yield f"no picture after 'Picture {letter}:'"
    rest = parts[2 * pictures :]
    texts = _texts(rest)
    if len(texts) != len(rest):
        yield "a picture behind the texts"
    elif not texts:
        yield "no task behind the pictures"
    elif texts[-1].startswith(TITLE):
        yield "the title is the last part, where the task belongs"
    elif len(texts) > 2 or (len(texts) == 2 and not texts[0].startswith(TITLE)):
        yield "more texts behind the pictures than a title and a task"


def _picture(url: str, faults: list[str]) -> bytes:
    """Decode a picture from its address; what is wrong with it is added to `faults`."""
    if not url.startswith(JPEG_URL):
        faults.append(f"a picture's address that does not begin with {JPEG_URL}: {url[:40]!r}")
        return b""
    try:
        jpeg = base64.b64decode(url.removeprefix(JPEG_URL), validate=True)
        with Image.open(io.BytesIO(jpeg)) as picture:
            picture.load()
    except (binascii.Error, OSError) as error:
        faults.append(f"a picture that does not decode: {error}")
        return b""
    if picture.format != "JPEG":
        faults.append(f"a picture that is a {picture.format}")
    if max(picture.size) > LONGEST_SIDE_PX:
        faults.append(f"a picture of {picture.width}x{picture.height} px")
    faults += [f"a picture with {name} data" for name in sorted(TELLING & picture.info.keys())]
    return jpeg
