"""Fetching published weights from the hub, by sum.

The hub names the sha256 of a large file in the headers of its answer (`X-Linked-ETag`); a file that does not
come out so is thrown away. Nothing is in place before it is whole: temp file, then rename.

Source: https://huggingface.co/docs/huggingface_hub/package_reference/file_download
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import httpx

from worker import weights
from worker.errors import UnknownModel, WeightsMissing

if TYPE_CHECKING:
    from collections.abc import Callable

HUB = "https://huggingface.co"
# Where open_clip's own models keep their weights, the safer kind first.
HUB_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
SUM_HEADER = "x-linked-etag"
SHA256 = re.compile(r"[0-9a-f]{64}")
TIMEOUT_S = 30.0  #: without a single byte
CHUNK_BYTES = 1 << 20


def fetch(
    name: str,
    folder: Path,
    *,
    sha256: str | None = None,
    url: str | None = None,
    on_progress: Callable[[int, int | None], None] = lambda _done, _total: None,
) -> Path:
    """Download weights, verify them, and put them in place with their sum beside them.

    Args:
        name: open_clip's `ARCH:TAG`.
        folder: where to put the file; made if need be.
        sha256: the sum to insist on; None for the one the server names.
        url: where the file lies; None for the model's page.
        on_progress: called with the bytes so far and in all (None where the server does not say).

    Raises:
        UnknownModel: open_clip knows no page for this name, or nobody names a sum.
        WeightsMissing: the server failed, or the file that came is not the one promised.
    """
    addresses = [url] if url else addresses_of(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with httpx.Client(follow_redirects=True, timeout=TIMEOUT_S) as client:
            for address in addresses:
                with client.stream("GET", address) as answer:
                    if answer.status_code != httpx.codes.NOT_FOUND:
                        answer.raise_for_status()
                        return _keep(answer, name, folder, sha256 or _promised_sha256(answer), on_progress)
    except httpx.HTTPStatusError as error:
        status = f"{error.response.status_code} {error.response.reason_phrase}"
        raise WeightsMissing(f"{name}: {error.request.url} answered {status}; try again later") from error
    except httpx.HTTPError as error:
        raise WeightsMissing(
            f"{name} could not be downloaded ({error}); check the network, try again"
        ) from error
    except OSError as error:
        raise WeightsMissing(f"{folder}: {error.strerror}; free space, or choose another --dir") from error
    raise WeightsMissing(
        f"{name}: nothing is at {' or '.join(addresses)}; give the file's address with --url"
    )


def addresses_of(name: str) -> list[str]:
    """Where the hub may have the weights of an open_clip model, best first.

    Raises:
        UnknownModel: open_clip's registry has no hub page for the name.
    """
    entry = weights.manifest().get(name)
    if entry and entry.file:
        raise UnknownModel(f"{name} ships with the product; there is nothing to fetch")
    if entry:
        return [f"{entry.where}/resolve/main/{file}" for file in HUB_FILES]
    import open_clip  # noqa: PLC0415 - seconds of import for a name that is not in our manifest

    architecture, _, tag = name.partition(":")
    page = open_clip.get_pretrained_cfg(architecture, tag).get("hf_hub", "")
    if not page:
        known = ", ".join(entry.name for entry in weights.manifest().values() if not entry.file)
        raise UnknownModel(f"open_clip knows no weights called {name!r} on the hub; for example: {known}")
    repository, _, file = page.rpartition("/")
    return [f"{HUB}/{repository}/resolve/main/{file}" for file in ([file] if file else HUB_FILES)]


def _promised_sha256(answer: httpx.Response) -> str | None:
    """The sum in the headers; the hub names it before it redirects to where the bytes are."""
    tags = (part.headers.get(SUM_HEADER, "").strip('"') for part in (*answer.history, answer))
    return next((tag for tag in tags if SHA256.fullmatch(tag)), None)


def _keep(
    answer: httpx.Response,
    name: str,
    folder: Path,
    expected: str | None,
    on_progress: Callable[[int, int | None], None],
) -> Path:
    if expected is None:
        raise UnknownModel(
            f"{answer.url.host} names no sha256 for {name}; give the publisher's with --sha256"
        )
    # After redirects the address is a bucket's, without the file's name.
    asked = answer.history[0] if answer.history else answer
    target = folder / f"{weights.fetched_stem(name)}{Path(asked.request.url.path).suffix}"
    descriptor, temporary = tempfile.mkstemp(prefix=".fetch-", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            found = _save(answer, file, on_progress)
        if found != expected.lower():
            raise WeightsMissing(
                f"{name}: the file's sha256 is {found}, not {expected}; it was thrown away, try again"
            )
        Path(temporary).chmod(0o644)
        weights.sum_file(target).write_text(f"{found}  {target.name}\n", "utf-8")
        Path(temporary).replace(target)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return target


def _save(answer: httpx.Response, file: BinaryIO, on_progress: Callable[[int, int | None], None]) -> str:
    """Write the body to a file; return its sha256."""
    digest = hashlib.sha256()
    promised = answer.headers.get("content-length", "")
    total_bytes = int(promised) if promised.isdigit() else None
    for chunk in answer.iter_bytes(CHUNK_BYTES):
        file.write(chunk)
        digest.update(chunk)
        on_progress(file.tell(), total_bytes)
    return digest.hexdigest()
