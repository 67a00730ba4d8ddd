"""What `thumbs up` says once everything runs: where it is, and how to come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from worker.platforms import PLATFORMS, configured_accounts
from worker.standalone.pages import address_of, local_invitation

if TYPE_CHECKING:
    from worker.settings import Settings
    from worker.standalone.service import Service


def greeting(settings: Settings, service: Service, who: str) -> str:
    """Write what an operator reads once all runs; it makes the invitation that it shows.

    Args:
        settings: of the service.
        service: that runs.
        who: runs it, USER@HOST.
    """
    url = service.url
    configured = configured_accounts(settings)
    lines = [click.style("thumbs is up", bold=True), f"  logs      {settings.data_dir / 'logs'}"]
    lines += [
        f"  webhooks  {url}/webhooks/{name}/{account}"
        for name, account in configured
        if PLATFORMS[name].capabilities.events
    ]
    if settings.events_secret:
        lines.append(f"  events    {url}/v1/events")
    if not configured and not settings.events_secret:
        lines.append(
            "  no account is configured yet: set MUX__MAIN__WEBHOOK_SECRET and its like; see docs/settings.md"
        )
    if settings.review_port:
        lines += _pages(settings, service, who)
    if settings.beacon_port:
        lines += [
            f"  viewers   {settings.beacon_url}/v1/thumbs.js",
            "            tests pictures on your own pages: docs/learning.md",
        ]
    return "\n".join([*lines, f"  metrics   {service.operations_url}/metrics", "  Ctrl-C stops it"])


def _pages(settings: Settings, service: Service, who: str) -> list[str]:
    """Say where the pages are, and how to come in where no provider signs people in."""
    if settings.review_oidc_issuer:
        return [f"  pages     {settings.review_url}"]
    link = settings.review_url + local_invitation(service.database_url, who)
    return [
        f"  pages     {link}",
        "            opens on this machine, once, within 10 minutes; again, and for others:",
        f"            thumbs invite {address_of(who)} --role operator",
        "            thumbs invite anna@example.com",
    ]
