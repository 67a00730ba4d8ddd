"""What storage refuses by a status that means something else there than at other APIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from worker.errors import PlatformUnavailable, PublishRejected, ShownMeanwhile, TransientError
from worker.http.retry_after import GONE

if TYPE_CHECKING:
    from worker.errors import ThumbsError
    from worker.platforms.shared.buckets.answers import Refusal

_WITH_REASON = frozenset({"GET", "PUT", "DELETE"})  # refusals of these have a body, where storage has a code
_CONDITIONS = frozenset({"if-match", "if-none-match"})


class PartMissing(PublishRejected):
    """The object ends before the part that is asked for (416)."""


class RequestUnknown(TransientError):
    """The storage does not know this kind of request (501), as some that speak S3 do not."""


class OneAtATime(TransientError):
    """The storage removes no objects together, as Google's and Alibaba's; a single one it does."""


def by_status(answer: httpx.Response, refusal: Refusal, address_setting: str) -> ThumbsError | None:
    """Translate what only storage answers so; None for what any API may.

    Args:
        answer: that is no success.
        refusal: what it says.
        address_setting: which setting has the storage's address, for messages.
    """
    asked = f"{answer.request.method} {answer.request.url.path}: {answer.status_code}"
    if answer.status_code in GONE and not refusal.code and answer.request.method in _WITH_REASON:
        # A proxy whose storage is away says so, too: of the object this tells nothing.
        return PlatformUnavailable(f"{asked} without a reason; check {address_setting}")
    if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
        return PartMissing(asked)
    if answer.status_code == httpx.codes.PRECONDITION_FAILED:
        return ShownMeanwhile(f"{answer.request.url.path}: another object was put there meanwhile")
    is_rare = answer.request.method == "POST" or {*answer.request.headers} & _CONDITIONS
    if answer.status_code == httpx.codes.NOT_IMPLEMENTED and is_rare:
        return RequestUnknown(refusal.message)
    if answer.is_redirect:  # storage sends one for another region only, so the address is another's
        return PlatformUnavailable(f"{asked}; check {address_setting}")
    return None
