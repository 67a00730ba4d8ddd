"""How embeddings are stored: in half the bytes, beside those of versions that took four for each number."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from worker.pictures import embeddings

SIZES = (1, 2, 3, 255, 256, 768, 1152)


def drawn(dimensions: int) -> np.ndarray:
    """Draw a vector of length 1, float32."""
    vector = np.random.default_rng(dimensions).normal(size=dimensions)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


@pytest.mark.parametrize("dimensions", SIZES)
def test_a_vector_comes_back_with_eleven_bits_of_each_number(dimensions: int) -> None:
    """As numpy rounds to half precision; in half the bytes and four, or six where their count is odd."""
    vector = drawn(dimensions)

    stored = embeddings.pack(vector.tolist())

    assert np.array_equal(embeddings.unpack(stored), vector.astype(np.float16).astype(np.float32))
    assert len(stored) == 4 + 2 * dimensions + 2 * (dimensions % 2)
    assert embeddings.count_dimensions(stored[: embeddings.HEAD_BYTES], len(stored)) == dimensions


@pytest.mark.parametrize("dimensions", SIZES)
def test_a_vector_of_a_version_before_is_read_as_it_was_stored(dimensions: int) -> None:
    """Four bytes for each number, whatever the numbers are."""
    vector = drawn(dimensions)
    stored = vector.astype("<f4").tobytes()

    assert np.array_equal(embeddings.unpack(stored), vector)
    assert embeddings.count_dimensions(stored[: embeddings.HEAD_BYTES], len(stored)) == dimensions


@pytest.mark.parametrize("dimensions", SIZES)
def test_a_version_before_finds_no_number_in_a_new_vector(dimensions: int) -> None:
    """It reads whole numbers of four bytes, of which the first is none: then it looks at the video anew."""
    read = np.frombuffer(embeddings.pack(drawn(dimensions).tolist()), "<f4")

    assert np.isnan(read[0])


@pytest.mark.parametrize("stored", [b"\0" * 5, b"\0" * 3, embeddings.pack([0.5] * 8)[:-2]])
def test_what_is_cut_off_is_refused(stored: bytes) -> None:
    """In either precision."""
    with pytest.raises(ValueError, match="cut off"):
        embeddings.unpack(stored)


def test_nothing_is_read_as_a_vector_without_numbers() -> None:
    """An empty column is no damage that this tells."""
    assert list(embeddings.unpack(b"")) == []


def test_distances_between_frames_stay_as_they_were_measured() -> None:
    """Within a ten thousandth, where coding alone moves an embedding by three thousandths."""
    vectors = [drawn(256 + one)[:256] for one in range(20)]
    halves = [np.array(embeddings.unpack(embeddings.pack(vector.tolist()))) for vector in vectors]

    for (one, other), (half, another) in zip(pairwise(vectors), pairwise(halves), strict=True):
        assert half @ another == pytest.approx(one @ other, abs=1e-4)
