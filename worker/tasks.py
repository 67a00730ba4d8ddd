"""The Celery tasks. They hand a hint over, and decide nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.logs import about

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery import Celery

    from worker.app import Kind


def serve(app: Celery, kind: Kind, work: Callable[[int], object]) -> None:
    """Let this process do `work` on every row that a hint of this kind names."""

    @app.task(name=kind.task)  # type: ignore[untyped-decorator] # Celery's
    def look(row_id: int, hint_no: int) -> None:
        with about(**{f"{kind.value}_id": row_id, "hint_no": hint_no}):
            work(row_id)
