"""Find the asset that an operator means: by its id, by the start of it, by its title or by its thumbnail.

Every question has an index, so a million assets take no longer than a hundred.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, func, or_, select, text

from worker.database.models import Asset, Job, Thumbnail

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

_NAME_PARTS = 3  # platform, account and id; the id may hold slashes itself
_MAX_ID = 2**63 - 1  # of PostgreSQL's bigint; a longer number is no job's, and would be an error there
LEAST_PREFIX = 4  #: characters of an id or a title that may stand for the whole
_TITLE_CHARACTERS = 100  # as many as `TITLE_INDEX` has
# Written out, as a parameter would not be known as what the index has.
_TITLE_KEY = func.lower(func.left(Asset.title, text(str(_TITLE_CHARACTERS))))
_TOLD = 5  # of several assets that a word may mean
_SHA256 = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


class NotFound(LookupError):
    """No row matches an operator's word, or several do; the message says how to write one."""


class Match(NamedTuple):
    """The asset that an operator's word means."""

    asset_id: int
    job_id: int | None  #: None: the word named the asset, not one of its jobs


def asset_name(asset: Asset) -> str:
    """Write an asset as operators do: mux/main/ASSETID."""
    return f"{asset.platform}/{asset.account}/{asset.external_id}"


def find(session: Session, word: str, *, is_whole: bool = False) -> Match:
    """Find an asset, or the asset of a job.

    A word is tried as `mux/main/ASSETID`, an asset's id, or a job's number; then as the address or the
    SHA-256 of a thumbnail, as a title, as the start of an id, and as the start of a title. What fits first
    decides.

    Args:
        session: any.
        word: as the operator wrote it.
        is_whole: only take whole ids: before something is removed for good, a similar one will not do.

    Raises:
        NotFound: there is none, or there are several.
    """
    tried: Sequence[Callable[[Session, str], dict[str, Match]]] = (_by_id,)
    if not is_whole:
        tried = (_by_id, _by_thumbnail, _by_title, _by_start_of_id, _by_start_of_title)
    found = next(filter(None, (way(session, word) for way in tried)), {})
    if not found:
        ways = "mux/main/ASSETID, or a job's number"
        if not is_whole:
            ways = (
                f"mux/main/ASSETID, an id or a title or the start of one ({LEAST_PREFIX} characters or more),"
                " a thumbnail's address, or a job's number"
            )
        raise NotFound(f"{word}: no such asset or job; write {ways}")
    if len(found) > 1:
        names = sorted(found)[:_TOLD] + (["others"] if len(found) > _TOLD else [])
        raise NotFound(f"{word} may be {', or '.join(names)}; write the one that you mean, whole")
    return next(iter(found.values()))


def _by_id(session: Session, word: str) -> dict[str, Match]:
    # An id may look like a full name or like a job's number, so a word is tried as everything that it may be;
    # where it means two things, the operator is asked for the longer form.
    is_named = Asset.external_id == word
    if (full := _full_name(word)) is not None:
        of_account, external_id = full
        is_named = or_(is_named, and_(of_account, Asset.external_id == external_id))
    found = _assets(session, is_named)
    job = session.get(Job, int(word)) if word.isdecimal() and int(word) <= _MAX_ID else None
    if job is not None:
        found[f"job {job.id}"] = Match(job.asset_id, job.id)
    return found


def thumbnail_hashes(word: str) -> list[str]:
    """Find the SHA-256 of thumbnails in a word, which may be the address of one."""
    return _SHA256.findall(word)


def _by_thumbnail(session: Session, word: str) -> dict[str, Match]:
    hashes = thumbnail_hashes(word)
    if not hashes:
        return {}
    return _assets(session, Asset.id.in_(select(Thumbnail.asset_id).where(Thumbnail.sha256.in_(hashes))))


def _by_title(session: Session, word: str) -> dict[str, Match]:
    is_alike = func.lower(word[:_TITLE_CHARACTERS]) == _TITLE_KEY
    return _assets(session, Asset.title != "", is_alike, func.lower(Asset.title) == func.lower(word))


def _by_start_of_id(session: Session, word: str) -> dict[str, Match]:
    conditions: list[ColumnElement[bool]] = []
    if len(word) >= LEAST_PREFIX:
        conditions.append(Asset.external_id.like(_starts_with(word)))
    full = _full_name(word)
    if full is not None and len(full[1]) >= LEAST_PREFIX:
        conditions.append(and_(full[0], Asset.external_id.like(_starts_with(full[1]))))
    return _assets(session, or_(*conditions)) if conditions else {}


def _by_start_of_title(session: Session, word: str) -> dict[str, Match]:
    if not LEAST_PREFIX <= len(word) <= _TITLE_CHARACTERS:
        return {}
    return _assets(session, Asset.title != "", _TITLE_KEY.like(func.lower(_starts_with(word))))


def _assets(session: Session, *conditions: ColumnElement[bool]) -> dict[str, Match]:
    some = select(Asset).where(*conditions).limit(_TOLD + 1)
    return {asset_name(asset): Match(asset.id, None) for asset in session.scalars(some)}


def _full_name(word: str) -> tuple[ColumnElement[bool], str] | None:
    """Read mux/main/ASSETID as a condition on the account, and the id; None where it is not written so."""
    parts = word.split("/", _NAME_PARTS - 1)
    if len(parts) != _NAME_PARTS:
        return None
    platform, account, external_id = parts
    return and_(Asset.platform == platform, Asset.account == account), external_id


def _starts_with(word: str) -> str:
    r"""Write a pattern of LIKE, in which %, _ and \ stand for themselves."""
    return re.sub(r"([\\%_])", r"\\\1", word) + "%"
