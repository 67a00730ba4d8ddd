"""What somebody may do, with which accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from worker.database.states import Role
from worker.errors import PermanentError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from worker.database.models import Asset

ANY = "*"  #: in the place of a platform or an account: all of them
_ORDER = (Role.VIEWER, Role.EDITOR, Role.OPERATOR)


class NotAllowed(PermanentError):
    """Somebody may not do this; the message names the role that it takes."""


class Grant(NamedTuple):
    """A role, and where it counts."""

    role: Role
    platform: str = ANY
    account: str = ANY

    @property
    def word(self) -> str:
        """One word for it: `editor:mux/main`, or `editor` where it counts everywhere."""
        is_everywhere = (self.platform, self.account) == (ANY, ANY)
        return str(self.role) if is_everywhere else f"{self.role}:{self.platform}/{self.account}"

    def covers(self, platform: str, account: str) -> bool:
        """Tell whether it counts for this account."""
        return self.platform in {ANY, platform} and self.account in {ANY, account}

    def allows(self, role: Role) -> bool:
        """Tell whether its role may do what this one may."""
        return _ORDER.index(self.role) >= _ORDER.index(role)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person, a program or whoever has a link. Every act is noted in this name."""

    name: str  #: an address, "token NAME", "link 7 of ADDRESS" or USER@HOST
    via: str  #: "page", "api", "link" or "cli"
    grants: tuple[Grant, ...]
    asset_id: int | None = None  #: the only asset that a link opens; None: all of the grants' accounts

    def may(self, role: Role, asset: Asset) -> bool:
        """Tell whether they have this role for an asset."""
        if self.asset_id not in {None, asset.id}:
            return False
        return any(
            grant.allows(role) and grant.covers(asset.platform, asset.account) for grant in self.grants
        )

    def may_everywhere(self, role: Role) -> bool:
        """Tell whether they have this role for all accounts, those to come included."""
        return self.asset_id is None and any(
            grant.allows(role) and grant[1:] == (ANY, ANY) for grant in self.grants
        )

    def require(self, role: Role, asset: Asset) -> None:
        """Raise NotAllowed unless they have this role for an asset."""
        if not self.may(role, asset):
            raise NotAllowed(
                f"this takes the role {role} for {asset.platform}/{asset.account}; "
                "an operator can give it with `thumbs invite`"
            )

    def require_giving(self, grants: Iterable[Grant]) -> None:
        """Raise NotAllowed unless they are an operator wherever these grants count: nobody gives more."""
        for given in grants:
            may = self.asset_id is None and any(
                own.allows(Role.OPERATOR) and own.covers(given.platform, given.account) for own in self.grants
            )
            if not may:
                raise NotAllowed(f"to give {given.word}, you have to be an operator there yourself")

    def visible(self, accounts: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Choose those of these accounts that they may list; none where a link opens one asset only."""
        if self.asset_id is not None:
            return []
        return [one for one in accounts if any(grant.covers(*one) for grant in self.grants)]


def granted(rows: Iterable[Iterable[str]]) -> tuple[Grant, ...]:
    """Read grants as rows and documents have them: role, platform and account of each."""
    return tuple(Grant(Role(role), *where) for role, *where in rows)


def operator_of_server(name: str) -> Actor:
    """Make the actor of a command: whoever may run one on the server may do everything.

    Args:
        name: USER@HOST, as `worker.admin.assets.operator_name` tells it.
    """
    return Actor(name, "cli", (Grant(Role.OPERATOR),))
