"""`thumbs doctor` says where pictures of two videos would lie at one address."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.service.builders import make_settings
from worker.doctor.accounts import check_pictures
from worker.settings.accounts import FastPixAccount

FASTPIX = FastPixAccount(webhook_secret="c2VjcmV0", token_id="id", token_secret="secret")  # noqa: S106 - made up
ONE, TWO = {"main": FASTPIX}, {"main": FASTPIX, "other": FASTPIX}


def said(template: str, **accounts: Any) -> list[str]:
    """What is found of an address, where these accounts are told."""
    address = f"https://media.example.com/{template}.jpg"
    return [one.says for one in check_pictures(make_settings(pictures_url=address, **accounts))]


@pytest.mark.parametrize(
    ("template", "accounts"),
    [
        ("{asset}", {"fastpix": TWO}),
        ("{platform}/{asset}", {"fastpix": TWO}),
        ("{asset}-{rank}", {"fastpix": ONE, "media_hosts": ["media.example.com"]}),
    ],
)
def test_equal_ids_of_two_accounts_share_an_address(template: str, accounts: dict[str, Any]) -> None:
    """Nothing else would say so: the newest picture is simply there."""
    (says,) = said(template, **accounts)

    assert "fastpix/main, " in says or "direct/media, " in says
    assert "share an address" in says


@pytest.mark.parametrize(
    ("template", "accounts"),
    [
        ("{account}/{asset}", {"fastpix": TWO}),
        ("{platform}/{asset}", {"fastpix": ONE, "media_hosts": ["media.example.com"]}),
        ("{asset}", {"fastpix": ONE}),
        ("{asset}", {"media_hosts": ["media.example.com"]}),
    ],
)
def test_what_is_told_apart_is_no_matter(template: str, accounts: dict[str, Any]) -> None:
    """Ids are unique within an account."""
    assert said(template, **accounts) == []
