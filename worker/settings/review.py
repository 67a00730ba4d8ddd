"""Settings of the pages on which people see picks and choose: `thumbs review`."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

from worker.settings.types import Line, Seconds, Secret, Url  # noqa: TC001 - pydantic reads them at run time


class ReviewSettings(BaseSettings):
    """What an operator can set for the pages."""

    review_url: Url = Field(
        "http://127.0.0.1:8080", description="The address of the pages, as people's browsers see it."
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
        "Where it is missing, only people who were invited come in.",
    )
    review_idle_s: Seconds = Field(
        12 * 3600.0, description="Who does nothing for so long has to sign in again."
    )
    audit_retention_days: int = Field(
        730, ge=1, description="What people did, as `thumbs audit` lists it, is kept so long."
    )

    @model_validator(mode="after")
    def _sign_in_is_whole(self) -> Self:
        given = (self.review_oidc_issuer, self.review_oidc_client_id, self.review_oidc_client_secret)
        if any(given) and not all(given):
            raise ValueError(
                "REVIEW_OIDC_ISSUER, REVIEW_OIDC_CLIENT_ID and REVIEW_OIDC_CLIENT_SECRET go together; "
                "set all three, or none"
            )
        return self
