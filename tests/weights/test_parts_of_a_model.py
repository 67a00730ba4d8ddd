"""`fetch` puts a model's tokenizer and its head of taste in place beside its weights."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tests.support.hub import Hub, serve_hub
from worker import weights
from worker.errors import UnknownModel, WeightsMissing
from worker.weights import download
from worker.weights.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIGLIP = "ViT-B-16-SigLIP2-256"
TOKENIZER = "timm/ViT-B-16-SigLIP2-256"
FILES = {"/tokenizer.json": b"{}", "/tokenizer_config.json": b'{"pad_token": "<pad>"}'}
HEAD = b"a head of taste"


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Serve one tokenizer on a free port of this machine."""
    with serve_hub() as state:
        state.small = dict(FILES)
        yield state


@pytest.fixture
def head(hub: Hub) -> weights.HeadFile:
    """Return a registered head whose file the hub has."""
    hub.small["/head.pth"] = HEAD
    registered = weights.heads()["laion-sac-logos-ava1-l14"]
    return replace(registered, source=f"{hub.endpoint}/head.pth", sha256=hashlib.sha256(HEAD).hexdigest())


class TestTokenizer:
    """The files of a tokenizer are fetched by their sums, and verified each time that they are used."""

    @pytest.mark.parametrize("name", [f"{SIGLIP}:webli", SIGLIP])
    def test_it_comes_with_the_model_or_alone(self, hub: Hub, tmp_path: Path, name: str) -> None:
        """Alone for those who bring weights of their own."""
        *_, tokenizer = download.fetch_model(name, tmp_path, endpoint=hub.endpoint)

        assert tokenizer == weights.tokenizer_path(TOKENIZER, "", tmp_path)
        assert (tokenizer / "tokenizer.json").read_bytes() == b"{}"
        assert weights.is_fetched(f"{SIGLIP}:webli", tmp_path) == (":" in name)

    def test_a_file_that_the_repository_lacks_is_not_needed(self, hub: Hub, tmp_path: Path) -> None:
        """Few tokenizers have all the files that one may have."""
        hub.has_small_only = True

        folder = download.fetch_tokenizer(TOKENIZER, tmp_path, endpoint=hub.endpoint)

        assert sorted(file.name for file in folder.iterdir()) == [
            "SHA256SUMS",
            "tokenizer.json",
            "tokenizer_config.json",
        ]

    def test_a_repository_without_a_tokenizer_is_refused(self, hub: Hub, tmp_path: Path) -> None:
        """As those in an older format are."""
        hub.small, hub.has_small_only = {}, True

        with pytest.raises(UnknownModel, match=r"publishes no tokenizer\.json"):
            download.fetch_tokenizer(TOKENIZER, tmp_path, endpoint=hub.endpoint)

    def test_other_bytes_than_promised_are_thrown_away(
        self, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The hub names small files by git's sum, which is as good for that."""
        monkeypatch.setattr("tests.support.hub.git_sum", lambda _content: "0" * 40)

        with pytest.raises(WeightsMissing, match="not 0000"):
            download.fetch_tokenizer(TOKENIZER, tmp_path, endpoint=hub.endpoint)

    @pytest.mark.parametrize("fault", [b"[]", None])
    def test_a_changed_or_missing_file_is_refused_later(
        self, hub: Hub, tmp_path: Path, fault: bytes | None
    ) -> None:
        """The error names the file, and ends with what to do."""
        folder = download.fetch_tokenizer(TOKENIZER, tmp_path, endpoint=hub.endpoint)
        file = folder / "tokenizer_config.json"
        file.unlink() if fault is None else file.write_bytes(fault)

        with pytest.raises(WeightsMissing, match=r"tokenizer_config\.json is absent or damaged; fetch it"):
            weights.tokenizer_path(TOKENIZER, "fetch it", tmp_path)
        result = CliRunner().invoke(main, ["check", "--dir", str(tmp_path)])
        assert result.exit_code == 1
        assert f"FAILED   {folder.name}" in result.output

    @pytest.mark.parametrize(
        "listed",
        [b"", b"\n", b"no sum", b"\xff\xfe", b"0  tokenizer_config.json\n", b"{whole}\nno sum\n"],
        ids=["empty", "an empty line", "no sum", "no text", "no tokenizer", "one more line"],
    )
    def test_a_damaged_list_of_sums_vouches_for_nothing(
        self, hub: Hub, tmp_path: Path, listed: bytes
    ) -> None:
        """A disk that was full can leave it empty."""
        folder = download.fetch_tokenizer(TOKENIZER, tmp_path, endpoint=hub.endpoint)
        record = folder / "SHA256SUMS"
        record.write_bytes(listed.replace(b"{whole}\n", record.read_bytes()))

        with pytest.raises(WeightsMissing, match="damaged; fetch it"):
            weights.tokenizer_path(TOKENIZER, "fetch it", tmp_path)

    @pytest.mark.parametrize("name", ["lite", "lite:/models/taste.safetensors", "ViT-L-14:/models/own.pt"])
    def test_a_model_of_which_nothing_is_published_needs_no_fetch(self, name: str, tmp_path: Path) -> None:
        """An image is built with any value of MODEL; one's own file is mounted later."""
        result = CliRunner().invoke(main, ["fetch", name, "--dir", str(tmp_path)])

        assert result.exit_code == 0, result.output
        assert "nothing to fetch" in result.output
        assert not list(tmp_path.iterdir())

    def test_weights_of_ones_own_get_the_tokenizer_that_they_need(self, hub: Hub, tmp_path: Path) -> None:
        """The weights are not asked for, as they are a file already."""
        fetched = download.fetch_model(f"{SIGLIP}:/models/own.pt", tmp_path, endpoint=hub.endpoint)

        assert fetched == [weights.tokenizer_path(TOKENIZER, "", tmp_path)]

    @pytest.mark.parametrize("name", ["ViT-L-14", "nonsense"])
    def test_an_architecture_with_clips_own_tokenizer_needs_no_files(self, name: str, tmp_path: Path) -> None:
        """Then only weights can be fetched."""
        with pytest.raises(UnknownModel, match="nothing to fetch"):
            download.fetch_model(name, tmp_path)


class TestHeads:
    """A head of taste is taken only as it is registered."""

    def test_a_head_is_put_in_place_by_its_registered_sum(
        self, head: weights.HeadFile, tmp_path: Path
    ) -> None:
        """And verified when it is used."""
        file = download.fetch_head(head, tmp_path)

        assert weights.head_path(head, tmp_path) == file
        file.write_bytes(HEAD[:-1])
        with pytest.raises(WeightsMissing, match=r"is damaged; run: .* fetch ViT-L-14:openai"):
            weights.head_path(head, tmp_path)

    def test_another_file_than_the_registered_is_thrown_away(
        self, hub: Hub, head: weights.HeadFile, tmp_path: Path
    ) -> None:
        """Whatever the server says about it."""
        hub.small["/head.pth"] = b"another head"

        with pytest.raises(WeightsMissing, match=f"not {head.sha256}"):
            download.fetch_head(head, tmp_path)

    def test_a_model_comes_with_its_heads(
        self, hub: Hub, head: weights.HeadFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One command fetches all that belongs to it."""
        other = replace(head, name="other", model="ViT-B-32:openai")
        monkeypatch.setattr(weights, "heads", lambda: {head.name: head, other.name: other})

        fetched = download.fetch_model("ViT-L-14:openai", tmp_path, endpoint=hub.endpoint)

        assert fetched == [weights.path("ViT-L-14:openai", tmp_path), weights.head_path(head, tmp_path)]

    def test_a_head_whose_file_is_gone_says_so(
        self, hub: Hub, head: weights.HeadFile, tmp_path: Path
    ) -> None:
        """Authors move their files."""
        gone = replace(head, source=f"{hub.endpoint}/gone.pth")
        hub.has_small_only = True
        hub.status = 404

        with pytest.raises(WeightsMissing, match="nothing is at"):
            download.fetch_head(gone, tmp_path)

    def test_each_registered_head_is_pinned(self) -> None:
        """To a model of the manifest and one commit of its repository, with a licence that allows any use."""
        for head in weights.heads().values():
            assert weights.manifest()[head.model].licence == "MIT"
            assert head.licence in {"MIT", "Apache-2.0"}
            assert len(head.sha256) == 64
            assert len(head.source.split("/")[5]) == 40
