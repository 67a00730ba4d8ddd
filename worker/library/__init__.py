"""The picker for other Python programs: what is listed here keeps its name and meaning (docs/python.md).

All other modules of `worker` may change in any version.
"""

from worker.errors import (
    ConfigurationError,
    PermanentError,
    ThumbsError,
    TransientError,
    UnreadableVideo,
    VideoTooLarge,
)
from worker.installation import extras

with extras.explained():
    extras.require("worker.library", "worker")
    from worker.library.picker import Picker
    from worker.library.results import Pick, Picks, Picture

__all__ = [
    "ConfigurationError",
    "PermanentError",
    "Pick",
    "Picker",
    "Picks",
    "Picture",
    "ThumbsError",
    "TransientError",
    "UnreadableVideo",
    "VideoTooLarge",
]
