"""Keeps related videos on one side of a split, so that none is judged by what was learned from its kin."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from worker.errors import JudgedSetInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from worker.weights.training.taste.judged_set import JudgedVideo

DIGITS = re.compile(r"\d+")

Indices = list[int]
"""Places of videos in the set, from 0, ascending."""


def related_groups(videos: Sequence[JudgedVideo], together: Iterable[Sequence[str]] = ()) -> list[Indices]:
    """Divide videos into groups of which none is related to another.

    A video that names its group is related to that group only. Others are related where they share a
    repository, or where their names differ only in digits.

    Args:
        videos: of a set.
        together: names of videos that are related for a reason that the set does not tell.

    Raises:
        JudgedSetInvalid: a name is none of the set.
    """
    sharing: dict[tuple[str, str], Indices] = defaultdict(list)
    for index, video in enumerate(videos):
        for key in _keys(video):
            sharing[key].append(index)
    index_of = {video.name: index for index, video in enumerate(videos)}
    joined = [list(names) for names in together]
    unknown = [name for names in joined for name in names if name not in index_of]
    if unknown:
        raise JudgedSetInvalid(f"--together names {', '.join(unknown)}, which the set does not have")
    links = [*sharing.values(), *([index_of[name] for name in names] for names in joined)]
    return _merged(len(videos), links)


def folds(groups: Sequence[Indices], count: int, seed: int) -> list[Indices]:
    """Deal groups to folds of about the same number of videos.

    Args:
        groups: as `related_groups` returns them.
        count: of folds, at least two.
        seed: of the order in which groups are dealt.

    Raises:
        JudgedSetInvalid: there are fewer groups than folds.
    """
    if len(groups) < count:
        raise JudgedSetInvalid(
            f"{count} folds need {count} groups of unrelated videos, and the set has {len(groups)}; judge "
            "more videos, ask for fewer --folds, or give a column `group` (videos of one repository count as "
            "related, of your own videos those of one folder, and names that differ only in digits)"
        )
    order = np.random.default_rng(seed).permutation(len(groups))
    dealt: list[Indices] = [[] for _ in range(count)]
    # The largest first, so that the small ones can make up for it.
    for place in sorted(order.tolist(), key=lambda one: -len(groups[one])):
        min(dealt, key=len).extend(groups[place])
    return [sorted(fold) for fold in dealt]


def _keys(video: JudgedVideo) -> list[tuple[str, str]]:
    if video.group:
        return [("group", video.group)]
    keys = [("repository", video.repository)] if video.repository else []
    stem = DIGITS.sub("", video.name)
    return [*keys, ("name", stem)] if stem else keys


def _merged(count: int, links: Iterable[Indices]) -> list[Indices]:
    """Join what is linked, also through others."""
    group_of = list(range(count))
    for linked in links:
        wanted = {group_of[index] for index in linked}
        group_of = [min(wanted) if group in wanted else group for group in group_of]
    groups: dict[int, Indices] = defaultdict(list)
    for index, group in enumerate(group_of):
        groups[group].append(index)
    return list(groups.values())
