"""Whether a refusal concerns the whole account, or one request only."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from worker.errors import (
    CredentialsRefused,
    PlatformUnavailable,
    RequestForbidden,
    RequestHeldBack,
    ThumbsError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from worker.platforms.base import Platform


def examine_refusal(error: Exception, platform: Callable[[], Platform]) -> Exception:
    """Find out what a refusal means, by a request that every token of ours must be allowed.

    Some platforms answer 401 or 403 for one private or locked asset, too, and a firewall in front of one may
    refuse one kind of request. That must not stop the whole account.

    Args:
        error: of any kind; all but a refusal are returned as they are.
        platform: makes the account's platform; it is closed here.

    Returns:
        The error, where the list of videos is refused, too; RequestForbidden where it can be read;
        PlatformUnavailable or RequestHeldBack where nobody can tell now.
    """
    if not isinstance(error, CredentialsRefused):
        return error
    try:
        with closing(platform()) as asked:
            asked.assets()
    except (PlatformUnavailable, RequestHeldBack) as unknown:
        return unknown
    except ThumbsError:
        return error
    return RequestForbidden(f"{error}; the token is accepted for the list of videos, so only this is refused")


def remedy_of_refusal(name: str) -> str:
    """Say what lets the work on an account such as mux/main go on, once its platform refuses the token.

    A program reads its tokens when it starts, so a new one does nothing before that.
    """
    return f"mend the token, restart the programs, then `thumbs resume {name}`"
