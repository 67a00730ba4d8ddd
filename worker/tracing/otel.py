"""Spans by OpenTelemetry. The only module that imports it, and imported only where traces are on."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from worker.tracing.trace_context import TraceContext

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.context import Context

    from worker.tracing.spans import Attribute, SpanKind

# A collector that is away must not hold up the end of a program, which sends what is left.
TIMEOUT_S = 3.0


class OpenTelemetrySpans:
    """Keeps spans with a provider; see `SpanKeeper`."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("thumbs")

    @contextmanager
    def open_span(
        self, name: str, kind: SpanKind, above: TraceContext | None, attributes: dict[str, Attribute]
    ) -> Iterator[TraceContext]:
        """Open a span; an error that leaves it is named, without its words, which may hold secrets."""
        with self._tracer.start_as_current_span(
            name,
            context=_below(above) if above else None,
            kind=trace.SpanKind[kind.upper()],
            attributes={f"thumbs.{key}": value for key, value in attributes.items()},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            own = span.get_span_context()
            try:
                yield TraceContext(f"{own.trace_id:032x}", f"{own.span_id:016x}", f"{own.trace_flags:02x}")
            except Exception as exc:
                span.set_status(trace.StatusCode.ERROR, type(exc).__name__)
                raise

    def note(self, attributes: dict[str, Attribute]) -> None:
        """Add attributes to the span that is open in this thread."""
        trace.get_current_span().set_attributes({f"thumbs.{key}": value for key, value in attributes.items()})


def _below(above: TraceContext) -> Context:
    flags = trace.TraceFlags(int(above.flags, 16))
    place = trace.SpanContext(
        int(above.trace_id, 16), int(above.span_id, 16), is_remote=True, trace_flags=flags
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(place))


def exporting(service: str) -> OpenTelemetrySpans:
    """Send spans by OTLP over HTTP; where, and with which headers, the variables of OpenTelemetry say.

    Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/

    Args:
        service: what the program is called in the traces.
    """
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=TIMEOUT_S)))
    return OpenTelemetrySpans(provider)
