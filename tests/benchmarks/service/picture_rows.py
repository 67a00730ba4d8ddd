"""`python -m tests.benchmarks.service.picture_rows VIDEO`: what a run's rows take in either home.

A real run of the pipeline on the video is stored in a real PostgreSQL, measured, moved into a bucket (moto's
server), and measured again.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from tests.support.platforms.picture_shelf import shelf
from tests.support.service.analyzer_rig import ready_analyzer_rig
from worker.analysis.decoder_pool import Decoders
from worker.database import make_engine, migrate
from worker.pipeline.scoring.models import Models
from worker.standalone.servers import start_postgres
from worker.storage.moving import move_to_bucket

if TYPE_CHECKING:
    from sqlalchemy import Engine

TABLES = ("candidates", "thumbnails")


def measure(engine: Engine) -> dict[str, tuple[int, int, int]]:
    """Count each table's rows, the bytes of their values, and those of the table with its indexes."""
    found = {}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in TABLES:
            connection.execute(text(f"VACUUM FULL {table}"))
            rows = text(
                f"SELECT count(*), coalesce(sum(pg_column_size({table}.*)), 0),"  # noqa: S608 - names of ours
                f" pg_total_relation_size('{table}') FROM {table}"
            )
            number, values, whole = connection.execute(rows).one()
            found[table] = (number, int(values), whole)
    return found


def main(video: Path) -> None:
    """Print what was measured."""
    with tempfile.TemporaryDirectory(prefix="thumbs-") as folder, shelf() as bucket, Decoders(1) as decoders:
        server = start_postgres(Path(folder) / "postgres")
        engine = make_engine(server.url)
        try:
            migrate.upgrade(engine)
            models = Models.load(device="cpu")
            with ready_analyzer_rig(engine, models, decoders, Path(folder) / "work") as rig:
                rig.upload(video)
                job = rig.work()
                print(f"{video.name}: {job.state}")
                before = measure(engine)
                move_to_bucket(engine, bucket.bucket(), 1)
                after = measure(engine)
        finally:
            engine.dispose()
            server.close()
        stored = bucket.keys()
        sizes = {key: len(bucket.content(key)) for key in stored}
    for table in TABLES:
        number, values, whole = before[table]
        print(f"{table}: {number} rows, {values:,} bytes ({whole:,} with indexes) in rows;", end=" ")
        print(f"{after[table][1]:,} ({after[table][2]:,}) with a bucket")
    frames = [size for key, size in sizes.items() if key.startswith("candidates/")]
    stills = [size for key, size in sizes.items() if key.startswith("thumbnails/")]
    print(f"bucket: frames {sum(frames):,} bytes in {len(frames)} object,", end=" ")
    print(f"thumbnails {sum(stills):,} bytes in {len(stills)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
