"""What is done for whom: the trace that is followed, and its spans where they are kept."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal, Protocol, Self

from structlog.contextvars import bound_contextvars

from worker.tracing.trace_context import TraceContext

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

SpanKind = Literal["server", "consumer", "client", "internal"]
Attribute = str | int

_followed: ContextVar[TraceContext | None] = ContextVar("followed", default=None)


class SpanKeeper(Protocol):
    """What keeps spans; `worker.tracing.otel` has the only one."""

    def open_span(
        self, name: str, kind: SpanKind, above: TraceContext | None, attributes: dict[str, Attribute]
    ) -> AbstractContextManager[TraceContext]:
        """Open a span below another one; below the one that is open in this thread where none is given."""

    def note(self, attributes: dict[str, Attribute]) -> None:
        """Add attributes to the span that is open in this thread."""


_keepers: list[SpanKeeper] = []  # one, or none where traces are off


def keep(keeper: SpanKeeper | None) -> None:
    """Have the spans of this process kept from now on; None: not any more."""
    _keepers[:] = [keeper] if keeper else []


@contextmanager
def follow(name: str, traceparent: str | None, kind: SpanKind, **attributes: Attribute) -> Iterator[None]:
    """Go on with the trace of whoever asked, or begin one; log lines inside have its id.

    Args:
        name: of the span that lasts as long as the `with` block.
        traceparent: what the request, or the row, says; None, or nonsense: a new trace begins.
        kind: a server answers a request, a consumer takes a row.
        **attributes: of the span.
    """
    above = TraceContext.parse(traceparent)
    with ExitStack() as stack:
        if _keepers:
            own = stack.enter_context(_keepers[0].open_span(name, kind, above, attributes))
        else:
            own = above or TraceContext.new()
        mark = _followed.set(own)
        stack.callback(_followed.reset, mark)
        stack.enter_context(bound_contextvars(trace_id=own.trace_id))
        yield


def span(name: str, kind: SpanKind = "internal", **attributes: Attribute) -> AbstractContextManager[object]:
    """Open a span below the one that is open; nothing where traces are off."""
    return _keepers[0].open_span(name, kind, None, attributes) if _keepers else nullcontext()


def note(**attributes: Attribute) -> None:
    """Add attributes to the span that is open; nothing where traces are off."""
    for keeper in _keepers:
        keeper.note(attributes)


def traceparent() -> str:
    """Write the trace that is followed, for a row or a header; begin one where none is."""
    return str(_followed.get() or TraceContext.new())


class Stages:
    """Spans of work that goes from stage to stage, each until the next begins; closed as a `with` block."""

    def __init__(self) -> None:
        self._open = ExitStack()

    def begin(self, name: str) -> None:
        """End the stage before, and begin one."""
        self._open.close()
        self._open.enter_context(span(name))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the last stage, with the error that ended the work."""
        self._open.__exit__(kind, error, traceback)
