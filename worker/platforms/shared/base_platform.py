"""What the vendors' files have in common, so that each holds only what is the vendor's."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from worker.errors import PublishRejected
from worker.platforms.base import Platform
from worker.platforms.event import Event, EventKind
from worker.platforms.shared import json_fields
from worker.platforms.shared.api_client import ApiClient

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from worker.platforms.base import NewThumbnail
    from worker.platforms.shared.credentials import Credentials
    from worker.platforms.shared.signatures import Signature


class ApiAccount(Protocol):
    """What the settings of every vendor's account hold."""

    @property
    def api_url(self) -> str:
        """Where the API is, without a slash at its end."""

    @property
    def webhook_secret_fields(self) -> tuple[str, ...]:
        """What the settings call the secrets of webhooks, the newest first; none where none are sent."""

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """Those of them that are live."""


AccountT = TypeVar("AccountT", bound=ApiAccount)


class BasePlatform(Platform, Generic[AccountT]):
    """One account of a vendor, with an API and, where it signs any, webhooks.

    A vendor's class names itself (`name`, `capabilities`, `signature`), shows who we are (`_credentials`),
    and reads its vendor's words (`_events`, `asset`, `assets`, `source`, `write`).

    Args:
        account: its name, e.g. "main".
        settings: secrets and addresses of the account.
    """

    signature: ClassVar[Signature | None] = None  #: header and scheme of a webhook's; None: it sends none

    def __init__(self, account: str, settings: AccountT) -> None:
        self.account = account
        self._settings = settings
        self._prefix = f"{self.name}__{account}".upper()  #: how the account's variables begin

    def verify(self, headers: Mapping[str, str], body: bytes, now_s: float) -> None:
        """Check the vendor's signature with every secret that is live."""
        # Accounts of vendors that send no webhooks have no secrets to check with.
        if self.signature is None or not self._settings.webhook_secret_fields:
            super().verify(headers, body, now_s)
            return
        setting = f"{self._prefix}__{self._settings.webhook_secret_fields[0]}".upper()
        self.signature.verify(headers, body, self._settings.webhook_secrets, now_s, setting=setting)

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[Event]:
        """Read the JSON object that a delivery is. No vendor says anything in the headers."""
        if self.signature is None:
            return super().parse(headers, body)
        return self._events(json_fields.read_object(body))

    def close(self) -> None:
        """Close connections, if there are any."""
        if "_api" in vars(self):  # where credentials are asked for, it is made only to be used
            self._api.close()

    # What a vendor's class says.

    @abstractmethod
    def _credentials(self) -> Credentials:
        """Make what shows the API who is asking."""

    def _events(self, said: dict[str, Any]) -> list[Event]:
        """Read all events of a delivery. Raises as `parse`.

        Every vendor with a `signature` has its own; where there is none, nothing is delivered.
        """
        raise NotImplementedError(f"{type(self).__name__} signs webhooks, but does not read them")

    # What helps it.

    @cached_property
    def _api(self) -> ApiClient:
        return self._client(self._settings.api_url)

    def _client(self, base_url: str) -> ApiClient:
        shown = self._credentials()._replace(to_write=self.capabilities.write_permission)
        return ApiClient(base_url, shown, self._prefix)

    def _event(
        self,
        kind: EventKind,
        about: tuple[Mapping[str, Any], str],
        *,
        delivery_id: str,
        event_type: str,
        payload: Mapping[str, Any],
        happened_at: datetime | None = None,
        title: str = "",
        source_asset_id: str | None = None,
    ) -> Event:
        """Make an event of this account.

        Args:
            kind: what it means to us; OTHER may be about no asset, so that no id is read.
            about: the object that holds the asset's id, and the id's name there.
            delivery_id: the same in every redelivery.
            event_type: the vendor's word for it.
            payload: the vendor's words, untouched.
            happened_at: as the vendor says.
            title: of the asset.
            source_asset_id: of the asset that this one was cut from.

        Raises:
            MalformedPayload: the asset has no id, or one that could not stand in an address.
        """
        return Event(
            platform=self.name,
            account=self.account,
            delivery_id=delivery_id,
            type=event_type,
            kind=kind,
            asset_id=None if kind is EventKind.OTHER else self.identifier(*about),
            happened_at=happened_at,
            title=title,
            source_asset_id=source_asset_id,
            payload=payload,
        )

    def _unusable(self, problem: str, event_type: str, delivery_id: str, payload: Mapping[str, Any]) -> Event:
        """Make an event that is taken in, and ignored: refused, it would be sent again, and not read better.

        Args:
            problem: what is wrong with it, for the log and for `thumbs events`.
            event_type: the vendor's word for it.
            delivery_id: the same in every redelivery.
            payload: the vendor's words, untouched.
        """
        return Event(
            platform=self.name,
            account=self.account,
            delivery_id=delivery_id,
            type=event_type,
            kind=EventKind.OTHER,
            payload=payload,
            problem=problem,
        )

    def _require_size(self, choice: NewThumbnail) -> None:
        """Refuse a picture that the vendor would not take, before all of it is sent.

        Raises:
            PublishRejected: it has too many bytes.
        """
        longest = self.capabilities.max_image_bytes
        if longest is not None and len(choice.jpeg) > longest:
            raise PublishRejected(
                f"the picture has {len(choice.jpeg)} bytes, and {self.capabilities.label} takes {longest};"
                " choose a smaller one"
            )
