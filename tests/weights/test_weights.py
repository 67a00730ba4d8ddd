"""Weights are fetched whole or not at all, and are verified each time they are used."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from open_clip import get_pretrained_cfg

from tests.support.hub import BODY, SUM, Hub, serve_hub
from worker import weights
from worker.errors import UnknownModel, WeightsMissing
from worker.weights import download
from worker.weights.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "ViT-L-14:laion2b_s32b_b82k"


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Serve on a free port of this machine."""
    with serve_hub() as state:
        yield state


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library waits a second before it goes on where a transfer broke off."""
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _s: None)


class TestFetch:
    """From the hub into the folder, or an error and no file."""

    def test_fetched_weights_are_in_place_and_verified(self, hub: Hub, tmp_path: Path) -> None:
        """The sum the server names is checked, and written beside the file for later."""
        file = download.fetch_weights(NAME, tmp_path / "new", url=hub.address)

        assert file.read_bytes() == BODY
        assert weights.path(NAME, tmp_path / "new") == file
        assert weights.sum_file(file).read_text() == f"{SUM}  {file.name}\n"

    def test_a_sum_of_ones_own_serves_where_the_server_names_none(self, hub: Hub, tmp_path: Path) -> None:
        """A plain web server is a fine source, if one knows the sum."""
        hub.named_sum = None

        assert download.fetch_weights(NAME, tmp_path, url=hub.address, sha256=SUM.upper()).is_file()

    def test_without_any_sum_nothing_is_taken(self, hub: Hub, tmp_path: Path) -> None:
        """The message names the option."""
        hub.named_sum = None

        with pytest.raises(UnknownModel, match="--sha256"):
            download.fetch_weights(NAME, tmp_path, url=hub.address)

        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("fault", "message"),
        [
            ({"named_sum": "0" * 64}, f"sum is {SUM}, not 0000"),
            ({"missing_bytes": 1000}, "could not be downloaded"),
            ({"status": 503}, "503 Service Unavailable; try again"),
        ],
    )
    def test_a_faulty_answer_leaves_no_file(
        self, hub: Hub, tmp_path: Path, fault: dict[str, object], message: str
    ) -> None:
        """Wrong bytes, too few bytes, or an error of the server."""
        for name, value in fault.items():
            setattr(hub, name, value)

        with pytest.raises(WeightsMissing, match=message):
            download.fetch_weights(NAME, tmp_path, url=hub.address)

        assert list(tmp_path.iterdir()) == []

    def test_a_transfer_that_breaks_off_goes_on_where_it_broke(self, hub: Hub, tmp_path: Path) -> None:
        """Weights are gigabytes, so a short break of the line does not send them all again."""
        hub.breaks_at = 1000

        assert download.fetch_weights(NAME, tmp_path, url=hub.address).read_bytes() == BODY

    def test_the_hub_is_asked_for_the_safer_kind_first(self, hub: Hub, tmp_path: Path) -> None:
        """And for the other where it has none."""
        first, second = download.addresses_of(NAME, hub.endpoint)
        assert download.fetch_weights(NAME, tmp_path / "a", endpoint=hub.endpoint).suffix == ".safetensors"

        hub.absent = {first.removeprefix(hub.endpoint)}

        assert second.endswith(
            "/laion/CLIP-ViT-L-14-laion2B-s32B-b82K/resolve/main/open_clip_pytorch_model.bin"
        )
        assert download.fetch_weights(NAME, tmp_path / "b", endpoint=hub.endpoint).suffix == ".bin"

    def test_what_is_in_place_is_not_sent_again(self, hub: Hub, tmp_path: Path) -> None:
        """Unless the server names another sum."""
        download.fetch_weights(NAME, tmp_path, url=hub.address)
        download.fetch_weights(NAME, tmp_path, url=hub.address)

        assert hub.sent_bodies == 1

    def test_a_failed_fetch_keeps_what_was_there(self, hub: Hub, tmp_path: Path) -> None:
        """The old weights go on working."""
        download.fetch_weights(NAME, tmp_path, url=hub.address)
        hub.named_sum, hub.missing_bytes = "0" * 64, 1

        with pytest.raises(WeightsMissing):
            download.fetch_weights(NAME, tmp_path, url=hub.address)

        assert weights.path(NAME, tmp_path).read_bytes() == BODY

    def test_a_closed_port_is_told_plainly(self, tmp_path: Path) -> None:
        """It is the network that one has to look at."""
        with pytest.raises(WeightsMissing, match="check the network"):
            download.fetch_weights(NAME, tmp_path, url="http://127.0.0.1:1/model.safetensors")

    def test_an_address_with_nothing_there_is_named(self, hub: Hub, tmp_path: Path) -> None:
        """So that it can be replaced."""
        hub.absent = {"/model.safetensors"}

        with pytest.raises(WeightsMissing, match=r"nothing is at http.*--url"):
            download.fetch_weights(NAME, tmp_path, url=hub.address)

    def test_a_name_without_a_page_is_refused(self, tmp_path: Path) -> None:
        """Names that can be fetched are listed."""
        with pytest.raises(UnknownModel, match="for example: PE-Core-L-14-336:meta"):
            download.fetch_weights("ViT-L-14:nonsense", tmp_path)

    @pytest.mark.parametrize("name", ["lite", "efficientnet-lite0"])
    def test_what_ships_with_the_product_needs_no_fetch(self, name: str, tmp_path: Path) -> None:
        """It is there already."""
        with pytest.raises(UnknownModel, match="ships with the product"):
            download.fetch_weights(name, tmp_path)

    def test_the_command_says_where_the_file_is(self, hub: Hub, tmp_path: Path) -> None:
        """One line, for people and for scripts."""
        arguments = ["fetch", NAME, "--url", hub.address, "--dir", str(tmp_path)]

        result = CliRunner().invoke(main, arguments)

        assert result.output == f"{NAME}: {weights.path(NAME, tmp_path)}\n"

    def test_the_command_fails_in_one_sentence(self, hub: Hub, tmp_path: Path) -> None:
        """Exit code 1, no traceback."""
        hub.status = 500

        result = CliRunner().invoke(main, ["fetch", NAME, "--url", hub.address, "--dir", str(tmp_path)])

        assert result.exit_code == 1
        assert result.stderr.startswith(f"Error: {NAME}: ")


class TestPath:
    """A file is found and verified, or the error names the command that helps."""

    def test_missing_weights_name_the_command(self, tmp_path: Path) -> None:
        """It can be pasted."""
        with pytest.raises(WeightsMissing, match=rf"run: thumbs models fetch {NAME}"):
            weights.path(NAME, tmp_path)

    def test_changed_weights_are_refused(self, hub: Hub, tmp_path: Path) -> None:
        """One byte is enough."""
        file = download.fetch_weights(NAME, tmp_path, url=hub.address)
        file.write_bytes(BODY[:-1] + b"!")

        with pytest.raises(WeightsMissing, match="damaged"):
            weights.path(NAME, tmp_path)

    def test_a_file_that_was_only_copied_there_is_refused(self, tmp_path: Path) -> None:
        """Without a recorded sum nobody can say that it is whole."""
        (tmp_path / "ViT-L-14.laion2b_s32b_b82k.safetensors").write_bytes(BODY)

        with pytest.raises(WeightsMissing, match=r"has no recorded sum.* fetch"):
            weights.path(NAME, tmp_path)


class TestManifest:
    """The manifest tells the truth."""

    def test_what_ships_is_as_listed(self) -> None:
        """Size and sum of every bundled file."""
        for entry in weights.manifest().values():
            if entry.file:
                assert weights.path(entry.name).stat().st_size == entry.bytes

    def test_the_bundled_model_stays_small(self) -> None:
        """At most 10 MB are committed."""
        assert weights.path("lite").stat().st_size <= 10_000_000

    def test_pages_are_those_that_open_clip_names(self) -> None:
        """The page of each model to fetch is the one in open_clip's own registry."""
        for entry in weights.manifest().values():
            if not entry.file:
                page = get_pretrained_cfg(*entry.name.split(":"))["hf_hub"]
                assert entry.where == f"{download.HUB}/{page.rstrip('/')}"

    def test_an_unlisted_model_is_looked_up_at_open_clip(self) -> None:
        """Any of its hub models can be fetched, not only those we recommend."""
        (address,) = download.addresses_of("ViTamin-S:datacomp1b")

        assert address == "https://huggingface.co/jienengchen/ViTamin-S/resolve/main/pytorch_model.bin"

    def test_check_passes_where_only_the_shipped_files_are(self, tmp_path: Path) -> None:
        """What was never fetched is absent, which is no fault."""
        result = CliRunner().invoke(main, ["check", "--dir", str(tmp_path)])

        assert result.exit_code == 0
        assert "ok       lite" in result.output
        assert re.search(r"^absent   \d+ that were never fetched", result.output, re.MULTILINE)

    def test_check_fails_on_a_damaged_file(self, hub: Hub, tmp_path: Path) -> None:
        """And says which."""
        download.fetch_weights(NAME, tmp_path, url=hub.address).write_bytes(b"")

        result = CliRunner().invoke(main, ["check", "--dir", str(tmp_path)])

        assert result.exit_code == 1
        assert f"FAILED   {NAME}" in result.output
