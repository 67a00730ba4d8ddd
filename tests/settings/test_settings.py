"""Settings come from variables and files; whatever is wrong is one sentence that names the variable."""

from __future__ import annotations

import base64
import traceback
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from worker.aspects import check_aspects, parse_aspect
from worker.errors import SettingsInvalid
from worker.settings import Settings
from worker.settings.accounts import ACCOUNTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

HUSH = "dont-tell-anybody"
KEY = base64.b64encode(bytes(range(32))).decode()
PEM = base64.b64encode(b"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n").decode()
MUX = {"MUX__MAIN__WEBHOOK_SECRET": HUSH, "MUX__MAIN__TOKEN_ID": "id", "MUX__MAIN__TOKEN_SECRET": HUSH}
FASTPIX = {name.replace("MUX", "FASTPIX"): KEY for name in MUX}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from an environment in which nothing is set."""
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name an empty folder for secrets, and return it."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    monkeypatch.setenv("SECRETS_DIR", str(folder))
    return folder


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Return what reads the settings under some variables."""
    return Reader(monkeypatch)


class Reader:
    """Reads the settings under some variables."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, variables: Mapping[str, str]) -> Settings:
        """Read them."""
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)
        return Settings.read()

    def complaint(self, variables: Mapping[str, str]) -> str:
        """Return the sentence with which they are refused."""
        with pytest.raises(SettingsInvalid) as caught:
            self(variables)
        return str(caught.value)


def test_nothing_needs_to_be_set(read: Reader) -> None:
    """Every setting has a default; what starts the servers says later what it misses."""
    assert read({}).aspects == ("16:9",)


def test_an_account_is_a_group_of_variables(read: Reader) -> None:
    """The account's name stands between double underscores, and may hold single ones."""
    settings = read(MUX | {name.replace("MAIN", "TEAM_2"): value for name, value in MUX.items()})

    assert set(settings.mux) == {"main", "team_2"}
    assert settings.mux["main"].token_secret.get_secret_value() == HUSH
    assert settings.mux["main"].api_url == "https://api.mux.com"


def test_both_secrets_are_live_while_one_is_rotated(read: Reader) -> None:
    """The newest stands first."""
    settings = read(MUX | {"MUX__MAIN__WEBHOOK_SECRET_PREVIOUS": "old"})

    assert settings.mux["main"].webhook_secrets == (HUSH, "old")


def test_a_program_may_be_given_no_more_than_it_needs(read: Reader) -> None:
    """The receiver has no token, and no other program what signs webhooks."""
    signs = {name: value for name, value in MUX.items() if "TOKEN_SECRET" not in name}
    asks = {name: value for name, value in MUX.items() if "WEBHOOK" not in name}

    receiver = read(signs | {"ACCOUNT_SECRETS": "webhooks"}).mux["main"]
    assert receiver.webhook_secrets == (HUSH,)
    with pytest.raises(SettingsInvalid, match="ACCOUNT_SECRETS: the secret that this needs was not given"):
        receiver.token_secret.get_secret_value()
    with pytest.MonkeyPatch.context() as without:
        without.delenv("MUX__MAIN__WEBHOOK_SECRET")
        worker = read(asks | {"ACCOUNT_SECRETS": "api"}).mux["main"]
    assert worker.token_secret.get_secret_value() == HUSH
    with pytest.raises(SettingsInvalid, match="ACCOUNT_SECRETS"):
        _ = worker.webhook_secrets


@pytest.mark.parametrize(
    ("which", "missing"), [("webhooks", "MUX__MAIN__WEBHOOK_SECRET"), ("api", "MUX__MAIN__TOKEN_SECRET")]
)
def test_what_a_program_needs_is_still_missed(read: Reader, which: str, missing: str) -> None:
    """It is told so when it starts, not with the first webhook."""
    complaint = read.complaint({"MUX__MAIN__TOKEN_ID": "id", "ACCOUNT_SECRETS": which})

    assert complaint == f"{missing}: missing"


def test_an_empty_variable_is_an_unset_one(read: Reader) -> None:
    """A compose file passes on variables that nobody set as empty ones."""
    settings = read({"COUNT": "", "SECRETS_DIR": "", "DATABASE_URL": ""})

    assert settings.count == 3
    assert settings.database_url is None


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"COUNT": "many"}, "COUNT: "),
        ({"PORT": "70000"}, "PORT: must be 65535 or less"),
        ({"ALLOW_LOOPBACK": "perhaps"}, "ALLOW_LOOPBACK: must be true or false"),
        ({"LOG_LEVEL": "chatty"}, "LOG_LEVEL: must be DEBUG, INFO, WARNING or ERROR"),
        ({"DEVICE": "abacus"}, "DEVICE: must be auto, cuda, mps or cpu"),
        ({"COUNT": "0"}, "COUNT: must be 1 or more"),
        ({"COUNT": "3.5"}, "COUNT: must be a whole number"),
        ({"COUNT": "9" * 5000}, "COUNT: must be a smaller number"),
        ({"LEASE_S": "0"}, "LEASE_S: must be more than 0"),
        ({"LEASE_S": "soon"}, "LEASE_S: must be a number"),
        ({"SIGNED_THUMBNAILS": "some"}, "SIGNED_THUMBNAILS: must be none, private or all"),
        ({"MODEL": "  "}, "MODEL: empty"),
        ({"ASPECTS": "16:9 wide"}, "ASPECTS: 'wide' is no aspect ratio: write WIDTH:HEIGHT, as 16:9"),
        ({"ASPECTS": " , "}, "ASPECTS: empty"),
        ({"PUBLIC_URL": "https://"}, "PUBLIC_URL: write an address like https://video.example.com"),
        ({"PUBLIC_URL": "thumbs.example.com"}, "PUBLIC_URL: write an address like https://video.example.com"),
        ({"MEDIA_HOSTS": "https://a.example.com"}, "MEDIA_HOSTS: 'https://a.example.com' is no host name"),
        ({"TRUSTED_PROXIES": "10.0.0.1/8"}, "TRUSTED_PROXIES: 10.0.0.1/8 has host bits set; write addresses"),
        ({"TRUSTED_PROXIES": "proxy.internal"}, "TRUSTED_PROXIES: 'proxy.internal' does not appear to be"),
        ({"SIGNED_THUMBNAILS": "private"}, "THUMBNAILS_SECRET: missing, and SIGNED_THUMBNAILS needs it"),
        ({"LEASE_S": "inf"}, "LEASE_S: must be a number, and not infinite"),
        ({"MAX_WAIT_S": "-1"}, "MAX_WAIT_S: must be 0 or more"),
        ({"DATABASE_URL": "  "}, "DATABASE_URL: empty"),
        ({"EVENTS_SECRET": KEY}, "EVENTS_SECRET: write whsec_ and the base64 of 24 to 64"),
        ({"EVENTS_SECRET": "whsec_c2hvcnQ="}, "EVENTS_SECRET: write whsec_ and the base64 of 24 to 64"),
        ({"EVENTS_SECRET": "whsec_***"}, "EVENTS_SECRET: not base64"),
        ({"MUX": '{"main": {}}'}, "MUX: each setting of an account is a variable of its own"),
        ({"MUX__MAIN": "{"}, "MUX__MAIN: each setting of an account is a variable of its own"),
        ({"MUX__MAIN__TOKEN_ID": "id"}, "MUX__MAIN__WEBHOOK_SECRET: missing\nMUX__MAIN__TOKEN_SECRET: "),
        (MUX | {"MUX__MAIN__TOKEN": "id"}, "MUX__MAIN__TOKEN: there is no such setting; docs/settings.md"),
        (MUX | {"MUX__MAIN__WEBHOOK_SECRET": " \n"}, "MUX__MAIN__WEBHOOK_SECRET: empty"),
        (
            MUX | {"MUX__MAIN__SIGNING_KEY_ID": "k"},
            "MUX__MAIN: SIGNING_KEY_ID and SIGNING_PRIVATE_KEY go together; set both, or neither",
        ),
        (
            MUX | {"MUX__MAIN__SIGNING_KEY_ID": "k", "MUX__MAIN__SIGNING_PRIVATE_KEY": KEY},
            "MUX__MAIN__SIGNING_PRIVATE_KEY: not the base64 of a private key's PEM",
        ),
        (
            {name.replace("MAIN", "MA-IN"): value for name, value in MUX.items()},
            "MUX__MA-IN: an account's name has only a-z, 0-9 and single underscores",
        ),
        (FASTPIX | {"FASTPIX__MAIN__WEBHOOK_SECRET": HUSH}, "FASTPIX__MAIN__WEBHOOK_SECRET: not base64"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(read: Reader, variables: dict[str, str], complaint: str) -> None:
    """The sentence begins with the variable, and says what to write instead."""
    assert read.complaint(variables).startswith(complaint)


def test_all_that_is_wrong_is_told_at_once(read: Reader) -> None:
    """Nobody wants to start a service five times to find five mistakes."""
    complaint = read.complaint({"COUNT": "0", "DEVICE": "abacus", "MUX__MAIN__TOKEN_ID": "id"})

    lines = complaint.splitlines()
    assert {line.partition(":")[0] for line in lines} == {
        "COUNT",
        "DEVICE",
        "MUX__MAIN__WEBHOOK_SECRET",
        "MUX__MAIN__TOKEN_SECRET",
    }
    assert len(lines) == 4


def test_it_is_told_where_a_wrong_value_stands(read: Reader, secrets: Path) -> None:
    """In a variable, which wins, or in a file; what is missing stands nowhere."""
    (secrets / "events_secret").write_text("abc")
    (secrets / "count").write_text("0")

    lines = read.complaint({"PORT": "0", "COUNT": "many", "MUX__MAIN__TOKEN_ID": "id"}).splitlines()

    assert f"EVENTS_SECRET: write whsec_ and the base64 of 24 to 64 random bytes (the file {secrets}" in (
        next(line for line in lines if line.startswith("EVENTS"))
    )
    assert "PORT: must be 1 or more (a variable)" in lines
    assert "COUNT: must be a whole number (a variable)" in lines
    assert "MUX__MAIN__TOKEN_SECRET: missing" in lines


@given(st.from_regex(r"(source|[0-9]{0,5}:[0-9]{0,5}|[a-z]+)", fullmatch=True))
def test_settings_take_the_aspects_that_the_pipeline_takes(aspect: str) -> None:
    """A worker never starts with a ratio that fails at the first video."""
    assert _is_taken(lambda: check_aspects((aspect,))) == _is_taken(lambda: parse_aspect(aspect))


def test_lists_are_written_with_spaces_or_commas(read: Reader) -> None:
    """Either way reads well in a compose file; a ratio that is written twice counts once."""
    settings = read({"MEDIA_HOSTS": "a.example.com, b.example.com", "ASPECTS": "16:9 9:16 16:9"})

    assert settings.media_hosts == ("a.example.com", "b.example.com")
    assert settings.aspects == ("16:9", "9:16")


def test_proxies_are_those_of_private_networks_unless_others_or_none_are_named(read: Reader) -> None:
    """An empty variable counts as one that is not set, so there is a word for none."""
    assert ip_network("10.0.0.0/8") in read({"TRUSTED_PROXIES": ""}).trusted_proxies
    assert read({"TRUSTED_PROXIES": "none"}).trusted_proxies == ()
    named = read({"TRUSTED_PROXIES": "203.0.113.7, 2001:db8::/32"}).trusted_proxies
    assert named == (ip_network("203.0.113.7"), ip_network("2001:db8::/32"))


def test_a_signing_key_is_taken_whole(read: Reader) -> None:
    """Its id and its private part."""
    settings = read(MUX | {"MUX__MAIN__SIGNING_KEY_ID": "k", "MUX__MAIN__SIGNING_PRIVATE_KEY": PEM})

    assert settings.mux["main"].signing_key_id == "k"


def test_a_secret_may_be_a_file(read: Reader, secrets: Path) -> None:
    """Called as the variable in lower case; the line's end does not belong to it; others may lie there."""
    (secrets / "database_url").write_text("postgresql://somewhere/thumbs\n")
    (secrets / "mux__main__webhook_secret").write_text(f"{HUSH}\n")
    (secrets / "mux__main__token_secret").write_text(HUSH)
    (secrets / "another_service").mkdir()

    settings = read({"MUX__MAIN__TOKEN_ID": "id"})

    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://somewhere/thumbs"
    assert settings.mux["main"].webhook_secrets == (HUSH,)


def test_a_file_may_be_a_link_to_elsewhere(read: Reader, secrets: Path, tmp_path: Path) -> None:
    """As Kubernetes and others mount secrets."""
    (tmp_path / "elsewhere").write_text(f"whsec_{KEY}")
    (secrets / "events_secret").symlink_to(tmp_path / "elsewhere")

    assert read({}).events_secrets == (f"whsec_{KEY}",)


def test_a_variable_wins_over_a_file(read: Reader, secrets: Path) -> None:
    """One can be tried without touching the files."""
    (secrets / "mux__main__webhook_secret").write_text("from a file")

    assert read(MUX).mux["main"].webhook_secrets == (HUSH,)


def test_a_typing_error_in_a_files_name_is_named(read: Reader, secrets: Path) -> None:
    """Files are held to the same names as variables."""
    (secrets / "mux__main__webhook_secrt").write_text(HUSH)

    assert "MUX__MAIN__WEBHOOK_SECRT: there is no such setting" in read.complaint(MUX)


def test_an_empty_variable_is_not_called_missing(read: Reader) -> None:
    """Who set it to nothing would look for it in vain."""
    assert read.complaint(MUX | {"MUX__MAIN__TOKEN_ID": ""}) == "MUX__MAIN__TOKEN_ID: empty (a variable)"


def test_an_empty_file_is_no_secret(read: Reader, secrets: Path) -> None:
    """With an empty secret anybody could sign."""
    (secrets / "mux__main__webhook_secret").write_text("\n")
    variables = {name: value for name, value in MUX.items() if "WEBHOOK" not in name}

    assert read.complaint(variables) == (
        f"MUX__MAIN__WEBHOOK_SECRET: empty (the file {secrets / 'mux__main__webhook_secret'})"
    )


REQUIRED = [
    (platform, name)
    for platform, kind in ACCOUNTS.items()
    for name, field in kind.model_fields.items()
    if field.is_required()
]


@pytest.mark.parametrize(("platform", "name"), REQUIRED)
def test_no_id_or_secret_of_an_account_may_be_an_empty_file(
    read: Reader, secrets: Path, platform: str, name: str
) -> None:
    """It would be found out with the first request, as a refusal of the platform."""
    file = secrets / f"{platform}__main__{name}"
    file.write_text(" \n")

    lines = read.complaint({}).splitlines()

    (line,) = [line for line in lines if line.startswith(f"{file.name.upper()}: ")]
    assert str(file) in line


def test_a_folder_that_is_not_there_is_named(read: Reader, tmp_path: Path) -> None:
    """The service would otherwise start without its secrets."""
    missing = tmp_path / "nowhere"

    assert read.complaint({"SECRETS_DIR": str(missing)}) == (
        f"SECRETS_DIR: cannot read {missing}: No such file or directory"
    )


def test_a_file_in_place_of_the_folder_is_named(read: Reader, tmp_path: Path) -> None:
    """It is the folder that the variable names, not a secret."""
    file = tmp_path / "file"
    file.write_text(HUSH)

    assert read.complaint({"SECRETS_DIR": str(file)}) == f"SECRETS_DIR: cannot read {file}: Not a directory"


def test_a_folder_in_place_of_a_secret_is_named(read: Reader, secrets: Path) -> None:
    """Docker makes a folder where the file to mount is missing."""
    (secrets / "events_secret").mkdir()

    assert read.complaint({}) == f"SECRETS_DIR: cannot read {secrets / 'events_secret'}: Is a directory"


def test_a_secret_that_cannot_be_read_is_named(read: Reader, secrets: Path) -> None:
    """It is never taken for one that is not set; here a link leads round in a circle."""
    (secrets / "events_secret").symlink_to(secrets / "events_secret")

    assert read.complaint({}).startswith(f"SECRETS_DIR: cannot read {secrets / 'events_secret'}: ")


def test_a_secret_that_is_no_text_is_refused(read: Reader, secrets: Path) -> None:
    """A key in binary form was meant to be encoded."""
    (secrets / "events_secret").write_bytes(b"\xff\xfe\x00")

    assert read.complaint({}) == f"SECRETS_DIR: a file in {secrets} is not text in UTF-8"


def test_settings_do_not_change(read: Reader) -> None:
    """What one part of the program saw at the start, every part sees."""
    settings = read(MUX)

    with pytest.raises(ValidationError):
        settings.count = 5
    with pytest.raises(ValidationError):
        settings.mux["main"].token_id = "another"  # noqa: S105 - no real one


def test_printing_settings_shows_no_secret(read: Reader) -> None:
    """Neither as text nor in a dump of all values."""
    settings = read(
        MUX | {"DATABASE_URL": f"postgresql://user:{HUSH}@host/name", "REDIS_URL": f"redis://:{HUSH}@h"}
    )

    assert HUSH not in f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"


@pytest.mark.parametrize(
    "variables",
    [
        MUX | {"MUX__MAIN__SIGNING_KEY_ID": "k"},
        MUX | {"MUX__MAIN__SIGNING_KEY_ID": "k", "MUX__MAIN__SIGNING_PRIVATE_KEY": HUSH},
        MUX | {"MUX__MAIN__TOKENSECRET": HUSH},
        FASTPIX | {"FASTPIX__MAIN__WEBHOOK_SECRET": HUSH},
        {"EVENTS_SECRET": HUSH},
        {"EVENTS_SECRET": f"whsec_{HUSH}"},
        {"MUX": HUSH},
    ],
)
def test_no_error_shows_a_secret(read: Reader, variables: dict[str, str]) -> None:
    """Not even in the traceback, which ends up in a log."""
    with pytest.raises(SettingsInvalid) as caught:
        read(variables)

    assert HUSH not in "".join(traceback.format_exception(caught.value))


def _is_taken(check: Callable[[], object]) -> bool:
    try:
        check()
    except ValueError:
        return False
    return True


def test_addresses_follow_their_ports_where_only_those_are_set(read: Reader) -> None:
    """Pictures, pages and beacon are else looked for at a port where nobody listens."""
    found = read({**MUX, "PORT": "9100", "REVIEW_PORT": "9180", "BEACON_PORT": "9170"})

    assert found.public_url == "http://127.0.0.1:9100"
    assert found.review_url == "http://127.0.0.1:9180"
    assert found.beacon_url == "http://127.0.0.1:9170"
    named = read({**MUX, "PORT": "9100", "PUBLIC_URL": "https://thumbs.example.com"})
    assert named.public_url == "https://thumbs.example.com"
