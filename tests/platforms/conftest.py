"""No test knows the tokens of another one's server, whose port its own may get."""

from __future__ import annotations

import pytest

from worker.platforms.shared.tokens.client_credentials import client_credentials_of
from worker.platforms.shared.tokens.password_grant import grant_of


@pytest.fixture(autouse=True)
def _no_tokens() -> None:
    client_credentials_of.cache_clear()
    grant_of.cache_clear()
