"""The accounts of each platform, by the names that the operator gives them."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings

from worker.settings.accounts import (  # noqa: TC001 - pydantic reads the annotations when the program runs
    ApiVideoAccount,
    BrightcoveAccount,
    BunnyAccount,
    CloudflareAccount,
    FastPixAccount,
    JwPlayerAccount,
    MuxAccount,
    PeerTubeAccount,
    S3Account,
    VimeoAccount,
    WistiaAccount,
)
from worker.settings.types import AccountName  # noqa: TC001


class PlatformSettings(BaseSettings):
    """What an operator can set for the accounts of platforms."""

    mux: dict[AccountName, MuxAccount] = Field({}, description="Accounts of Mux.")
    fastpix: dict[AccountName, FastPixAccount] = Field({}, description="Accounts of FastPix.")
    api_video: dict[AccountName, ApiVideoAccount] = Field({}, description="Accounts of api.video.")
    cloudflare: dict[AccountName, CloudflareAccount] = Field({}, description="Accounts of Cloudflare Stream.")
    bunny: dict[AccountName, BunnyAccount] = Field({}, description="Accounts of Bunny Stream.")
    vimeo: dict[AccountName, VimeoAccount] = Field({}, description="Accounts of Vimeo.")
    wistia: dict[AccountName, WistiaAccount] = Field({}, description="Accounts of Wistia.")
    peertube: dict[AccountName, PeerTubeAccount] = Field({}, description="Users of PeerTube instances.")
    s3: dict[AccountName, S3Account] = Field({}, description="Buckets that speak S3.")
    brightcove: dict[AccountName, BrightcoveAccount] = Field({}, description="Accounts of Brightcove.")
    jwplayer: dict[AccountName, JwPlayerAccount] = Field({}, description="Properties of JW Player.")
