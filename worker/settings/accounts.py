"""What an operator sets for one account of each platform: a group of variables, as MUX__MAIN__TOKEN_ID."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from worker.aspects import MAX_COUNT
from worker.settings.types import (
    WITHHELD,
    Aspects,
    Base64Secret,
    BucketName,
    ImageKey,
    Line,
    PemSecret,
    Secret,
    Spans,
    TimeZone,
    Url,
    VideoSuffixes,
    revealed_all,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class AccountSettings(BaseModel):
    """One account of any platform: what is wanted of its videos."""

    api_secrets: ClassVar[tuple[str, ...]] = ()  #: those that the API asks for
    #: Those that show who sends its webhooks, the newest first; none where it sends none.
    webhook_secret_fields: ClassVar[tuple[str, ...]] = ()

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    count: int | None = Field(
        None, ge=1, le=MAX_COUNT, description="Picks for each video, in place of `COUNT`."
    )
    aspects: Aspects | None = Field(None, description="Ratios, in place of `ASPECTS`.")
    avoid: Spans = Field(
        (), description="Parts to pick nothing from: `0-15, -30-0` is the first 15 s and the last 30 s."
    )
    prefer: Spans = Field((), description="Parts to pick from first: `0%-50%` is the first half.")
    tests: Literal["manual", "auto"] | None = Field(None, description="In place of `TESTS`.")
    tests_apply: Literal["winner", "preferred", "never"] | None = Field(
        None, description="In place of `TESTS_APPLY`."
    )
    test_timezone: TimeZone | None = Field(None, description="In place of `TEST_TIMEZONE`.")

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """Every secret of its webhooks that is live, the newest first."""
        return revealed_all(*(getattr(self, name) for name in self.webhook_secret_fields))


class WebhookAccount(AccountSettings):
    """One account of a platform that signs webhooks."""

    webhook_secret_fields = ("webhook_secret", "webhook_secret_previous")

    webhook_secret: Secret = Field(description="Signs its webhooks.")
    webhook_secret_previous: Secret | None = Field(
        None, description="Also accepted, while the secret is being rotated."
    )


class TokenAccount(WebhookAccount):
    """One account of a platform whose API takes an id and a secret, and whose private videos take a key."""

    api_secrets = ("token_secret",)

    token_id: Line = Field(description="The API token.")
    token_secret: Secret = Field(description="The API token's secret.")
    signing_key_id: Line | None = Field(None, description="For private videos: the signing key.")
    signing_private_key: PemSecret | None = Field(None, description="Its private part, base64 of a PEM.")

    @model_validator(mode="after")
    def _keys_are_whole(self) -> Self:
        if (self.signing_key_id is None) != (self.signing_private_key is None):
            raise ValueError("SIGNING_KEY_ID and SIGNING_PRIVATE_KEY go together; set both, or neither")
        return self


class MuxAccount(TokenAccount):
    """One environment of Mux."""

    api_url: Url = Field("https://api.mux.com", description="The API.")
    stream_url: Url = Field("https://stream.mux.com", description="Where videos are read.")


class FastPixAccount(TokenAccount):
    """One workspace of FastPix."""

    webhook_secret: Base64Secret = Field(description="Signs its webhooks.")
    webhook_secret_previous: Base64Secret | None = Field(
        None, description="Also accepted, while the secret is being rotated."
    )
    api_url: Url = Field("https://api.fastpix.com/v1", description="The API.")
    stream_url: Url = Field("https://stream.fastpix.com", description="Where videos are read.")
    write_metadata: bool = Field(
        default=False, description="Write the time of the best pick into the media's metadata."
    )


class ApiVideoAccount(WebhookAccount):
    """One workspace of api.video."""

    api_secrets = ("api_key",)

    webhook_secret: Secret = Field(description="Signs its webhooks; shown once, when the webhook is made.")
    api_key: Secret = Field(description="An API key that may read and write videos.")
    api_url: Url = Field(
        "https://ws.api.video", description="The API; `https://sandbox.api.video` for trying it out."
    )
    write_time: bool = Field(
        default=False, description="Name the time of the best pick, in place of uploading the picture."
    )


class CloudflareAccount(WebhookAccount):
    """One account of Cloudflare."""

    api_secrets = ("api_token",)

    account_id: Line = Field(description="The account's id.")
    api_token: Secret = Field(description="An API token with Stream: Edit.")
    api_url: Url = Field("https://api.cloudflare.com/client/v4", description="The API.")


class BunnyAccount(WebhookAccount):
    """One video library of Bunny Stream."""

    api_secrets = ("api_key",)

    webhook_secret: Secret = Field(description="The library's read-only API key, which signs its webhooks.")
    library_id: Line = Field(description="The library's id.")
    api_key: Secret = Field(description="The library's API key, not the read-only one.")
    cdn_url: Url = Field(description="Its pull zone, `https://vz-....b-cdn.net`.")
    cdn_token_key: Secret | None = Field(
        None, description="The pull zone's token authentication key, where files need a token."
    )
    referer: Url | None = Field(
        None, description="A page that may embed its videos, where direct access to files is blocked."
    )
    api_url: Url = Field("https://video.bunnycdn.com", description="The API.")


class VimeoAccount(AccountSettings):
    """One Vimeo account, which sends no webhooks."""

    api_secrets = ("access_token",)

    access_token: Secret = Field(description="A token with the scopes private, edit, upload and video_files.")
    api_url: Url = Field("https://api.vimeo.com", description="The API.")
    write_time: bool = Field(
        default=False, description="Name the time of the best pick, in place of uploading the picture."
    )


class WistiaAccount(WebhookAccount):
    """One Wistia account."""

    api_secrets = ("api_token",)

    webhook_secret: Secret = Field(description="The secret key that was given when the webhook was made.")
    api_token: Secret = Field(
        description="An API token that may upload, and read, update and delete anything."
    )
    api_url: Url = Field("https://api.wistia.com/v1", description="The API.")
    upload_url: Url = Field("https://upload.wistia.com", description="Where pictures are sent.")
    embed_url: Url = Field("https://fast.wistia.com", description="Where HLS is read.")


class PeerTubeAccount(AccountSettings):
    """One user of a PeerTube instance, which sends no webhooks."""

    api_secrets = ("password",)

    api_url: Url = Field(
        description="The instance, `https://tube.example.com`, by the name that it calls itself."
    )
    username: Line | None = Field(None, description="A user who may edit the videos.")
    password: Secret | None = Field(None, description="Their password; no second factor can be asked for.")
    access_token: Secret | None = Field(
        None, description="In place of both, for trying out: a token, which ends after a day."
    )

    @model_validator(mode="after")
    def _can_ask(self) -> Self:
        # A program that does without the password need not know how the others log in.
        if (
            self.access_token is None
            and self.password is not WITHHELD
            and not (self.username and self.password)
        ):
            raise ValueError("set USERNAME and PASSWORD, or ACCESS_TOKEN")
        return self


class S3Account(AccountSettings):
    """One bucket of a storage that speaks S3: MinIO, Ceph, R2, AWS."""

    api_secrets = ("secret_access_key",)
    webhook_secret_fields = ("webhook_token", "webhook_token_previous")

    endpoint_url: Url = Field(description="The storage, e.g. `http://minio:9000`; it may be in your network.")
    bucket: BucketName = Field(description="The bucket with the videos.")
    region: Line = Field("us-east-1", description="Its region, which requests are signed for.")
    access_key_id: Line = Field(description="An access key that may read, list and write.")
    secret_access_key: Secret = Field(description="Its secret.")
    webhook_token: Secret = Field(description="What its events carry as `Authorization`.")
    webhook_token_previous: Secret | None = Field(
        None, description="Also accepted, while the token is being changed."
    )
    path_style: bool = Field(default=True, description="`false` puts the bucket's name before the host.")
    prefix: str = Field("", description="Only keys that begin so are videos, e.g. `uploads/`.")
    video_suffixes: VideoSuffixes = Field(
        (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi"), description="Keys of videos end in one of these."
    )
    image_key: ImageKey = Field(
        "{stem}.jpg",
        description="The picture's key: `{key}` is the video's, and `{stem}` the same without its suffix.",
    )
    image_bucket: BucketName | None = Field(None, description="Another bucket for the pictures.")

    @property
    def api_url(self) -> str:
        """Its endpoint, as of every account."""
        return self.endpoint_url


class BrightcoveAccount(WebhookAccount):
    """One account of Brightcove's Video Cloud."""

    api_secrets = ("client_secret",)

    webhook_secret: Secret = Field(description="The token at the end of the address that it sends events to.")
    account_id: Line = Field(description="The account's id, a number.")
    client_id: Line = Field(description="The id of its client credentials.")
    client_secret: Secret = Field(description="Their secret.")
    api_url: Url = Field("https://cms.api.brightcove.com/v1", description="The CMS API.")
    ingest_url: Url = Field(
        "https://ingest.api.brightcove.com/v1", description="Where it is asked to fetch pictures."
    )
    oauth_url: Url = Field("https://oauth.brightcove.com/v4", description="Where access tokens are made.")


class JwPlayerAccount(WebhookAccount):
    """One property of JW Player."""

    api_secrets = ("api_secret",)

    webhook_secret: Secret = Field(description="The webhook's secret, which signs what it sends.")
    site_id: Line = Field(description="The property's id, also called the site's.")
    api_secret: Secret = Field(description="The secret of a v2 API key that may write.")
    api_url: Url = Field("https://api.jwplayer.com/v2", description="The management API.")
    delivery_url: Url = Field("https://cdn.jwplayer.com", description="Where files are listed.")


ACCOUNTS: Mapping[str, type[AccountSettings]] = {
    "mux": MuxAccount,
    "fastpix": FastPixAccount,
    "api_video": ApiVideoAccount,
    "cloudflare": CloudflareAccount,
    "bunny": BunnyAccount,
    "vimeo": VimeoAccount,
    "wistia": WistiaAccount,
    "peertube": PeerTubeAccount,
    "s3": S3Account,
    "brightcove": BrightcoveAccount,
    "jwplayer": JwPlayerAccount,
}


def withhold(given: dict[str, Any], which: str) -> dict[str, Any]:
    """Note in what is given as settings the secrets of accounts that a program does without.

    Args:
        given: values by their names, those of accounts in groups.
        which: the kind of secrets that the program has, as ACCOUNT_SECRETS names it.
    """
    return given | {
        platform: {name: _withheld(kind, group, which) for name, group in given[platform].items()}
        for platform, kind in ACCOUNTS.items()
        if isinstance(given.get(platform), dict)
    }


def _withheld(kind: type[AccountSettings], group: Any, which: str) -> Any:
    signing = kind.webhook_secret_fields[:1]
    by_kind = {"webhooks": kind.api_secrets, "api": signing, "none": (*kind.api_secrets, *signing)}
    names = by_kind.get(which, ())
    withheld = {name: WITHHELD for name in names if name in kind.model_fields}
    return withheld | group if isinstance(group, dict) else group
