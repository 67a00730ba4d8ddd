"""The table of what may have to be removed from the bucket."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads the annotations when the program runs

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from worker.database.base import NOW, Base


class BucketRemoval(Base):
    """An object of the bucket that is removed when its time has come, unless a row shows it by then.

    Whoever is to put an object there notes it here first, in a transaction of its own, and takes the note
    back in the transaction that stores the rows which show it. So what was put there for rows that were never
    stored does not stay.
    """

    __tablename__ = "bucket_removals"
    __table_args__ = (Index(None, "due_at"),)

    key: Mapped[str] = mapped_column(primary_key=True)  #: without the prefix of BUCKET_URL
    due_at: Mapped[datetime] = mapped_column(server_default=NOW)
