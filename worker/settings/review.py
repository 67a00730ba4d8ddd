"""Settings of the pages on which people see picks and choose: `thumbs review`."""

from __future__ import annotations

from typing import Any, Self
from urllib.parse import quote, urlsplit

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

from worker.settings.types import Days, Line, Seconds, Secret, Url  # noqa: TC001 - pydantic reads them

MIN_SECRET_CHARACTERS = 32
WITH_PROVIDER_S = 12 * 3600.0
WITHOUT_PROVIDER_S = 30 * 86400.0  # an operator has to be asked to let somebody in again
MOST_WITH_PROVIDER_S = 7 * 86400.0
MOST_WITHOUT_PROVIDER_S = 90 * 86400.0


class ReviewSettings(BaseSettings):
    """What an operator can set for the pages."""

    review_url: Url = Field(
        "http://127.0.0.1:8080",
        description="The address of the pages, as people's browsers see it; `REVIEW_PORT` here without it.",
    )
    review_host: Line = Field("127.0.0.1", description="The address that `thumbs review` listens on.")
    review_port: int = Field(8080, ge=0, le=65535, description="Its port; 0: `thumbs up` has no pages.")
    review_secret: Secret | None = Field(
        None,
        description="Signs cookies: 32 characters or more. `thumbs up` makes its own without it.",
    )
    review_oidc_issuer: Url | None = Field(
        None, description="Who signs people in, by OpenID Connect: the address of the issuer."
    )
    review_oidc_client_id: Line | None = Field(None, description="The name of the pages there.")
    review_oidc_client_secret: Secret | None = Field(None, description="The secret of the pages there.")
    review_oidc_roles_claim: Line = Field(
        "thumbs_roles",
        description="The claim whose words are roles, as `editor` or `editor:mux/main`. "
        "Where it is missing, roles that it gave end, and only people who were invited come in.",
    )
    review_idle_s: Seconds | None = Field(
        None,
        description="Who does nothing for so long has to sign in again. Without it: 12 hours where a "
        "provider signs people in, and 30 days where it would take another invitation. Whoever does "
        "something has to sign in again after 7 days, or after 90.",
    )
    audit_retention_days: Days = Field(
        730, description="What people did, as `thumbs audit` lists it, is kept so long."
    )

    @property
    def idle_limit_s(self) -> float:
        """How long a sign-in lasts that nobody uses."""
        if self.review_idle_s is not None:
            return self.review_idle_s
        return WITH_PROVIDER_S if self.review_oidc_issuer else WITHOUT_PROVIDER_S

    @property
    def sign_in_limit_s(self) -> float:
        """How long a sign-in lasts at the most."""
        most_s = MOST_WITH_PROVIDER_S if self.review_oidc_issuer else MOST_WITHOUT_PROVIDER_S
        return max(most_s, self.idle_limit_s)

    @property
    def has_pages(self) -> bool:
        """Whether somebody said that there are pages: without REVIEW_URL nothing tells of them."""
        return "review_url" in self.model_fields_set

    def page_of(self, platform: str, account: str, external_id: str) -> str:
        """Build the address of an asset's page, which works before there is such an asset, too.

        Slashes of an id are escaped, as browsers would leave out what `..` between two of them names.
        """
        names = (quote(name, safe="") for name in (platform, account, external_id))
        return "/".join([f"{self.review_url}/a", *names])

    @model_validator(mode="before")
    @classmethod
    def _address_has_the_port(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Follow REVIEW_PORT where only that is set: requests for another address are refused."""
        port = given.get("review_port")
        if given.get("review_url") is None and port not in {None, 0, "0"}:
            return {**given, "review_url": f"http://127.0.0.1:{port}"}
        return given

    @model_validator(mode="after")
    def _pages_are_safe(self) -> Self:
        parts = urlsplit(self.review_url)
        if parts.path or parts.username is not None:
            raise ValueError(
                "REVIEW_URL: the pages need a host of their own; write it as https://thumbs.example.com"
            )
        secret = self.review_secret
        if secret is not None and len(secret.get_secret_value()) < MIN_SECRET_CHARACTERS:
            raise ValueError(
                f"REVIEW_SECRET: write {MIN_SECRET_CHARACTERS} random characters or more, "
                "as `openssl rand -hex 32` prints them"
            )
        return self

    @model_validator(mode="after")
    def _sign_in_is_whole(self) -> Self:
        given = (self.review_oidc_issuer, self.review_oidc_client_id, self.review_oidc_client_secret)
        if any(given) and not all(given):
            raise ValueError(
                "REVIEW_OIDC_ISSUER, REVIEW_OIDC_CLIENT_ID and REVIEW_OIDC_CLIENT_SECRET go together; "
                "set all three, or none"
            )
        return self
