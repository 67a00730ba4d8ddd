"""Fetching published weights from the hub, verified by their sum.

huggingface_hub asks for the sum, and fetches the bytes: it goes on where a transfer broke off, follows the
hub's redirects, and shows progress on a terminal. It does not compare what came with the sum, and puts files
into a layout of its own; so the file is verified here, and put in place here once it is whole.

Source: https://huggingface.co/docs/huggingface_hub/package_reference/file_download
"""

from __future__ import annotations

import re
import tempfile
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
from huggingface_hub import get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.file_download import http_get

from worker import weights
from worker.errors import UnknownModel, WeightsMissing

HUB = "https://huggingface.co"
# Where open_clip's own models keep their weights, the safer kind first.
HUB_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
SHA256 = re.compile(r"[0-9a-f]{64}")


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
        try:
            return _fetch(name, address, folder, sha256)
        except HfHubHTTPError as error:
            if error.response.status_code != HTTPStatus.NOT_FOUND:
                status = f"{error.response.status_code} {error.response.reason_phrase}"
                raise WeightsMissing(f"{name}: {address} answered {status}; try again later") from error
        except httpx2.HTTPError as error:
            raise _broken_off(name, error) from error
        except OSError as error:
            if error.errno is None:  # the library's own: fewer bytes came than were promised
                raise _broken_off(name, error) from error
            raise WeightsMissing(
                f"{folder}: {error.strerror}; free space, or choose another --dir"
            ) from error
    raise WeightsMissing(
        f"{name}: nothing is at {' or '.join(addresses)}; give the file's address with --url"
    )


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


def _fetch(name: str, address: str, folder: Path, sha256: str | None) -> Path:
    source, expected = (address, sha256) if sha256 else _promise(name, address)
    target = folder / f"{weights.fetched_stem(name)}{Path(urlsplit(address).path).suffix}"
    folder.mkdir(parents=True, exist_ok=True)
    # In the same folder, so that the last step is a rename, which either happens or does not.
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as unfinished:
        file = Path(unfinished) / target.name
        with file.open("wb") as opened:
            http_get(source, opened, displayed_filename=name)
        found = weights.sha256(file)
        if found != expected.lower():
            raise WeightsMissing(
                f"{name}: the file's sha256 is {found}, not {expected}; it was thrown away, try again"
            )
        weights.sum_file(target).write_text(f"{found}  {target.name}\n", "utf-8")
        file.replace(target)
    return target


def _promise(name: str, address: str) -> tuple[str, str]:
    """Ask a server where the bytes of a file are, and what their sum is."""
    # No token: the weights are public, and with --url the server need not be the hub.
    told = get_hf_file_metadata(address, token=False)
    # The hub names the SHA-256 of a large file where others have an entity tag of their own making.
    if told.etag is None or not SHA256.fullmatch(told.etag):
        raise UnknownModel(
            f"{urlsplit(address).hostname} names no sha256 for {name}; give the publisher's with --sha256"
        )
    return told.location, told.etag


def _broken_off(name: str, error: Exception) -> WeightsMissing:
    return WeightsMissing(f"{name} could not be downloaded ({error}); check the network, try again")
