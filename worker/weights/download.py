"""Fetching published models from the hub, each file verified by its sum.

huggingface_hub asks for the sum, and fetches the bytes: it goes on where a transfer broke off, follows the
hub's redirects, and shows progress on a terminal. It does not compare what came with the sum, and puts files
into a layout of its own; so the file is verified here, and put in place here once it is whole.

Source: https://huggingface.co/docs/huggingface_hub/package_reference/file_download
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import httpx2
from huggingface_hub import get_hf_file_metadata, hf_hub_url, set_client_factory
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.file_download import http_get

from worker import weights
from worker.errors import UnknownModel, WeightsMissing
from worker.http.deadline import Deadline
from worker.weights.hub_client import make_client, pace_of

HUB = "https://huggingface.co"
# Where open_clip's own models keep their weights, the safer kind first.
HUB_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
# What transformers reads to make a tokenizer, and the configuration of a text tower; few have all of them.
TOKENIZER_FILES = (weights.TOKENIZER_FILE, "tokenizer_config.json", "special_tokens_map.json", "config.json")
SHA256 = re.compile(r"[0-9a-f]{64}")
GIT_SHA1 = re.compile(r"[0-9a-f]{40}")

set_client_factory(make_client)


def fetch_model(
    name: str,
    folder: Path,
    *,
    sha256: str | None = None,
    url: str | None = None,
    endpoint: str | None = None,
) -> list[Path]:
    """Put all that a model needs in place: its weights, its tokenizer, and its heads of taste.

    Args:
        name: whatever MODEL may be. Of `lite` and `lite:/path/to/taste` nothing is fetched, of
            `ARCH:/path/to/checkpoint` and of `ARCH` alone only the tokenizer.
        folder: as in `fetch_weights`, and so are the others, which say where the weights come from.
        sha256: of the weights.
        url: of the weights.
        endpoint: of the hub.

    Returns:
        What was put in place: the file of the weights, the folder of the tokenizer, the files of the heads.
            Empty where the model needs nothing but what ships with the product and a file of one's own.

    Raises:
        UnknownModel: as `fetch_weights`; or `ARCH` alone needs no tokenizer's files.
        WeightsMissing: as `fetch_weights`, of any of the files. Those before it are in place.
    """
    architecture, _, source = name.partition(":")
    if architecture == "lite":
        return []
    is_own = source.endswith(weights.CHECKPOINT_SUFFIXES)
    has_weights = not is_own and (bool(source) or name in weights.manifest())
    fetched = [fetch_weights(name, folder, sha256=sha256, url=url, endpoint=endpoint)] if has_weights else []
    tokenizer = tokenizer_of(architecture)
    if tokenizer:
        fetched.append(fetch_tokenizer(tokenizer, folder, endpoint=endpoint))
    if not fetched and not is_own:
        raise UnknownModel(
            f"{name} names no weights, as ARCH:TAG does, and no architecture with a tokenizer by Hugging "
            "Face; there is nothing to fetch"
        )
    return fetched + [fetch_head(head, folder) for head in weights.heads().values() if head.model == name]


def fetch_weights(
    name: str,
    folder: Path,
    *,
    sha256: str | None = None,
    url: str | None = None,
    endpoint: str | None = None,
) -> Path:
    """Download weights, verify them, and put them in place with their sum beside them.

    Args:
        name: open_clip's `ARCH:TAG`.
        folder: where to put the file; made if need be.
        sha256: the sum to insist on, in hex; None for the one that the server names.
        url: where the file lies; None for the model's page on the hub.
        endpoint: the hub's address; None for huggingface.co, or the mirror that HF_ENDPOINT names.

    Returns:
        The file's path.

    Raises:
        UnknownModel: open_clip knows no page for this name, or no sum is to be had.
        WeightsMissing: the server failed, or the file that came is not the one promised.
    """
    addresses = [url] if url else addresses_of(name, endpoint)
    for address in addresses:
        target = folder / f"{weights.fetched_stem(name)}{Path(urlsplit(address).path).suffix}"
        if _fetch(name, address, target, sha256):
            weights.sum_file(target).write_text(f"{weights.sha256(target)}  {target.name}\n", "utf-8")
            return target
    raise WeightsMissing(
        f"{name}: nothing is at {' or '.join(addresses)}; give the file's address with --url"
    )


def fetch_tokenizer(name: str, folder: Path, *, endpoint: str | None = None) -> Path:
    """Download the files of a tokenizer, verify them, and put them in place with a list of their sums.

    Args:
        name: of its repository on the hub, as open_clip's `hf_tokenizer_name`.
        folder: as in `fetch_weights`.
        endpoint: as in `fetch_weights`.

    Returns:
        The tokenizer's folder.

    Raises:
        UnknownModel: the repository has no tokenizer in one file.
        WeightsMissing: as in `fetch_weights`.
    """
    target = weights.tokenizer_folder(name, folder)
    there = [
        file
        for file in TOKENIZER_FILES
        if _fetch(name, hf_hub_url(name, file, endpoint=endpoint), target / file, None)
    ]
    if weights.TOKENIZER_FILE not in there:
        raise UnknownModel(f"{name} publishes no {weights.TOKENIZER_FILE}, so its models do not load here")
    sums = [f"{weights.sha256(target / file)}  {file}\n" for file in there]
    # Last: a folder without it is not in place.
    (target / weights.SUMS_FILE).write_text("".join(sums), "utf-8")
    return target


def fetch_head(head: weights.HeadFile, folder: Path) -> Path:
    """Download a head of taste, verify it by the sum that is registered, and put it in place.

    Raises:
        WeightsMissing: as in `fetch_weights`.
    """
    target = weights.head_file(head, folder)
    if not _fetch(head.name, head.source, target, head.sha256):
        raise WeightsMissing(
            f"{head.name}: nothing is at {head.source} any more; fetch a model without a head"
        )
    return target


def tokenizer_of(architecture: str) -> str:
    """Name the repository of the tokenizer that an architecture needs; empty for CLIP's own tokenizer."""
    import open_clip  # noqa: PLC0415 - seconds of import

    config: dict[str, Any] = ("/" not in architecture and open_clip.get_model_config(architecture)) or {}
    name: str = config.get("text_cfg", {}).get("hf_tokenizer_name", "")
    return name


def addresses_of(name: str, endpoint: str | None = None) -> list[str]:
    """List where the hub may have the weights of an open_clip model, best first.

    Args:
        name: open_clip's `ARCH:TAG`.
        endpoint: as in `fetch_weights`.

    Raises:
        UnknownModel: open_clip's registry has no hub page for the name.
    """
    entry = weights.manifest().get(name)
    if entry and entry.file:
        raise UnknownModel(f"{name} ships with the product; there is nothing to fetch")
    page = f"{entry.where.removeprefix(f'{HUB}/')}/" if entry else _registered_page(name)
    # A page without a file at its end stands for the names that open_clip itself looks for.
    repository, _, file = page.rpartition("/")
    return [hf_hub_url(repository, one, endpoint=endpoint) for one in ([file] if file else HUB_FILES)]


def _registered_page(name: str) -> str:
    """Look up `OWNER/REPOSITORY/FILE`, where the file may be empty, in open_clip's registry."""
    import open_clip  # noqa: PLC0415 - seconds of import for a name that is not in our manifest

    architecture, _, tag = name.partition(":")
    page: str = open_clip.get_pretrained_cfg(architecture, tag).get("hf_hub", "")
    if not page:
        known = ", ".join(entry.name for entry in weights.manifest().values() if not entry.file)
        raise UnknownModel(f"open_clip knows no weights called {name!r} on the hub; for example: {known}")
    return page


def _fetch(name: str, address: str, target: Path, sha256: str | None) -> bool:
    """Put one file in place, unless it is there already; tell whether the server has it.

    Raises:
        UnknownModel: no sum is to be had.
        WeightsMissing: the server failed, or the file that came is not the one promised.
    """
    try:
        source, expected = (address, sha256.lower()) if sha256 else _promise(name, address)
        if not (target.is_file() and _sum_like(expected, target) == expected):
            _download(name, source, expected, target)
    except HfHubHTTPError as error:
        if error.response.status_code == HTTPStatus.NOT_FOUND:
            return False
        status = f"{error.response.status_code} {error.response.reason_phrase}"
        raise WeightsMissing(f"{name}: {address} answered {status}; try again later") from error
    except (httpx2.HTTPError, httpx.TimeoutException) as error:
        raise _broken_off(name, error) from error
    except OSError as error:
        if error.errno is None:  # the library's own: fewer bytes came than were promised
            raise _broken_off(name, error) from error
        raise WeightsMissing(
            f"{target.parent}: {error.strerror}; free space, or choose another --dir"
        ) from error
    return True


def _download(name: str, source: str, expected: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, so that the last step is a rename, which either happens or does not.
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=target.parent) as unfinished:
        file = Path(unfinished) / target.name
        with file.open("wb") as opened, Deadline(should_stop=pace_of(opened)):
            http_get(source, opened, displayed_filename=name)
        found = _sum_like(expected, file)
        if found != expected:
            raise WeightsMissing(
                f"{name}: the file's sum is {found}, not {expected}; it was thrown away, try again"
            )
        file.replace(target)


def _sum_like(expected: str, file: Path) -> str:
    """Compute the sum of a file's bytes of the kind expected: SHA-256, or git's SHA-1 of a blob."""
    if SHA256.fullmatch(expected):
        return weights.sha256(file)
    content = file.read_bytes()
    # Source: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _promise(name: str, address: str) -> tuple[str, str]:
    """Ask a server where the bytes of a file are, and what their sum is."""
    # No token: the weights are public, and with --url the server need not be the hub.
    told = get_hf_file_metadata(address, token=False)
    # The hub names the SHA-256 of a large file, and git's SHA-1 of a small one, where others have an entity
    # tag of their own making. Weights are large: only the stronger sum is taken for them.
    is_small = Path(urlsplit(address).path).name in TOKENIZER_FILES
    tag = told.etag or ""
    if not (SHA256.fullmatch(tag) or (is_small and GIT_SHA1.fullmatch(tag))):
        raise UnknownModel(
            f"{urlsplit(address).hostname} names no sha256 for {name}; give the publisher's with --sha256"
        )
    return told.location, tag


def _broken_off(name: str, error: Exception) -> WeightsMissing:
    return WeightsMissing(f"{name} could not be downloaded ({error}); check the network, try again")
