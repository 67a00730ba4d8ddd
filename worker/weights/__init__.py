"""The files of models' weights: named by a manifest, verified each time that they are used.

Nothing here downloads during a job: `python -m worker.weights fetch NAME` does, before any job runs.
"""

from worker.weights.files import (
    FOLDER,
    WeightsFile,
    fetched_stem,
    is_fetched,
    manifest,
    path,
    recorded_sha256,
    sha256,
    sum_file,
)

__all__ = [
    "FOLDER",
    "WeightsFile",
    "fetched_stem",
    "is_fetched",
    "manifest",
    "path",
    "recorded_sha256",
    "sha256",
    "sum_file",
]
