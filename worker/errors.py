"""Everything that can go wrong, and whether trying again could help.

ThumbsError
├── TransientError              try again, with back-off
│   ├── DecoderCrashed          the decode process died
│   ├── DecodeTimedOut          the decode process took too long and was stopped
│   └── OutOfMemory             the model did not fit, even one picture at a time
├── PermanentError              the same input fails again
│   ├── UnreadableVideo         not a video, damaged, encrypted, or empty
│   └── VideoTooLarge           beyond the limits on duration, pixels or streams
└── ConfigurationError          the operator must act; never retried
    ├── UnknownModel            no such model, or a damaged checkpoint
    ├── WeightsMissing          the model's file is not in place
    └── PromptsInvalid          the prompts file cannot be used
"""

from __future__ import annotations


class ThumbsError(Exception):
    """Base of every error of this product."""


class TransientError(ThumbsError):
    """Trying again may help."""


class DecoderCrashed(TransientError):
    """The decode process died."""


class DecodeTimedOut(TransientError):
    """The decode process took too long and was stopped."""


class OutOfMemory(TransientError):
    """The model did not fit into memory, even one picture at a time."""


class PermanentError(ThumbsError):
    """The same input fails again; change the input."""


class UnreadableVideo(PermanentError):
    """The file is not a video, or is damaged, encrypted or empty."""


class VideoTooLarge(PermanentError):
    """The video is beyond the limits on duration, pixels or streams."""


class ConfigurationError(ThumbsError):
    """The operator must act."""


class UnknownModel(ConfigurationError):
    """No such model, or a damaged checkpoint."""


class WeightsMissing(ConfigurationError):
    """The file with a model's weights is not in place."""


class PromptsInvalid(ConfigurationError):
    """The prompts file cannot be used."""
