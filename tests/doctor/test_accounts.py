"""`thumbs accounts check` asks the platforms, and says what is missing there."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.platforms.simulated_account import clip
from tests.support.service.commands import run_thumbs
from worker.demo.simulator import SIMULATED, InjectedFault, Simulated
from worker.demo.simulator.vendors.peertube import TOKEN_PATH
from worker.platforms import PLATFORMS
from worker.settings.accounts import ACCOUNTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OURS = "https://thumbs.example.com"
TELLING = ["api_video", "brightcove", "cloudflare", "mux"]  # whose APIs tell where webhooks are sent to


@pytest.fixture
def vendors(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Simulated]]:
    """Serve every platform, each with an account of ours, set up as it is to be."""
    monkeypatch.setenv("PUBLIC_URL", OURS)
    with ExitStack() as stack:
        served = {
            name: stack.enter_context(vendor(f"{OURS}/webhooks/{name}/main"))
            for name, vendor in SIMULATED.items()
        }
        for vendor in served.values():
            for variable, value in vendor.settings("main").items():
                monkeypatch.setenv(variable, value)
        yield served


def checked(*words: str) -> tuple[int, list[dict[str, Any]]]:
    """Run the command, and return its exit code and its lines."""
    result = run_thumbs("accounts", "check", *words, "--json")
    document = json.loads(result.stdout)
    assert document["failed"] == bool(result.exit_code)
    return result.exit_code, document["checks"]


def test_accounts_that_are_set_up_pass(vendors: dict[str, Simulated], tmp_path: Path) -> None:
    """With how many videos each token opens, and the address for the webhooks; nothing is written."""
    for vendor in vendors.values():
        vendor.library.add(vendor.known(vendor.upload(clip(tmp_path))))

    code, lines = checked()

    assert code == 0
    assert {line["state"] for line in lines} == {"ok"}
    says = {line["what"]: line["says"] for line in lines}
    assert {f"{name}/main" for name in vendors} <= says.keys()
    assert says["mux/main"].startswith("reading works (videos: 1); writing is not tried: it needs")
    for name in vendors:
        assert PLATFORMS[name].capabilities.write_permission in says[f"{name}/main"]
    assert f"{OURS}/webhooks/wistia/main" in "".join(line["says"] for line in lines)
    for vendor in vendors.values():
        requests = vendor.journal.entries("request")
        assert {entry.method for entry in requests if entry.path != TOKEN_PATH} == {"GET"}


@pytest.mark.parametrize("name", TELLING)
@pytest.mark.parametrize("theirs", [None, "https://elsewhere.example.com/hook"])
def test_a_webhook_that_is_not_set_there_is_told(
    vendors: dict[str, Simulated], name: str, theirs: str | None
) -> None:
    """With the address to paste, and the page that says where."""
    vendors[name].webhooks_to = theirs

    code, lines = checked("--platform", name)

    (webhook,) = [line for line in lines if "webhook" in line["what"]]
    assert (code, webhook["state"]) == (1, "failed")
    assert (theirs or "nowhere") in webhook["says"]
    assert f"{OURS}/webhooks/{name}/main" in webhook["remedy"]
    assert f"docs/platforms/{name}.md" in webhook["remedy"]


def test_a_webhook_that_is_disabled_there_is_told(vendors: dict[str, Simulated]) -> None:
    """It is the right address, and no event comes."""
    vendors["mux"].is_webhook_enabled = False  # type: ignore[attr-defined]

    code, lines = checked("--platform", "mux")

    (webhook,) = [line for line in lines if "webhook" in line["what"]]
    assert (code, webhook["state"]) == (1, "failed")
    assert webhook["says"] == f"{OURS}/webhooks/mux/main is there, but disabled"
    assert webhook["remedy"] == "enable it at Mux"


def test_a_token_that_may_not_see_webhooks_is_a_good_one(vendors: dict[str, Simulated]) -> None:
    """The service needs no such right, so nothing is wrong."""
    vendors["mux"].may_read_system = False  # type: ignore[attr-defined]

    code, lines = checked("--platform", "mux")

    (webhook,) = [line for line in lines if "webhook" in line["what"]]
    assert (code, webhook["state"]) == (0, "ok")
    assert webhook["says"].endswith(f"it is to be {OURS}/webhooks/mux/main")


def test_where_nothing_is_written_nothing_is_said_of_rights(
    vendors: dict[str, Simulated], monkeypatch: pytest.MonkeyPatch
) -> None:
    """FastPix takes no thumbnail, unless its metadata are to hold the time."""
    monkeypatch.setenv("FASTPIX__MAIN__WRITE_METADATA", "false")

    _, lines = checked("--platform", "fastpix")

    account = next(line for line in lines if line["what"] == "fastpix/main")
    assert account["says"] == "reading works (videos: 0); nothing is written there"
    assert vendors["fastpix"].journal.entries("write") == []


@pytest.mark.parametrize("name", sorted(SIMULATED))
@pytest.mark.usefixtures("vendors")
def test_a_token_that_is_refused_names_its_variables(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """And does not repeat them."""
    (secret,) = ACCOUNTS[name].api_secrets
    variable = f"{name}__main__{secret}".upper()
    monkeypatch.setenv(variable, "hush-9f3b")

    code, lines = checked("--platform", name)

    account = next(line for line in lines if line["what"] == f"{name}/main")
    assert (code, account["state"]) == (1, "failed")
    assert variable in account["says"]
    assert "hush" not in json.dumps(lines)


def test_the_remedy_fits_what_failed(vendors: dict[str, Simulated], monkeypatch: pytest.MonkeyPatch) -> None:
    """The token, the vendor, or the network: who mends one of them in vain does not look at the others."""

    def remedy() -> str:
        _, lines = checked("--platform", "mux")
        return str(next(line for line in lines if line["what"] == "mux/main")["remedy"])

    vendors["mux"].faults.plan(InjectedFault(status=429))
    assert remedy().startswith("wait a minute")
    monkeypatch.setenv("MUX__MAIN__TOKEN_SECRET", "wrong")
    assert remedy() == "give it a token that may do this: docs/platforms/mux.md, step 1"
    monkeypatch.setenv("MUX__MAIN__API_URL", "http://127.0.0.1:9")
    assert "127.0.0.1 cannot be reached from here: check this machine's network" in remedy()
    _, lines = checked("--platform", "mux")
    webhook = next(line["says"] for line in lines if "webhook" in line["what"])
    assert webhook == f"not asked for, as it does not answer; it is to be {OURS}/webhooks/mux/main"
    assert "MUX__MAIN__API_URL if you set it" in remedy()


def test_an_address_that_no_platform_can_reach_is_a_warning(
    vendors: dict[str, Simulated], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the one that is set by default."""
    monkeypatch.setenv("PUBLIC_URL", "http://127.0.0.1:8000")

    code, (first, *_) = checked("--platform", "wistia")

    assert (code, first["what"], first["state"]) == (0, "PUBLIC_URL", "warning")
    assert vendors["wistia"].journal.entries("request") != []


@pytest.mark.parametrize("words", [(), ("--platform", "mux"), ("--platform", "youtube")])
def test_where_there_is_no_account_it_says_what_to_set(words: tuple[str, ...]) -> None:
    """Exit code 2: it is a matter of configuration."""
    result = run_thumbs("accounts", "check", *words)

    assert result.exit_code == 2
    assert "configured; docs/platforms/ lists the variables" in result.stderr


def test_people_read_lines(vendors: dict[str, Simulated]) -> None:
    """One for each look, and how many of them matter."""
    vendors["cloudflare"].webhooks_to = None

    result = run_thumbs("accounts", "check", "--platform", "cloudflare")

    assert result.exit_code == 1
    assert "cloudflare/main" in result.stdout
    assert result.stdout.rstrip().endswith("1 failed, 0 to look at, of 2")


@pytest.mark.parametrize(("url", "state"), [("http://127.0.0.1:8000", "failed"), (OURS, "ok")])
@pytest.mark.usefixtures("vendors")
def test_pictures_that_a_platform_cannot_fetch_are_told(
    monkeypatch: pytest.MonkeyPatch, url: str, state: str
) -> None:
    """Before the first write fails because of it; platforms that take bytes do not ask for it."""
    monkeypatch.setenv("PUBLIC_URL", url)

    _, lines = checked("--platform", "brightcove")
    _, others = checked("--platform", "jwplayer")

    (pictures,) = [line for line in lines if "pictures" in line["what"]]
    assert (pictures["state"], url in pictures["says"]) == (state, True)
    assert state == "ok" or "set PUBLIC_URL" in pictures["remedy"]
    assert not [line for line in others if "pictures" in line["what"]]
