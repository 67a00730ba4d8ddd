"""Every model sees all of a picture, at whatever shape."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import open_clip
import pytest
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image

from worker import weights
from worker.errors import UnknownModel
from worker.pipeline.scoring.clip_model import ClipModel, load_clip_model
from worker.pipeline.scoring.clip_scorer import ClipScorer
from worker.pipeline.scoring.inference.whole_frame import MAX_VIEWS, Preprocessing, average_views
from worker.pipeline.scoring.prompts import Prompts
from worker.weights.lite import PREPROCESS

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.frames import Rgb

CPU = torch.device("cpu")
SPECS = [entry.name for entry in weights.manifest().values() if ":" in entry.name]
CENTRE_CUT = PreprocessCfg(size=32, resize_mode="shortest")
SHAPES = {"16:9": (320, 180), "9:16": (180, 320), "2.39:1": (430, 180), "4:3": (240, 180), "6:1": (600, 100)}
PAINTED_SHARE = 0.08  #: of the longer side: a strip that every centre cut of 16:9 leaves out


def as_mapping(published: PreprocessCfg) -> dict[str, Any]:
    """Return the form in which open_clip keeps it with a model."""
    return {name: getattr(published, name) for name in published.__dataclass_fields__}


@cache
def scorer_like(spec: str) -> ClipScorer:
    """Make a small random model that takes its pictures just as one of the manifest does."""
    architecture, tag = spec.split(":")
    size = open_clip.get_model_config(architecture)["vision_cfg"]["image_size"]
    torch.manual_seed(0)
    network = open_clip.CLIP(
        embed_dim=16,
        vision_cfg={"image_size": size, "patch_size": size // 4, "layers": 1, "width": 64},
        text_cfg={"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 1, "layers": 1},
    )
    published = open_clip.get_pretrained_cfg(architecture, tag)
    asked = {name: published[name] for name in ("mean", "std", "interpolation", "resize_mode")}
    preprocess = Preprocessing.of(as_mapping(PreprocessCfg(size=size, **asked)))
    model = ClipModel(network.eval(), open_clip.get_tokenizer("ViT-B-32"), preprocess)
    return ClipScorer(spec, model, Prompts.load(), CPU)


def painted_at_edges(width_px: int, height_px: int) -> list[Rgb]:
    """Return a grey picture, and for either end of its longer side one with a subject painted there."""
    plain = np.full((height_px, width_px, 3), 128, np.uint8)
    strip = max(1, round(PAINTED_SHARE * max(width_px, height_px)))
    first, last = plain.copy(), plain.copy()
    if width_px > height_px:
        first[:, :strip], last[:, -strip:] = (255, 80, 0), (255, 80, 0)
    else:
        first[:strip], last[-strip:] = (255, 80, 0), (255, 80, 0)
    return [plain, first, last]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("spec", SPECS)
def test_a_subject_at_either_edge_changes_the_embedding(spec: str, shape: str) -> None:
    """Whichever model of the manifest it is, and whichever shape the frame has."""
    plain, first, last = scorer_like(spec).embed(painted_at_edges(*SHAPES[shape]))

    assert np.linalg.norm(plain - first) > 1e-3
    assert np.linalg.norm(plain - last) > 1e-3
    assert np.linalg.norm(first - last) > 1e-3


class TestViews:
    """A picture is squashed where that changes it little, and is seen in parts where not."""

    @pytest.mark.parametrize(
        ("width_px", "height_px", "count"),
        [
            (180, 180, 1),
            (240, 180, 1),
            (320, 180, 2),
            (180, 320, 2),
            (360, 180, 3),
            (430, 180, 3),
            (2000, 2, 4),
            (2, 2000, 4),
            (1, 1, 1),
        ],
    )
    def test_the_shape_decides_how_many_there_are(self, width_px: int, height_px: int, count: int) -> None:
        """One up to 4:3, two for 16:9, three for a cinema film; and never more than four."""
        assert len(Preprocessing.of(as_mapping(CENTRE_CUT)).views(width_px, height_px)) == count

    @pytest.mark.parametrize("longer_px", [242, 300, 320, 341, 345, 400, 430, 505, 667, 1000])
    def test_views_overlap_and_cover_the_picture(self, longer_px: int) -> None:
        """From edge to edge, so that a small subject is whole in one of them; the other way as well."""
        preprocessing = Preprocessing.of(as_mapping(CENTRE_CUT))
        views = preprocessing.views(longer_px, 180)

        assert 2 <= len(views) <= MAX_VIEWS
        assert views[0].left == 0
        assert views[-1].right == pytest.approx(longer_px)
        lengths = [view.right - view.left for view in views]
        overlaps = [before.right - after.left for before, after in pairwise(views)]
        assert min(overlaps) >= 0.099 * max(lengths)
        turned = np.array(preprocessing.views(180, longer_px))
        assert turned == pytest.approx(np.array(views)[:, [1, 0, 3, 2]])

    @pytest.mark.parametrize("longer_px", [300, 320, 430, 600])
    def test_a_view_keeps_proportions(self, longer_px: int) -> None:
        """A part is a square of the picture up to 3.7 : 1, so that a face stays a face."""
        for view in Preprocessing.of(as_mapping(CENTRE_CUT)).views(longer_px, 180):
            assert view.right - view.left == pytest.approx(180)

    @pytest.mark.parametrize("shape", SHAPES)
    def test_a_model_trained_on_squashed_pictures_gets_them(self, shape: str) -> None:
        """To the bit as its publisher prepares them: the bundled model among others."""
        rng = np.random.default_rng(0)
        width_px, height_px = SHAPES[shape]
        picture = rng.integers(0, 256, (height_px, width_px, 3), np.uint8)
        theirs = image_transform_v2(PreprocessCfg(**PREPROCESS), is_train=False)(Image.fromarray(picture))
        ours = Preprocessing.of(PREPROCESS)

        cuts = [ours.cut(picture, view) for view in ours.views(width_px, height_px)]

        assert torch.equal(ours.tensor(cuts, CPU)[0], theirs)

    def test_weights_of_ones_own_are_prepared_for_as_published_ones(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A model that was trained further from PE-Core wants the same pictures as PE-Core."""
        asked: dict[str, Any] = {}

        def note(_architecture: str, **arguments: Any) -> None:
            asked.update(arguments["force_preprocess_cfg"])
            raise RuntimeError("enough is known")

        monkeypatch.setattr(open_clip, "create_model", note)
        (tmp_path / "own.pt").touch()

        with pytest.raises(UnknownModel, match="enough"):
            load_clip_model(f"PE-Core-B-16:{tmp_path / 'own.pt'}", CPU)

        assert asked["resize_mode"] == "squash"
        assert asked["mean"] == (0.5, 0.5, 0.5)

    def test_a_square_picture_is_prepared_as_published(self) -> None:
        """Where nothing would be cut away, nothing differs."""
        picture = np.random.default_rng(0).integers(0, 256, (180, 180, 3), np.uint8)
        published = PreprocessCfg(size=64, interpolation="bilinear")
        theirs = image_transform_v2(published, is_train=False)(Image.fromarray(picture))
        ours = Preprocessing.of(as_mapping(published))

        (view,) = ours.views(180, 180)

        assert torch.equal(ours.tensor([ours.cut(picture, view)], CPU)[0], theirs)


class TestBatches:
    """Views fill batches; a picture's embedding is its own."""

    def test_company_changes_no_bit(self) -> None:
        """Neither the number of other pictures nor their shapes, although they share batches."""
        scorer = scorer_like("ViT-B-32-256:datacomp_s34b_b86k")
        rng = np.random.default_rng(0)
        pictures = [rng.integers(0, 256, (height, width, 3), np.uint8) for width, height in SHAPES.values()]

        together = scorer.embed(pictures)

        for embedding, picture in zip(together, pictures, strict=True):
            assert np.array_equal(embedding, scorer.embed([picture])[0])

    def test_the_fraction_done_counts_views(self) -> None:
        """It grows to 1 in even steps, with pictures of two views each."""
        heard: list[float] = []

        scorer_like("ViT-B-32-256:datacomp_s34b_b86k").embed(
            [np.zeros((180, 320, 3), np.uint8)] * 6, heard.append
        )

        assert heard == pytest.approx([4 / 12, 8 / 12, 1.0])

    def test_views_count_alike_in_a_picture(self) -> None:
        """The average is a unit vector halfway between; a single view is left as it is."""
        single = np.array([0.6, 0.8], np.float32)
        embeddings = np.stack([np.array([1, 0], np.float32), np.array([0, 1], np.float32), single])

        averaged = average_views(embeddings, [2, 1])

        assert averaged[0] == pytest.approx([0.5**0.5, 0.5**0.5])
        assert np.array_equal(averaged[1], single)
