"""The text tower of `lite`: phrases regress onto the directions they name.

The shared space has two parts. The first axes are the principal directions of the ImageNet classifier's
rows, so a class name's place is its own row. The last axes stand for one kind of damage each; the image
side learns to fill them (`train_image.py`), here their words are simply tied to them: the good words to the
positive end, the bad ones to the negative. No picture is needed, so this part is the same whatever clips
the image side learns from.
"""

from __future__ import annotations

import importlib.resources
import tomllib
from typing import TYPE_CHECKING, Any

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from torch.nn import functional

from worker.weights import lite
from worker.weights.training.damage import DAMAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from open_clip.transformer import TextTransformer

STEPS = 2500  #: the loss is flat beyond
BATCH = 128
LEARNING_RATE = 2e-3
SEMANTIC_DIM = lite.EMBED_DIM - len(DAMAGES)
PHRASE_COUNT_SHARES = (0.6, 0.3, 0.1)  #: of texts with one, two and three phrases
THING_SHARE = 0.65  #: of phrases; the rest names a quality
PLURAL_SHARE = 0.2  #: of things
REPORT_EVERY = 250

Phrases = dict[str, NDArray[np.float32]]
"""Phrase -> (EMBED_DIM,) unit vector."""


def vocabulary() -> dict[str, Any]:
    """Read `lite_words.toml`."""
    return tomllib.loads((importlib.resources.files(__package__) / "lite_words.toml").read_text("utf-8"))


def class_directions() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The ImageNet classifier seen from its principal directions.

    Returns:
        basis: (1280, SEMANTIC_DIM) orthonormal columns.
        rows: (1000, SEMANTIC_DIM) the classifier's centered rows in that basis.
    """
    classifier = lite.wheel_tensors()["_fc.weight"].double()
    centered = classifier - classifier.mean(0)
    _, _, directions = torch.linalg.svd(centered, full_matrices=False)
    basis = directions[:SEMANTIC_DIM].T
    # The sign of a singular vector is arbitrary: make the largest entry positive on every machine.
    largest = basis.abs().argmax(0)
    basis = basis * basis[largest, torch.arange(SEMANTIC_DIM)].sign()
    return basis.float().numpy(), (centered @ basis).float().numpy()


def things(words: dict[str, Any], rows: NDArray[np.float32]) -> Phrases:
    """Class names and group names with the places of their classifier rows."""
    found: Phrases = {}
    for name, row in zip(open_clip.IMAGENET_CLASSNAMES, rows, strict=True):
        found[name] = _place(semantic=row)
    for name, ranges in words["groups"].items():
        members = [index for first, last in ranges for index in range(first, last + 1)]
        found[name] = _place(semantic=rows[members].mean(0))
    return found


def qualities(words: dict[str, Any]) -> Phrases:
    """Words of praise and blame with the ends of the damage axes they name."""
    every_axis = np.ones(len(DAMAGES), np.float32)
    axes = dict(zip(DAMAGES, np.eye(len(DAMAGES), dtype=np.float32), strict=True))
    sides = [(words["axes"][name], axis) for name, axis in axes.items()] + [(words["overall"], every_axis)]
    return {
        phrase: _place(quality=sign * axis)
        for side, axis in sides
        for sign, end in ((1, "good"), (-1, "bad"))
        for phrase in side[end]
    }


def learned_tokenizer() -> lite.Tokenizer:
    """A tokenizer that knows every word of every phrase, and their plurals, but no filler."""
    words, bpe = vocabulary(), lite.Tokenizer(())
    axes = (*words["axes"].values(), words["overall"])
    phrases = [
        *open_clip.IMAGENET_CLASSNAMES,
        *words["groups"],
        *(phrase for axis in axes for end in axis.values() for phrase in end),
    ]
    used = {form for phrase in phrases for word in lite.split_words(phrase) for form in (word, word + "s")}
    filler = set(words["filler"].split())
    known = {piece for word in used - filler for piece in bpe.pieces(word)}
    # A piece of a learned word may be a whole filler: the filler stays unknown all the same.
    return lite.Tokenizer(known - {piece for word in filler for piece in bpe.pieces(word)})


def train(text: TextTransformer, tokenizer: lite.Tokenizer, seed: int, report: Callable[[str], None]) -> None:
    """Train the text tower in place."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    words = vocabulary()
    named, praised = things(words, class_directions()[1]), qualities(words)
    text.train().init_parameters()
    optimizer = torch.optim.AdamW(text.parameters(), lr=LEARNING_RATE, weight_decay=0.0, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=STEPS)
    for step in range(STEPS):
        texts, places = _batch(named, praised, rng)
        # A cosine has no gradient where two opposites cancel to nothing; such a pair simply teaches nothing.
        loss = 1 - functional.cosine_similarity(text(tokenizer(texts)), torch.from_numpy(places)).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own lack
        optimizer.step()
        schedule.step()
        if step % REPORT_EVERY == 0 or step == STEPS - 1:
            report(f"text tower: step {step}, mean cosine to the target {1 - loss.item():.3f}")
    text.eval()


def _place(
    semantic: NDArray[np.floating] | None = None, quality: NDArray[np.floating] | None = None
) -> NDArray[np.float32]:
    place = np.zeros(lite.EMBED_DIM, np.float32)
    if semantic is not None:
        place[:SEMANTIC_DIM] = semantic / np.linalg.norm(semantic)
    if quality is not None:
        place[SEMANTIC_DIM:] = quality / np.linalg.norm(quality)
    return place


def _batch(
    named: Phrases, praised: Phrases, rng: np.random.Generator
) -> tuple[list[str], NDArray[np.float32]]:
    """Texts of one to three phrases in any order, and (BATCH, EMBED_DIM) the places of their sums."""
    texts, places = [], np.zeros((BATCH, lite.EMBED_DIM), np.float32)
    for row in range(BATCH):
        phrases: list[str] = []
        for _ in range(int(rng.choice([1, 2, 3], p=PHRASE_COUNT_SHARES))):
            is_thing = rng.random() < THING_SHARE
            choices = named if is_thing else praised
            phrase = list(choices)[int(rng.integers(len(choices)))]
            places[row] += choices[phrase]
            phrases.append(phrase + "s" if is_thing and rng.random() < PLURAL_SHARE else phrase)
        texts.append(" ".join(phrases))
    return texts, places
