"""What the service needs from a video platform.

One file per platform, standard library and httpx only. A platform object belongs to one account: it holds
that account's secrets and is cheap to make. Its methods stand in the order in which they are used. The
receiver calls `verify` and `parse`, the analyze worker `asset` and `source`, the publish worker `asset` and
`write`. `assets` is for what no webhook told of.

`Platform` is what the rest of the service knows. A vendor's class derives from `BasePlatform`
(shared/base_platform.py), which has all that an account with an API and webhooks has in common.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from worker.errors import AssetFailed, InvalidSignature, MalformedPayload, NotReadyYet
from worker.platforms.shared import json_fields
from worker.platforms.statistics import Counts, Granularity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from worker.platforms.event import Event, EventKind
    from worker.platforms.statistics import Hour


class WriteBack(enum.StrEnum):
    """What can be written back as an asset's thumbnail."""

    TIME = "time"  #: a moment of the video; the platform cuts the picture itself
    IMAGE = "image"  #: our picture
    URL = "url"  #: the address of our picture, which the platform fetches from our receiver
    NONE = "none"  #: nothing: we store the picture and serve it


class Identity(enum.StrEnum):
    """What tells one delivery of a webhook from another, so that a redelivery is noticed."""

    ID = "id"  #: an id of its own
    TIME = "time"  #: none, but what it says and when, which stay the same in a redelivery
    NONE = "none"  #: nothing: each counts as new, and a look at the asset finds nothing new


class ForeignThumbnails(enum.StrEnum):
    """When `RemoteAsset.shown` tells a thumbnail that a person set at the platform from all others."""

    ALWAYS = "always"
    ONCE_WRITTEN = (
        "once written"  #: but not what is there before our first write: it may be the platform's own
    )
    NEVER = "never"  #: so it is overwritten


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What can be done with a platform."""

    label: str  #: how the vendor writes its name
    events: frozenset[EventKind]  #: what its webhooks tell us of; empty: it sends none
    write_backs: frozenset[WriteBack]  #: what can be written; an account's settings choose among several
    identity: Identity = Identity.ID
    foreign_thumbnails: ForeignThumbnails = ForeignThumbnails.ALWAYS
    #: Whether events get lost, or are not sent of edits or deletes, so that only a list of assets tells.
    needs_reconcile: bool = False
    max_image_bytes: int | None = None  #: of a picture that is written; None: no limit is known
    #: What a write needs beside reading, in the vendor's words; empty where nothing is ever written.
    write_permission: str = ""
    into_frame_s: float = 0.0  #: how far behind a frame's beginning a moment is written, see `WriteBack.TIME`
    counts: Counts = Counts.NONE  #: what `stats` tells
    counts_by: Granularity = Granularity.HOUR
    counts_watch: bool = False  #: whether it tells how long a video is watched, too
    count_permission: str = ""  #: what `stats` needs beside reading, in the vendor's words


class AssetState(enum.StrEnum):
    """Whether an asset can be looked at."""

    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RemoteAsset:
    """What the platform says about an asset at this moment."""

    id: str
    state: AssetState
    #: Equal while the content is the same: duration, size, tracks, source, hash, as the platform tells them.
    fingerprint: str
    duration_s: float | None = None
    title: str = ""
    is_private: bool = False  #: whether the platform keeps the video from strangers
    #: The thumbnail that is set at the platform, in the form that `write` returns; None where none is set, or
    #: where the platform does not tell.
    shown: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)  #: the platform's own words, for `source`

    def check_ready(self) -> None:
        """Go on only with an asset that can be read and written to.

        Raises:
            NotReadyYet: the platform is making it, for the first time or anew.
            AssetFailed: the platform could not process it.
        """
        if self.state is AssetState.PREPARING:
            raise NotReadyYet(f"asset {self.id} is still being made at its platform")
        if self.state is AssetState.FAILED:
            raise AssetFailed(f"the platform could not process asset {self.id}; upload it again")


@dataclass(frozen=True, slots=True)
class ListedAsset:
    """What a platform's list of its assets says about one."""

    id: str
    changed_at: datetime | None  #: aware; when it was made, or changed where the list is ordered by that
    state: AssetState | None = None  #: None: only `asset` tells
    #: As of `RemoteAsset`; None: the list does not tell, and an id keeps its content.
    fingerprint: str | None = None
    shown: str | None = None  #: as of `RemoteAsset`


class WebhookAddress(NamedTuple):
    """Where a platform sends its events."""

    url: str
    is_enabled: bool = True  #: else it is kept there, and nothing is sent


class Page(NamedTuple):
    """A part of a platform's list."""

    assets: Sequence[ListedAsset]  #: those that changed last come first
    following: str | None  #: what to ask for next; None: this was the last page
    total: int | None = None  #: of the whole list, where that is told
    is_by_change: bool = True  #: False: they come in another order, so that only all pages tell what is new


@dataclass(frozen=True, slots=True)
class Rendition:
    """One file of a video, or one HLS playlist."""

    url: str
    is_hls: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Hosts, besides the URL's own, that a redirect or a playlist may lead to; "*.example.com" is a suffix.
    hosts: tuple[str, ...] = ()
    hosts_from: str = "its platform"  #: who names these hosts, for the sentence about another one
    is_one_use: bool = False  #: opens once: a transfer that breaks off needs another address
    #: Scheme, host and port that the account's settings name, e.g. http://minio:9000: what lies there may be
    #: in one's own network, over plain http, or at any port.
    own_origin: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where to read a video."""

    scan: Rendition  #: the smallest one that is good enough to judge frames on
    stills: Rendition | None = None  #: a better one for the pictures; None: the same


@dataclass(frozen=True, slots=True)
class NewThumbnail:
    """What is to be shown."""

    time_s: float  #: media time
    jpeg: bytes  #: the picture in the shape that the platform shows best
    #: Where the platform can fetch it, for a day at least; only where `write_back` is `WriteBack.URL`.
    url: str | None = None


class Platform(ABC):
    """One account of one platform."""

    name: ClassVar[str]  #: as in addresses and in the database, e.g. "mux"
    capabilities: ClassVar[Capabilities]
    account: str

    @property
    def write_back(self) -> WriteBack:
        """What `write` takes; a platform that takes several things asks the account's settings."""
        (only,) = self.capabilities.write_backs
        return only

    @property
    def leaves_showing_to_others(self) -> bool:
        """Whether it shows no thumbnail by itself, so that the customer's own systems are told of picks."""
        return WriteBack.NONE in self.capabilities.write_backs

    def is_probe(self, body: bytes) -> bool:  # noqa: ARG002 - some platforms look at it
        """Recognize the unsigned request by which a platform tests an address; it gets a 200.

        False here, because most platforms sign all that they send.
        """
        return False

    def verify(self, headers: Mapping[str, str], body: bytes, now_s: float) -> None:  # noqa: ARG002 - as of all
        """Raise InvalidSignature unless the platform sent exactly these bytes, not long before `now_s`.

        Here it always does, for platforms that send no webhooks.

        Args:
            headers: names in any case.
            body: as received.
            now_s: seconds since 1970.
        """
        raise InvalidSignature(self._no_webhooks)

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[Event]:  # noqa: ARG002 - as of all
        """Say in our words what verified bytes report; unknown kinds are `EventKind.OTHER`.

        Raises:
            MalformedPayload: not what the platform documents; here always, as in `verify`.
        """
        raise MalformedPayload(self._no_webhooks)

    @property
    def _no_webhooks(self) -> str:
        return f"{self.capabilities.label} sends no webhooks; say at /v1/events that a video is ready"

    def identifier(self, of: Mapping[str, Any], name: str) -> str:
        """Read an asset's id of this name, which must be there.

        Here it is one that can stand in any address; a platform may have others.

        Raises:
            MalformedPayload: there is none, or one that the platform would not give.
        """
        return json_fields.identifier(of, name)

    @abstractmethod
    def asset(self, asset_id: str) -> RemoteAsset:
        """Ask for the present state of an asset.

        Raises:
            AssetGone: there is none of this id.
            PlatformUnavailable: try later.
            CredentialsRefused: the token is wrong, or may not do this.
        """

    @abstractmethod
    def assets(self, page: str | None = None) -> Page:
        """List the account's assets; `page` is `Page.following` of the page before.

        Raises:
            MalformedPayload: there can be no such page.
            PlatformUnavailable, CredentialsRefused
        """

    @abstractmethod
    def source(self, asset: RemoteAsset) -> Source:
        """Find where to read the video: from our settings and the API's answer, never from a webhook.

        Raises:
            NotReadyYet: a file is being made; an event, or the next question, will tell when it is there.
            SourceRefused: the asset has nothing that can be read.
        """

    @abstractmethod
    def write(self, asset: RemoteAsset, choice: NewThumbnail) -> str | None:
        """Show this as the asset's thumbnail, and return what `asset().shown` will say from now on.

        Where the platform works on it for a while, this waits until it is shown. Writing the same twice is
        harmless. Not called where `write_back` is `WriteBack.NONE`.

        Raises:
            PublishRejected, AssetGone, CredentialsRefused, RateLimited: nothing is shown because of this.
            ShownMeanwhile: neither here; another one is shown than `asset` says, and the platform can tell.
            PlatformUnavailable: it may be shown, or will be.
        """

    def page_url(self, asset_id: str) -> str | None:  # noqa: ARG002 - some platforms use it
        """Build the address at which people see a video at the platform; here None: we know none."""
        return None

    def webhooks(self) -> list[WebhookAddress] | None:
        """List where the platform sends our events; None where its API does not tell us.

        Raises as `assets`.
        """
        return None

    def stats(self, asset_id: str, from_at: datetime, to_at: datetime) -> list[Hour]:
        """Ask how often a video was seen from a time to another, both aware, as `counts_by` says.

        In what is left out it was not. Not called where `counts` is `Counts.NONE`. Raises as `asset`.
        """
        raise NotImplementedError(f"{type(self).__name__} tells no statistics")

    @abstractmethod
    def close(self) -> None:
        """Close connections."""
