"""What is done for one request is one trace, told in spans where these are on."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.service import builders, deliveries
from webhook.app import create_app
from worker import publications, tracing
from worker.database.models import Job, Publication
from worker.demo.simulator.faults import InjectedFault
from worker.platforms.event import EventKind
from worker.publishing.publisher import Publisher
from worker.queue.leases import Leases
from worker.settings import environment
from worker.tracing import TraceContext, spans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    from sqlalchemy import Engine

    from tests.support.service.analyzer_rig import AnalyzerRig
    from tests.support.service.commands import Run

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.fixture
def kept() -> Iterator[InMemorySpanExporter]:
    """Keep the spans of this process."""
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - an extra
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: PLC0415 - the same
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import (  # noqa: PLC0415 - the same
        InMemorySpanExporter,
    )

    from worker.tracing.otel import OpenTelemetrySpans  # noqa: PLC0415 - the same

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    spans.keep(OpenTelemetrySpans(provider))
    yield exporter
    spans.keep(None)


def by_name(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    """Return the spans; of several with one name, the last."""
    return {span.name: span for span in exporter.get_finished_spans()}


def ids(span: ReadableSpan) -> tuple[str, str]:
    """Return the trace's id, and that of the span above."""
    assert span.parent is not None
    return f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}"


def write(rig: AnalyzerRig) -> None:
    """Write what is due."""
    settings = rig.analyzer.settings
    times_s = (settings.lease_s, settings.job_timeout_s)
    leases = Leases(rig.engine, publications.renew, *times_s, threading.Event())
    publisher = Publisher(settings, rig.engine, rig.analyzer.platform_of, leases, "host:1:publish")
    publisher.publish(builders.every(rig.engine, Publication)[-1].id)


def test_a_webhook_its_job_and_its_write_are_one_trace(rig: AnalyzerRig, kept: InMemorySpanExporter) -> None:
    """Though other programs do them, later; each stage and each request to the platform is in its place."""
    with tracing.follow("webhook", TRACEPARENT, "server"):
        asset_id = rig.upload()
    rig.work()
    write(rig)

    found = by_name(kept)
    span_ids = {name: f"{span.context.span_id:016x}" for name, span in found.items()}
    assert ids(found["webhook"]) == (TRACE, SPAN)
    assert ids(found["job"]) == (TRACE, span_ids["webhook"])
    assert ids(found["write"])[0] == TRACE
    for stage in ("metadata", "download", "scan"):
        assert ids(found[stage]) == (TRACE, span_ids["job"])
    requests = [span for span in kept.get_finished_spans() if span.name == "platform request"]
    assert {ids(span)[1] for span in requests} >= {span_ids["metadata"], span_ids["write"]}
    assert dict(found["job"].attributes or {}) == {
        "thumbs.platform": "mux",
        "thumbs.account": "main",
        "thumbs.asset": asset_id,
        "thumbs.job_id": 1,
        "thumbs.attempt": 1,
        "thumbs.result": "completed",
        "thumbs.error_class": "",
    }


def test_a_failure_is_named_without_its_words(rig: AnalyzerRig, kept: InMemorySpanExporter) -> None:
    """They may hold addresses, and these tokens; neither does any attribute."""
    rig.mux.faults.plan(InjectedFault(status=500), count=9)
    rig.upload()
    rig.work()

    found = by_name(kept)
    assert found["platform request"].status.description == "PlatformUnavailable"
    assert (found["job"].attributes or {})["thumbs.error_class"] == "PlatformUnavailable"
    token = rig.mux.settings("main")["MUX__MAIN__TOKEN_SECRET"]
    for span in kept.get_finished_spans():
        assert not span.events
        assert token not in span.to_json()
        assert "?" not in span.to_json()


def test_every_log_line_of_a_job_has_the_id_of_its_request(
    rig: AnalyzerRig, caplog: pytest.LogCaptureFixture, thumbs: Run
) -> None:
    """Without any traces; and the command line names it."""
    with tracing.follow("webhook", TRACEPARENT, "server"):
        rig.upload()
    bound: list[str | None] = []
    with caplog.at_level(logging.INFO, "worker"):
        rig.meanwhile.append(lambda: bound.append(tracing.traceparent()))
        rig.work()

    assert bound == [TRACEPARENT]
    assert builders.only(rig.engine, Publication).trace_id == TRACE
    assert TRACE in thumbs("jobs", "--json").stdout
    assert thumbs("show", "1", "--json").stdout.count(TRACE) == 2  # of the job and of the write
    assert TRACE in thumbs("show", "1").stdout


def test_our_own_senders_may_name_the_trace(engine: Engine) -> None:
    """A platform may not, nor somebody who does not show who they are."""
    client = create_app(deliveries.make_settings(), engine).test_client()

    def sent(delivery: deliveries.Delivery) -> str | None:
        told = delivery.with_headers(traceparent=TRACEPARENT)
        client.post(told.path, headers=told.headers, data=told.body)
        jobs = builders.every(engine, Job)
        return jobs[-1].trace_id if jobs else None

    assert sent(deliveries.own().with_body(b"{}")) is None
    assert sent(deliveries.own()) == TRACE
    assert sent(deliveries.mux(asset="b1")) not in {TRACE, None}


def test_a_job_has_the_id_of_its_newest_request(engine: Engine) -> None:
    """Also one that asks for a look only."""
    traces = [TraceContext.new() for _ in range(3)]
    for minute, (trace, kind) in enumerate(
        zip(traces, (EventKind.READY, EventKind.EDITED, EventKind.UPDATED), strict=True)
    ):
        with tracing.follow("webhook", str(trace), "server"):
            builders.record(engine, builders.event(kind, minute=minute))
        assert builders.only(engine, Job).trace_id == trace.trace_id


def test_a_write_keeps_its_id_when_a_later_look_finds_nothing_new(rig: AnalyzerRig) -> None:
    """It was made because of the first request, and its log lines have that id."""
    with tracing.follow("webhook", TRACEPARENT, "server"):
        asset_id = rig.upload()
    rig.work()
    write(rig)

    rig.hear(asset_id, EventKind.UPDATED, minute=1)
    assert rig.work().trace_id != TRACE

    assert builders.only(rig.engine, Publication).trace_id == TRACE


def test_without_the_wish_nothing_of_it_is_loaded() -> None:
    """So the extra may be missing."""
    code = (
        "import sys, webhook.app, worker.publishing.publisher; from worker import tracing; "
        "from worker.settings import Settings; tracing.start(Settings(), 'receiver'); "
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(OTEL_EXPORTER_OTLP_ENDPOINT=""), check=False
    )

    assert done.returncode == 0


def test_a_wish_without_the_extra_is_answered_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And the program works on."""
    monkeypatch.setitem(sys.modules, "worker.tracing.otel", None)

    tracing.start(builders.make_settings(otel_exporter_otlp_endpoint="http://127.0.0.1:9"), "receiver")

    assert "needs the extra [otel]; " in caplog.text
