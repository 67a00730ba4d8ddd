"""One id for all that is done because of one request, from the webhook to the write; and its spans.

The id is a trace id of W3C Trace Context. Rows keep it, so that the programs that take a row go on with it,
and every log line on the way has it as `trace_id`. Where traces are on (OTEL_EXPORTER_OTLP_ENDPOINT, and the
extra `otel`), the same ids are those of OpenTelemetry's spans. Attributes of spans hold no secret: names,
numbers, and paths without their queries.
"""

from worker.tracing.spans import Stages, follow, note, span, traceparent
from worker.tracing.start import start
from worker.tracing.trace_context import TraceContext

__all__ = ["Stages", "TraceContext", "follow", "note", "span", "start", "traceparent"]
