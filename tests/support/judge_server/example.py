"""A request as was agreed, for tests of the fake judge itself."""

from __future__ import annotations

import base64
import io
from string import ascii_uppercase
from typing import Any

import numpy as np
from PIL import Image

from worker.pipeline.judging.verdict import Fault


def picture(seed: int = 0, size: tuple[int, int] = (320, 180), **saved: Any) -> bytes:
    """Draw some noise, coarse enough to outlive a JPEG."""
    drawn = np.random.default_rng(seed).integers(0, 255, (18, 32, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(drawn).resize(size).save(file, "JPEG", **saved)
    return file.getvalue()


def schema(kind: str, letters: str) -> dict[str, Any]:
    """Word the schema of right answers."""

    def closed(properties: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }

    def listed(item: dict[str, Any]) -> dict[str, Any]:
        return {"type": "array", "items": item, "minItems": len(letters), "maxItems": len(letters)}

    letter = {"type": "string", "enum": list(letters)}
    if kind == "order":
        return closed({"order": listed(letter)})
    seen = {str(fault): {"type": "boolean"} for fault in Fault}
    return closed({"pictures": listed(closed({"picture": letter, "subject": {"type": "string"}, **seen}))})


def request(kind: str = "order", pictures: tuple[bytes, ...] = (picture(0), picture(1))) -> dict[str, Any]:
    """Write a request as was agreed."""
    letters = ascii_uppercase[: len(pictures)]
    parts: list[dict[str, Any]] = []
    for letter, jpeg in zip(letters, pictures, strict=True):
        address = "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
        parts += [
            {"type": "text", "text": f"Picture {letter}:"},
            {"type": "image_url", "image_url": {"url": address}},
        ]
    return {
        "model": "eye",
        "temperature": 0,
        "seed": 0,
        "max_tokens": 1000,
        "messages": [
            {"role": "system", "content": "You look at pictures."},
            {"role": "user", "content": [*parts, {"type": "text", "text": "Put them in order."}]},
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": kind, "strict": True, "schema": schema(kind, letters)},
        },
    }
