"""The files of models: named by a manifest, verified each time that they are used.

Nothing here downloads during a job: `thumbs models fetch NAME` does, before any job runs.
"""

from worker.weights.files import (
    CHECKPOINT_SUFFIXES,
    FOLDER,
    SUMS_FILE,
    TOKENIZER_FILE,
    HeadFile,
    WeightsFile,
    fetched_file,
    fetched_stem,
    head_file,
    head_path,
    heads,
    is_fetched,
    manifest,
    path,
    recorded_sha256,
    sha256,
    short_sum,
    sum_file,
    tokenizer_folder,
    tokenizer_path,
)

__all__ = [
    "CHECKPOINT_SUFFIXES",
    "FOLDER",
    "SUMS_FILE",
    "TOKENIZER_FILE",
    "HeadFile",
    "WeightsFile",
    "fetched_file",
    "fetched_stem",
    "head_file",
    "head_path",
    "heads",
    "is_fetched",
    "manifest",
    "path",
    "recorded_sha256",
    "sha256",
    "short_sum",
    "sum_file",
    "tokenizer_folder",
    "tokenizer_path",
]
