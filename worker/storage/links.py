"""The addresses of stored thumbnails: open to whoever knows them, or signed and short-lived.

An address holds the hash of the picture's bytes, so nobody can guess it. Whoever was given it once, however,
can pass it on for as long as the picture is stored; a signed one opens for a day.
"""

from __future__ import annotations

import base64
import hmac
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode

from worker.errors import SettingsInvalid
from worker.settings.types import revealed

if TYPE_CHECKING:
    from worker.settings import Settings

LIFETIME_S = 24 * 3600  # time for a system to copy a picture, also where it does so once a night

Signed = Literal["none", "private", "all"]


@dataclass(frozen=True, slots=True)
class ThumbnailLinks:
    """Makes the addresses, and checks them."""

    public_url: str  #: the receiver's address, as players see it
    signed: Signed = "none"  #: whose pictures open by a signed address only
    secret: str = ""
    cdn_url: str | None = None  #: in its place, of pictures that need no signature; None: no other

    @classmethod
    def of(cls, settings: Settings) -> ThumbnailLinks:
        """Make them as the settings say."""
        return cls(
            settings.public_url,
            settings.signed_thumbnails,
            revealed(settings.thumbnails_secret) or "",
            settings.thumbnails_cdn_url,
        )

    def check(self) -> None:
        """Raise SettingsInvalid where addresses are to be signed, and there is nothing to sign them with."""
        if self.signed != "none" and not self.secret:
            raise SettingsInvalid("THUMBNAILS_SECRET: missing, and SIGNED_THUMBNAILS needs it")

    def must_be_signed(self, *, is_private: bool | None) -> bool:
        """Tell whether a picture opens by a signed address only.

        Args:
            is_private: whether its video is; None: not known yet, which counts as private.
        """
        return self.signed == "all" or (self.signed == "private" and is_private is not False)

    def url(self, sha256: str, *, is_private: bool | None) -> str:
        """Build the address of a picture; for the arguments, see `must_be_signed`.

        Raises:
            SettingsInvalid: it must be signed, and the secret is missing.
        """
        path = f"thumbnails/{sha256}.jpg"
        if not self.must_be_signed(is_private=is_private):
            return f"{self.cdn_url or self.public_url}/{path}"
        self.check()
        plain = f"{self.public_url}/{path}"  # a signature is checked by the receiver alone
        expires = str(int(time.time()) + LIFETIME_S)
        return f"{plain}?{urlencode({'expires': expires, 'signature': self._signature(sha256, expires)})}"

    def seconds_left(self, sha256: str, expires: str, signature: str) -> int:
        """Tell how long a signed address opens from now on: 0 where it is over, or was not made by us.

        Args:
            sha256: from the address, like the next two.
            expires: seconds since 1970, in digits.
            signature: of both.
        """
        made = self._signature(sha256, expires).encode()
        if not self.secret or not hmac.compare_digest(signature.encode(), made):
            return 0
        return max(0, int(expires) - int(time.time()))

    def _signature(self, sha256: str, expires: str) -> str:
        digest = hmac.digest(self.secret.encode(), f"{sha256} {expires}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")
