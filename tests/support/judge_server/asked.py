"""What one request to the judge asks, once the contract has let it pass."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from functools import cached_property
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Mapping

# Qwen3-VL: patches of 16 px, merged two by two.
TOKEN_SIDE_PX = 32
CHARACTERS_A_TOKEN = 4  #: about what English text takes with today's vocabularies


@dataclass(frozen=True)  # without slots, where nothing could be cached
class JudgeRequest:
    """A request that keeps the contract."""

    kind: str  #: "descriptions" or "order", as its schema is named
    pictures: tuple[bytes, ...]  #: JPEG files, in the order shown
    title: str  #: of the video; empty where it was not told
    task: str  #: the last text beside the pictures
    remarks: tuple[str, ...]  #: what was said to be wrong with earlier answers; empty but for a retry
    body: Mapping[str, Any]  #: the whole request, as JSON
    headers: Mapping[str, str]  #: names in lower case
    size_bytes: int  #: of the body

    @property
    def letters(self) -> str:
        """The letters of the pictures, in the order shown."""
        return ascii_uppercase[: len(self.pictures)]

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema that the answer has to keep."""
        wanted: dict[str, Any] = self.body["response_format"]["json_schema"]["schema"]
        return wanted

    @property
    def max_tokens(self) -> int:
        """How long the answer may be."""
        return int(self.body["max_tokens"])

    @cached_property
    def prompt_tokens(self) -> int:
        """What a server would count for the text and the pictures."""
        return sum(map(picture_tokens, self.pictures)) + sum(map(text_tokens, _texts(self.body)))


def picture_tokens(jpeg: bytes) -> int:
    """Count a picture's tokens, by the rule of Qwen3-VL: one for each 32x32 px, sides rounded up."""
    with Image.open(io.BytesIO(jpeg)) as picture:
        return math.prod(math.ceil(side_px / TOKEN_SIDE_PX) for side_px in picture.size)


def text_tokens(text: str) -> int:
    """Estimate how many tokens a text takes."""
    return math.ceil(len(text) / CHARACTERS_A_TOKEN)


def _texts(body: Mapping[str, Any]) -> list[str]:
    contents = [message["content"] for message in body["messages"]]
    parts = [
        part["text"]
        for content in contents
        if isinstance(content, list)
        for part in content
        if "text" in part
    ]
    return [content for content in contents if isinstance(content, str)] + parts
