"""The command `thumbs doctor`."""

from __future__ import annotations

import click

from worker.operate_commands import answer, json_option


@click.command()
@json_option
def doctor(*, as_json: bool) -> None:
    """Look at everything that the service needs, and say what to do about what is not right.

    Exit code 1 where something failed; warnings do not count.
    """
    from worker.doctor import examine  # noqa: PLC0415  heavy
    from worker.doctor.finding import document, line, summary  # noqa: PLC0415  heavy

    findings = []
    for finding in examine():
        findings.append(finding)
        if not as_json:
            answer(as_json, {}, [line(finding)])  # each at once: some take seconds
    found = document(findings)
    answer(as_json, found, [summary(findings)])
    raise SystemExit(found["failed"])
