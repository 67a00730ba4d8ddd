"""Turns traces on where the operator wants them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from worker.installation import extras
from worker.tracing import spans

if TYPE_CHECKING:
    from worker.settings import Settings

log = logging.getLogger(__name__)


def start(settings: Settings, program: str) -> None:
    """Send the spans of this process to OTEL_EXPORTER_OTLP_ENDPOINT, if that is set. After any fork.

    Args:
        settings: say where to.
        program: which of ours this is; the traces call it thumbs-PROGRAM.
    """
    if settings.otel_exporter_otlp_endpoint is None:
        return
    try:
        # Its libraries are an extra, which may not be there.
        from worker.tracing.otel import exporting  # noqa: PLC0415
    except ImportError:
        log.warning(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but no traces are sent: that needs the extra [otel]; %s",
            extras.remedy("otel"),
        )
        return
    spans.keep(exporting(f"thumbs-{program}"))
