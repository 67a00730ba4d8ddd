"""Chooses and takes stills again until none of them is flagged as unsafe, or a video has nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from worker.pipeline.frames import Crop, Pick
    from worker.pipeline.media import Video
    from worker.pipeline.progress import Stopwatch
    from worker.pipeline.safety.flags import Choice, Flags


class ChosenStills(NamedTuple):
    """The stills of what was chosen."""

    video: Video  #: that was looked at, with the notes of both files
    file: Video  #: that the stills come from
    picks: tuple[Pick, ...]
    taken: list[int]  #: the index of what each of them is of
    wanted: tuple[Crop, ...]  #: as of `Run`
    wanted_embedding: NDArray[np.float32] | None


def choose_safe(
    flags: Flags,
    choose: Callable[[Mapping[int, str]], Choice],
    show: Callable[[Choice, Callable[[float], None]], ChosenStills],
    watch: Stopwatch,
) -> tuple[Choice, ChosenStills]:
    """Choose, take the stills, and look at both, as often as it is worth.

    Args:
        flags: of the run; says afterwards what is flagged.
        choose: given why candidates may not be picked, by index, chooses among the others.
        show: given what was chosen, and what takes the fraction of it done, takes the stills.
        watch: times the stages.
    """
    while True:
        with watch.stage("pick"):
            choice = flags.choose(choose)
        with watch.stage("stills") as progress:
            shown = show(choice, progress)
            if not flags.look_again(shown.picks, shown.taken):
                return choice, shown
