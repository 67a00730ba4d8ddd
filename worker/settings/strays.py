"""Find variables and files that are called nearly like a setting, and that nothing reads.

A name that begins with a platform and two underscores is held to the settings of its accounts, and refused
where there is none. Any other name may belong to another program, so one that is only near is told, and never
refused.
"""

from __future__ import annotations

import logging
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from worker.settings.accounts import ACCOUNTS
from worker.settings.complaints import files_in
from worker.settings.settings import Settings, environment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

log = logging.getLogger(__name__)

# A letter that is missing, doubled or wrong in a word of ten; less alike are two words.
_PLATFORM_ALIKE, _SETTING_ALIKE = 0.75, 0.88
_LEAST_LETTERS = 7  # shorter names are alike by chance: HOST and POST
_GROUP_PARTS = 3  # platform, account, setting

_PLATFORMS = tuple(sorted(name.upper() for name in ACCOUNTS))
_PLAIN = tuple(sorted(name.upper() for name in Settings.model_fields if name not in ACCOUNTS))
_OF_ACCOUNTS = {
    name.upper(): tuple(field.upper() for field in kind.model_fields) for name, kind in ACCOUNTS.items()
}


class Stray(NamedTuple):
    """A name that is nearly one of ours."""

    name: str  #: as it is written
    meant: str  #: the setting that it resembles
    file: Path | None  #: where it is a file of SECRETS_DIR; None: a variable

    @property
    def says(self) -> str:
        """What is wrong, in one sentence without its remedy."""
        return f"{self.file or self.name} is set, and nothing reads it"

    @property
    def remedy(self) -> str:
        """What the operator may have meant."""
        return f"did you mean {self.meant if self.file is None else self.meant.lower()}?"


def find_strays() -> list[Stray]:
    """List the variables, and the files in SECRETS_DIR, that are nearly called like a setting.

    What resembles a setting that is set is left out: CLOUDFLARE_API_TOKEN may stand there for another
    program. A folder that cannot be read is passed over: reading the settings says so.
    """
    variables = environment()
    places: list[tuple[str, Path | None]] = [(name, None) for name in sorted(variables)]
    places += [(file.name, file) for file in files_in(variables) if file.is_file()]
    given = {name.upper() for name, _ in places}
    found = [Stray(name, meant_by(name), file) for name, file in places]
    return [stray for stray in found if stray.meant and not _is_given(stray, given)]


def warn_of_strays() -> None:
    """Log each of them, as a program starts."""
    for stray in find_strays():
        log.warning("%s; %s", stray.says, stray.remedy, extra={"action": "stray_setting"})


def _is_given(stray: Stray, given: set[str]) -> bool:
    """Tell whether the setting that was meant is set; where no account is named, that of any account."""
    platform, _, setting = stray.meant.partition("__MAIN__")
    if setting and stray.name.upper() == f"{platform}_{setting}":
        return any(name.startswith(f"{platform}__") and name.endswith(f"__{setting}") for name in given)
    return stray.meant in given


def meant_by(name: str) -> str:
    """Find the setting that a name resembles; an empty text where it is one, or is like none."""
    written = name.upper()
    head, *rest = written.split("__")
    if written in _PLAIN or head in _PLATFORMS:  # what is wrong in MUX__MAIN, the settings refuse
        return ""
    return _in_group(head, rest) or _in_one_word(written) or _plain(written)


def _in_group(head: str, rest: list[str]) -> str:
    """Read MUXX__MAIN__TOKEN_ID: the groups are right, and the platform is not."""
    platforms = get_close_matches(head, _PLATFORMS, n=1, cutoff=_PLATFORM_ALIKE)
    if not platforms or len(rest) != _GROUP_PARTS - 1 or not all(rest):
        return ""
    (platform,) = platforms
    return "__".join([platform, rest[0], *(_nearest(rest[1], _OF_ACCOUNTS[platform]) or [rest[1]])])


def _in_one_word(name: str) -> str:
    """Read MUX_MAIN_TOKEN_ID, MUX_MAIN__TOKEN_ID and MUX_TOKEN_ID: underscores are missing."""
    words = "_".join(filter(None, name.split("_")))
    for platform, settings in _OF_ACCOUNTS.items():
        rest = words.removeprefix(f"{platform}_")
        if rest == words:
            continue
        # The longest first: what ends in WEBHOOK_SECRET_PREVIOUS does not end in an account's name.
        for setting in sorted(settings, key=len, reverse=True):
            account = rest.removesuffix(setting)
            if account != rest and (not account or account.endswith("_")):
                return f"{platform}__{account.strip('_') or 'MAIN'}__{setting}"
    return ""


def _plain(name: str) -> str:
    """Read DATABASE_URI, PUBLICURL and WEBHOK_URL: a setting of the whole service."""
    letters = name.replace("_", "")
    if len(letters) < _LEAST_LETTERS:
        return ""
    same = [setting for setting in _PLAIN if setting.replace("_", "") == letters]
    near = _nearest(name, _PLAIN) if "_" in name else []
    return next(iter([*same, *near]), "")


def _nearest(name: str, names: Iterable[str]) -> list[str]:
    return get_close_matches(name, list(names), n=1, cutoff=_SETTING_ALIKE)
