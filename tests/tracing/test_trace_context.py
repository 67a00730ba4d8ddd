"""The header that names a trace is read as its specification says, and nothing else is believed."""

from __future__ import annotations

import pytest

from worker import tracing
from worker.tracing import TraceContext

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "header",
    [
        f"00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-00",
        f"cc-{TRACE}-{SPAN}-01-what-a-later-version-adds",
    ],
)
def test_a_trace_is_read(header: str) -> None:
    """With the id of the span above, and whether it is kept."""
    read = TraceContext.parse(header)

    assert read is not None
    assert (read.trace_id, read.span_id, read.flags) == (TRACE, SPAN, header.split("-")[3])
    assert TraceContext.parse(str(read)) == read


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "nonsense",
        f"00-{TRACE}-{SPAN}",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00-{TRACE}-{SPAN}-01-\x1b[2J",
        f"00-{TRACE}-{SPAN}-01-{'a' * 100_000}",
    ],
)
def test_what_is_no_trace_begins_a_new_one(header: str | None) -> None:
    """So every request has an id."""
    with tracing.follow("webhook", header, "server"):
        begun = TraceContext.parse(tracing.traceparent())

    assert TraceContext.parse(header) is None
    assert begun is not None
    assert begun.trace_id != TRACE


def test_traces_do_not_mix() -> None:
    """What follows another trace inside returns to the first afterwards."""
    first, second = (str(TraceContext.new()) for _ in range(2))
    with tracing.follow("job", first, "consumer"):
        with tracing.follow("write", second, "consumer"):
            assert tracing.traceparent() == second
        assert tracing.traceparent() == first
    assert tracing.traceparent() not in {first, second}
