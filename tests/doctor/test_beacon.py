"""`thumbs doctor` says where tests of pictures wait for viewers whose browsers reach nothing."""

from __future__ import annotations

import threading
from http.server import HTTPServer
from typing import TYPE_CHECKING

from tests.support.service import builders
from tests.support.service.quick_programs import ReadyReceiver
from tests.support.trials.counted_trials import end_test, running_test
from worker.doctor.beacon import check_beacon
from worker.standalone.servers import free_port

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from worker.doctor.finding import Finding


def findings(engine: Engine, **values: str) -> list[Finding]:
    """Look at the beacon."""
    address = engine.url.render_as_string(hide_password=False)
    return list(check_beacon(builders.make_settings(database_url=address, **values)))


def test_nothing_is_said_where_no_test_runs(engine: Engine) -> None:
    """Whoever tests nothing needs no beacon."""
    end_test(engine, running_test(engine))

    assert findings(engine) == []


def test_a_beacon_that_does_not_answer_is_told(engine: Engine) -> None:
    """With what to do."""
    running_test(engine)
    url = f"http://127.0.0.1:{free_port()}"

    (found,) = findings(engine, beacon_url=url)

    assert (found.what, found.state) == ("beacon", "warning")
    assert found.says == f"1 test runs, and nothing answers at {url}: no viewer is shown another picture"
    assert "run `thumbs beacon`" in found.remedy


def test_a_beacon_that_only_this_machine_reaches_is_told(engine: Engine) -> None:
    """It works here, and viewers are elsewhere."""
    running_test(engine)
    with HTTPServer(("127.0.0.1", 0), ReadyReceiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        (found,) = findings(engine, beacon_url=url)
        server.shutdown()

    assert found.state == "warning"
    assert found.says == f"1 test runs, and only browsers on this machine reach {url}"
