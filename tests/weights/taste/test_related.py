"""Related videos are never on both sides of a split."""

from __future__ import annotations

import pytest

from worker.errors import JudgedSetInvalid
from worker.weights.training.taste.judged_set import JudgedVideo
from worker.weights.training.taste.related import folds, related_groups


def video(name: str, repository: str = "", group: str = "") -> JudgedVideo:
    """Make a video of which only its relatives matter."""
    return JudgedVideo(name, (), 1.0, repository=repository, group=group)


def names_of(videos: list[JudgedVideo], groups: list[list[int]]) -> list[set[str]]:
    """Name the members of groups."""
    return [{videos[index].name for index in group} for group in groups]


def test_videos_of_one_repository_are_related() -> None:
    """Often they are pieces of one film."""
    videos = [video("sea", "a/b"), video("sky", "c/d"), video("sun", "a/b")]

    assert names_of(videos, related_groups(videos)) == [{"sea", "sun"}, {"sky"}]


def test_names_that_differ_only_in_digits_are_related() -> None:
    """Trailer 1 and trailer 2; but numbers alone are no name to share."""
    videos = [video("trailer1"), video("trailer12"), video("7"), video("8")]

    assert names_of(videos, related_groups(videos)) == [{"trailer1", "trailer12"}, {"7"}, {"8"}]


def test_relatives_of_relatives_are_related() -> None:
    """By repository to one, by name to another, and by word of the caller to a third."""
    videos = [video("clip1", "a/b"), video("sea", "a/b"), video("clip2"), video("sky"), video("sun")]

    groups = related_groups(videos, [("sky", "clip2")])

    assert names_of(videos, groups) == [{"clip1", "sea", "clip2", "sky"}, {"sun"}]


def test_a_named_group_is_all_that_counts() -> None:
    """So a set whose videos are numbered, or lie in one repository, can still be divided."""
    videos = [video("video1", "a/b", "x"), video("video2", "a/b", "y"), video("video3", "a/b", "x")]

    assert names_of(videos, related_groups(videos)) == [{"video1", "video3"}, {"video2"}]


def test_a_misspelt_relative_is_refused() -> None:
    """Or it would be on both sides of a split."""
    with pytest.raises(JudgedSetInvalid, match="--together names see, which the set does not have"):
        related_groups([video("sea"), video("sky")], [("sea", "see")])


def test_no_group_is_divided_and_folds_are_about_alike() -> None:
    """Every video is in exactly one fold."""
    videos = [video(f"{letter}{number}") for letter in "abcdefghij" for number in range(1 + ord(letter) % 3)]
    groups = related_groups(videos)

    dealt = folds(groups, 4, seed=3)

    assert sorted(index for fold in dealt for index in fold) == list(range(len(videos)))
    assert all(any(set(group) <= set(fold) for fold in dealt) for group in groups)
    assert max(map(len, dealt)) - min(map(len, dealt)) <= 2


def test_another_seed_deals_otherwise() -> None:
    """And the same seed deals the same."""
    groups = [[index] for index in range(20)]

    assert folds(groups, 4, seed=0) == folds(groups, 4, seed=0)
    assert folds(groups, 4, seed=0) != folds(groups, 4, seed=1)


def test_too_few_groups_are_refused_with_what_helps() -> None:
    """Here all videos lie in one repository."""
    groups = related_groups([video("sea", "a/b"), video("sky", "a/b"), video("sun", "a/b")])

    with pytest.raises(JudgedSetInvalid, match=r"2 folds need 2 groups .* has 1; .* give a column `group`"):
        folds(groups, 2, seed=0)
