"""A look that the platform refuses: the account's matter, or this video's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.account_rows import account_of, let_it_open
from worker.demo.simulator import InjectedFault

if TYPE_CHECKING:
    from tests.support.service.analyzer_rig import AnalyzerRig


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_lets_the_job_wait_and_go_on_by_itself(rig: AnalyzerRig, status: int) -> None:
    """No attempt is lost, and the first answer opens the account."""
    rig.mux.faults.plan(InjectedFault(status=status), count=2)
    rig.upload()

    refused = rig.work()
    while_closed = rig.work()
    let_it_open(rig.engine)
    done = rig.work()

    assert (refused.state, refused.error_class) == ("retryable", "CredentialsRefused")
    assert (while_closed.state, while_closed.attempt) == ("retryable", 0)
    assert (done.state, done.attempt) == ("completed", 1)
    assert account_of(rig.engine).refused_at is None


def test_a_video_that_is_forbidden_leaves_the_account_open(rig: AnalyzerRig) -> None:
    """It waits like any whose platform fails, and another one is looked at."""
    rig.mux.faults.plan(InjectedFault(status=403))
    rig.upload()

    refused = rig.work()
    done = rig.work()

    assert (refused.state, refused.attempt, refused.error_class) == ("retryable", 0, "RequestForbidden")
    assert (done.state, done.attempt) == ("completed", 1)
