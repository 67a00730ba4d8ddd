"""What the pages need on one machine, where the operator has set nothing: a secret, and a first person."""

from __future__ import annotations

import secrets
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING

from pydantic import SecretStr

from worker.database import make_engine, transaction
from worker.errors import SettingsInvalid
from worker.people import invitations, people
from worker.people.roles import operator_of_server
from worker.settings.types import is_loopback

if TYPE_CHECKING:
    from pathlib import Path

    from worker.settings import Settings

_BYTES = 32


def with_secret(settings: Settings) -> Settings:
    """Return the settings with a secret that signs cookies, which this machine keeps where none is set.

    Raises:
        SettingsInvalid: there is none, and not only this machine reaches the pages.
    """
    if settings.review_secret is not None:
        return settings
    if not is_loopback(settings.review_host):
        raise SettingsInvalid(
            f"REVIEW_SECRET: missing, and REVIEW_HOST {settings.review_host} is not this machine only; "
            "set it to 32 random characters or more, as `openssl rand -hex 32` prints them"
        )
    return settings.model_copy(update={"review_secret": SecretStr(secret_in(settings.data_dir))})


def secret_in(folder: Path) -> str:
    """Read the secret in a folder; make one where there is none.

    Raises:
        SettingsInvalid: the folder cannot be used.
    """
    path = folder / "review-secret"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        return path.read_text().strip()
    except OSError as error:
        raise SettingsInvalid(
            f"REVIEW_SECRET: missing, and none can be kept in {folder}: {error.strerror}; set it, or DATA_DIR"
        ) from error


def _make(path: Path) -> None:
    # As a whole and never twice, whoever else does the same: a file of this kind is readable by us only.
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".review-secret-") as file:
        file.write(secrets.token_hex(_BYTES))
        file.flush()
        with suppress(FileExistsError):
            path.hardlink_to(file.name)


def local_invitation(database_url: str, who: str) -> str:
    """Invite whoever runs the service, and return the path of the link, which opens from this machine only.

    Args:
        database_url: of the service.
        who: USER@HOST, in whose name they act on the pages.
    """
    engine = make_engine(database_url)
    try:
        with transaction(engine) as session:
            actor = operator_of_server(who)
            invited = invitations.make(
                session, actor, address_of(who), actor.grants, invitations.LOCAL_LIFETIME, is_local=True
            )
            return invitations.path_of(invited.token)
    finally:
        engine.dispose()


def address_of(who: str) -> str:
    """Write as an address who runs the service, as USER@HOST is one but for odd names."""
    try:
        return people.read_email(who)
    except people.EmailInvalid:  # names of a directory may have a backslash, or a space
        return "operator@localhost"
