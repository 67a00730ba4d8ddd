"""Ask our rows how the accounts stand, and the platforms whether they are set up right.

The requests to the platforms change nothing there.
"""

from __future__ import annotations

import ipaddress
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
from sqlalchemy import or_, select

from worker import accounts
from worker.database import NOW
from worker.database.accounts import Account
from worker.doctor.finding import Finding, State
from worker.doctor.servers import ask_database
from worker.errors import (
    CredentialsRefused,
    PlatformUnavailable,
    RateLimited,
    RequestHeldBack,
    SettingsInvalid,
    ThumbsError,
)
from worker.platforms import PLATFORMS, configured_accounts, platform_of
from worker.platforms.base import WriteBack
from worker.platforms.media_url import ACCOUNT as DIRECT_ACCOUNT
from worker.platforms.media_url import MediaUrl

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session

    from worker.platforms.base import Platform
    from worker.settings import Settings


def examine_accounts(settings: Settings, only: str | None = None) -> Iterator[Finding]:
    """Check the token and the webhook of every account, one by one.

    Args:
        settings: with the accounts.
        only: the platform whose accounts are checked; None: all.

    Raises:
        SettingsInvalid: there is no account to check.
    """
    wanted = [(name, account) for name, account in configured_accounts(settings) if only in {None, name}]
    if not wanted:
        platforms = f"of {only} " if only in PLATFORMS else ""
        raise SettingsInvalid(f"no account {platforms}is configured; docs/platforms/ lists the variables")
    # Of platforms without webhooks nothing has to reach us.
    if any(PLATFORMS[name].capabilities.events for name, _ in wanted):
        yield from _public_url(settings)
    for name, account in wanted:
        with closing(platform_of(name, account, settings)) as platform:
            answers = yield from _token(platform, getattr(settings, name)[account].api_url)
            yield _webhook(platform, settings, answers=answers)
            if platform.write_back is WriteBack.URL:
                yield _pictures(platform, settings)


def check_pictures(settings: Settings) -> Iterator[Finding]:
    """Warn where pictures of several accounts would lie at one address of PICTURES_URL."""
    template = settings.pictures_url
    if template is None:
        return
    telling = [(MediaUrl.name, DIRECT_ACCOUNT)] if settings.media_hosts else []
    for name, account in configured_accounts(settings):
        if WriteBack.NONE in PLATFORMS[name].capabilities.write_backs:
            telling.append((name, account))
    has_platform, has_account = "{platform}" in template, "{account}" in template
    places = {(has_platform and name, has_account and account) for name, account in telling}
    if len(places) < len(telling):
        names = ", ".join("/".join(one) for one in telling)
        says = f"videos of {names} that have the same id would share an address, and the newest picture wins"
        remedy = "write {platform} and {account} into it, unless no id comes twice"
        yield Finding("PICTURES_URL", State.WARNING, says, remedy)


def check_standing(settings: Settings) -> Iterator[Finding]:
    """List the accounts whose work waits, because of their platform or an operator."""
    yield from ask_database(settings, "standing", _held)


def _held(session: Session) -> Iterator[Finding]:
    held = or_(Account.paused_at.is_not(None), accounts.ails(), accounts.is_closed())
    columns = (Account, accounts.is_closed(), accounts.only_writes_ail(), select(NOW).scalar_subquery())
    rows = session.execute(select(*columns).where(held).order_by(Account.platform, Account.account)).all()
    yield from (_standing(*row) for row in rows)


def _standing(account: Account, is_closed: bool, only_writes_ail: bool, now: datetime) -> Finding:
    name = f"{account.platform}/{account.account}"
    if account.paused_at:
        why = f": {account.paused_because}" if account.paused_because else ""
        says = f"paused by {account.paused_by} since {account.paused_at:%Y-%m-%d %H:%M} UTC{why}"
        return Finding(name, State.WARNING, says, f"`thumbs resume {name}` lets its work go on")
    wait_s = (account.closed_until - now).total_seconds() if is_closed and account.closed_until else 0.0
    again = f"one job asks again in {wait_s:.0f} s" if is_closed else "one job at a time asks again"
    if account.is_unknown:
        says = f"is not in the settings of the workers: {account.error}"
        remedy = f"add it there and restart them, or `thumbs cancel --account {name}` ends what waits for it"
        return Finding(name, State.WARNING, says, remedy)
    if account.refused_at:
        says = f"refused since {account.refused_at:%Y-%m-%d %H:%M} UTC: {account.error}"
        remedy = f"{accounts.remedy_of_refusal(name)}; no job is lost, and {again}"
        return Finding(name, State.FAILED, says, remedy)
    if only_writes_ail:
        says = f"its videos can be read, and its writes fail: {account.error}"
        right = f"where its token may not write: {_needed(account)} (docs/platforms/{account.platform}.md)"
        again = again.replace("one job", "one write")
        return Finding(name, State.FAILED, says, f"{right}; {again} (`thumbs resume {name}`: at once)")
    return Finding(name, State.WARNING, f"its platform does not answer: {account.error}", f"wait: {again}")


def _needed(account: Account) -> str:
    platform = PLATFORMS.get(account.platform)
    return f"it needs {platform.capabilities.write_permission}" if platform else "give it that right"


def _pictures(platform: Platform, settings: Settings) -> Finding:
    """Tell whether a platform that fetches our pictures can reach them."""
    label, url = platform.capabilities.label, settings.public_url
    if not _is_near(urlsplit(url).hostname or ""):
        return Finding("  pictures", State.OK, f"{label} fetches them from {url}")
    says = f"{label} is to fetch them from {url}, which it cannot reach: every write will fail"
    remedy = "set PUBLIC_URL to the address of the receiver on the internet, with https"
    return Finding("  pictures", State.FAILED, says, remedy)


def _public_url(settings: Settings) -> Iterator[Finding]:
    host = urlsplit(settings.public_url).hostname or ""
    if _is_near(host):
        remedy = "set PUBLIC_URL to the address of the receiver on the internet, with https"
        says = f"{settings.public_url} cannot be reached by a platform"
        yield Finding("PUBLIC_URL", State.WARNING, says, remedy)


def _is_near(host: str) -> bool:
    """Tell whether a host is on this machine or in our own network, where no platform reaches it."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or "." not in host  # a name without dots is one of the own network


def _token(platform: Platform, api_url: str) -> Generator[Finding, None, bool]:
    """Try to list the videos; whether thumbnails can be written is known with the first write only.

    Returns:
        Whether the platform answers at all.
    """
    name = f"{platform.name}/{platform.account}"
    try:
        page = platform.assets()
    except ThumbsError as error:
        yield Finding(name, State.FAILED, str(error), _remedy(error, platform, api_url))
        return not _is_unreachable(error)
    count = page.total if page.total is not None else len(page.assets)
    more = " or more" if page.total is None and page.following else ""
    yield Finding(name, State.OK, f"reading works (videos: {count}{more}); {_writing(platform)}")
    return True


def _is_unreachable(error: ThumbsError) -> bool:
    return isinstance(error, PlatformUnavailable) and isinstance(error.__cause__, httpx.RequestError)


def _writing(platform: Platform) -> str:
    if platform.write_back is WriteBack.NONE:
        return "nothing is written there"
    return f"writing is not tried: it needs {platform.capabilities.write_permission}"


def _remedy(error: ThumbsError, platform: Platform, api_url: str) -> str:
    """Say what helps against a failed question: that depends on who failed, the network, the vendor or we."""
    page = f"docs/platforms/{platform.name}.md"
    setting = f"{platform.name.upper()}__{platform.account.upper()}__API_URL"
    match error:
        case CredentialsRefused():
            return f"give it a token that may do this: {page}, step 1"
        case RateLimited() | RequestHeldBack():
            return "wait a minute and ask again: the token is not what is wrong"
        case PlatformUnavailable() if _is_unreachable(error):
            host = urlsplit(api_url).hostname
            return (
                f"{host} cannot be reached from here: check this machine's network, name server and firewall"
                f" (no proxy is used), and {setting} if you set it"
            )
        case PlatformUnavailable():
            return f"the vendor's own trouble, most likely: try again later, or check {setting} if you set it"
    return f"check {setting} if you set it, and the account's other variables: {page}"


def _webhook(platform: Platform, settings: Settings, *, answers: bool) -> Finding:
    """Ask the platform, if it answers, whether it sends its events to our receiver."""
    if not platform.capabilities.events:
        return Finding("  webhook", State.OK, "there is none: the list of videos is read instead")
    ours = f"{settings.public_url}/webhooks/{platform.name}/{platform.account}"
    if not answers:
        says = f"not asked for, as it does not answer; it is to be {ours}"
        return Finding("  webhook", State.WARNING, says)
    try:
        theirs = platform.webhooks()
    except ThumbsError as error:
        return Finding("  webhook", State.WARNING, f"cannot be asked for: {error}", f"it is to be {ours}")
    if theirs is None:
        return Finding("  webhook", State.OK, f"only its own pages tell; it is to be {ours}")
    urls = [one.url for one in theirs if one.is_enabled]
    if ours in urls:
        return Finding("  webhook", State.OK, ours)
    if ours in [one.url for one in theirs]:
        says, remedy = f"{ours} is there, but disabled", f"enable it at {platform.capabilities.label}"
    else:
        says = f"events are sent to {', '.join(urls)}" if urls else "events are sent nowhere"
        remedy = f"set it to {ours}: docs/platforms/{platform.name}.md"
    return Finding("  webhook", State.FAILED, says, remedy)
