"""The kinds of values that settings take. Each refuses what could only fail later, with the remedy."""

from __future__ import annotations

import base64
import binascii
import re
import zoneinfo
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from string import Formatter
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from worker.aspects import check_aspects
from worker.errors import SettingsInvalid
from worker.time_ranges import parse_time_ranges

# https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
STANDARD_PREFIX = "whsec_"
STANDARD_KEY_BYTES = range(24, 65)

PICTURE_FIELDS = ("platform", "account", "asset", "rank", "aspect")  #: of the addresses of pictures

_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*", re.IGNORECASE)
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; old ones, and Ceph's, may have
# capitals and underscores.
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_SUFFIX = re.compile(r"\.[a-z0-9]+", re.IGNORECASE)
PICTURE_SUFFIXES = (".jpg", ".jpeg")
IMAGE_KEY_FIELDS = {"{key}", "{stem}"}
_NAME = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")


class Withheld(SecretStr):
    """A secret that this program does without, so that who breaks into it does not get it."""

    def get_secret_value(self) -> str:
        """Refuse to be used.

        Raises:
            SettingsInvalid: always.
        """
        raise SettingsInvalid("ACCOUNT_SECRETS: the secret that this needs was not given to this program")


WITHHELD = Withheld("")


def revealed(secret: SecretStr | None) -> str | None:
    """Show a secret to the code that uses it; None where it is not set."""
    return secret.get_secret_value() if secret else None


def revealed_all(*secrets: SecretStr | None) -> tuple[str, ...]:
    """Show those secrets that are set, in their order: of a pair that is being rotated, both are live."""
    return tuple(secret.get_secret_value() for secret in secrets if secret is not None)


def _or_withheld(value: object, check: ValidatorFunctionWrapHandler) -> object:
    return value if value is WITHHELD else check(value)


def _stripped(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("not base64; copy it again, whole") from None  # the cause would show the secret


def _check_base64(secret: SecretStr) -> SecretStr:
    _decoded(secret.get_secret_value())
    return secret


def _check_pem(secret: SecretStr) -> SecretStr:
    if b"PRIVATE KEY-----" not in _decoded(secret.get_secret_value()):
        raise ValueError("not the base64 of a private key's PEM; copy it again from the platform")
    return secret


def _check_standard(secret: SecretStr) -> SecretStr:
    value = secret.get_secret_value()
    key = value.removeprefix(STANDARD_PREFIX)
    # Without its prefix a secret is most likely another one that was pasted into the wrong place.
    if key == value or len(_decoded(key)) not in STANDARD_KEY_BYTES:
        raise ValueError(f"write {STANDARD_PREFIX} and the base64 of 24 to 64 random bytes")
    return secret


def _split(value: object) -> object:
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


def _check_spans(spans: tuple[str, ...]) -> tuple[str, ...]:
    parse_time_ranges(spans)
    return spans


def _check_hosts(hosts: tuple[str, ...]) -> tuple[str, ...]:
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise ValueError(f"{host!r} is no host name: write only the name, as media.example.com")
    return hosts


def _as_networks(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.strip().lower() == "none":  # an empty variable counts as one that is not set
        return ()
    try:
        return tuple(ip_network(word) for word in value.replace(",", " ").split())
    except ValueError as exc:
        raise ValueError(f"{exc}; write addresses and networks, as 10.0.0.0/8, or none") from None


def _check_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("write an address like https://video.example.com")
    return url.rstrip("/")


def _check_timezone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"there is no {name}; write it as Europe/Berlin or UTC") from error
    return name


def _check_hook(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.fragment:
        raise ValueError("write an address like https://cms.example.com/hooks/picks?token=...")
    return url


def _check_picture_address(template: str) -> str:
    parts = urlsplit(template)
    is_open = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
    # A field in the host would let an id choose it.
    if not is_open or not parts.hostname or parts.fragment or "@" in parts.netloc or "{" in parts.netloc:
        raise ValueError("write an address like https://media.example.com/posters/{asset}.jpg")
    try:
        fields = [field[1:] for field in Formatter().parse(template) if field[1] is not None]
    except ValueError:  # a brace that is not closed
        fields = [("", "", "")]
    is_plain = all(name in PICTURE_FIELDS and not spec and not cast for name, spec, cast in fields)
    if not is_plain or "{asset}" not in template:
        known = ", ".join(f"{{{name}}}" for name in PICTURE_FIELDS)
        raise ValueError(f"it has to hold {{asset}}, and may hold no other fields than {known}")
    return template


def is_loopback(host: str | None) -> bool:
    """Tell whether a host of an address is this machine itself."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("an account's name has only a-z, 0-9 and single underscores")
    return name


def _check_bucket(name: str) -> str:
    if not _BUCKET.fullmatch(name):
        raise ValueError("no name of a bucket: letters, digits and . - _ are expected, without its address")
    return name


def _check_bucket_address(address: str) -> str:
    scheme, _, rest = address.removesuffix("/").partition("://")
    name, _, prefix = rest.partition("/")
    is_plain = all(step and step not in {".", ".."} for step in prefix.split("/")) if prefix else True
    if scheme != "s3" or not is_plain:
        raise ValueError("write it as s3://NAME or s3://NAME/PREFIX")
    _check_bucket(name)
    return address


def _check_suffixes(suffixes: tuple[str, ...]) -> tuple[str, ...]:
    for suffix in suffixes:
        # What we write would be the next video, whose picture would be the next.
        if not _SUFFIX.fullmatch(suffix) or suffix.lower() in PICTURE_SUFFIXES:
            raise ValueError(f"{suffix!r} is no suffix of videos: write them as .mp4 .mov")
    return suffixes


def _check_image_key(template: str) -> str:
    fields = re.findall(r"\{[^}]*\}?", template)
    if not fields or not set(fields) <= IMAGE_KEY_FIELDS:
        raise ValueError("write {stem} or {key} for the video's key, as in thumbs/{stem}.jpg")
    # By its suffix a picture is told from a video, so that what we write is never taken for the next video.
    if not template.lower().endswith(PICTURE_SUFFIXES) or template.startswith("/"):
        raise ValueError("a picture's key ends in .jpg, and begins with no slash")
    return template


Line = Annotated[str, BeforeValidator(_stripped), Field(min_length=1)]  #: a name or an id: never empty
_MayBeWithheld = WrapValidator(_or_withheld)
Secret = Annotated[SecretStr, BeforeValidator(_stripped), Field(min_length=1), _MayBeWithheld]
Base64Secret = Annotated[Secret, AfterValidator(_check_base64), _MayBeWithheld]
PemSecret = Annotated[Secret, AfterValidator(_check_pem)]
StandardSecret = Annotated[Secret, AfterValidator(_check_standard)]
Words = Annotated[tuple[str, ...], BeforeValidator(_split)]
Aspects = Annotated[Words, Field(min_length=1), AfterValidator(check_aspects)]
Spans = Annotated[Words, AfterValidator(_check_spans)]
Hosts = Annotated[Words, AfterValidator(_check_hosts)]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_as_networks)]
Url = Annotated[str, AfterValidator(_check_url)]
TimeZone = Annotated[Line, AfterValidator(_check_timezone)]
BucketName = Annotated[str, AfterValidator(_check_bucket)]
BucketAddress = Annotated[Line, AfterValidator(_check_bucket_address)]
VideoSuffixes = Annotated[Words, Field(min_length=1), AfterValidator(_check_suffixes)]
ImageKey = Annotated[str, AfterValidator(_check_image_key)]
HookUrl = Annotated[str, AfterValidator(_check_hook)]  #: may open with a token, as that of many systems does
PictureAddress = Annotated[str, AfterValidator(_check_picture_address)]
AccountName = Annotated[str, AfterValidator(_check_name)]
# A century: PostgreSQL has no times of before 4713 BC, so what is to be kept for ever is still to be a time.
Days = Annotated[int, Field(ge=1, le=36_500)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
SecondsOrZero = Annotated[float, Field(ge=0, allow_inf_nan=False)]
