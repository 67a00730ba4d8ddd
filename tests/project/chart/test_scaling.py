"""What the chart has workers scaled by: rows that are due or at work, as a real database answers."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import yaml
from sqlalchemy import text

from tests.support.backlog import add_jobs
from tests.support.kubernetes.helm import ROOT, Object, render, values_of
from tests.support.kubernetes.programs import named
from worker import metrics
from worker.database import transaction
from worker.database.states import WAITING, Priority

if TYPE_CHECKING:
    from sqlalchemy import Engine


@pytest.fixture(scope="module")
def scaled() -> dict[str, Object]:
    """Return what scales each program, in the large example."""
    return named(render(values_of("large")), "ScaledObject")


@pytest.fixture(scope="module")
def query(scaled: dict[str, Object]) -> str:
    """Return what the database is asked."""
    trigger, _ = scaled["analyze"]["spec"]["triggers"]
    asked: str = trigger["metadata"]["query"]
    return asked


def answer(engine: Engine, query: str) -> int:
    """Ask as the scaler does."""
    with transaction(engine) as session:
        return int(session.execute(text(query)).scalar_one())


def test_rows_that_are_due_or_at_work_are_counted(engine: Engine, query: str) -> None:
    """Not those of the future, nor what is over; else workers would be taken away while they have work."""
    add_jobs(engine, 5, "first")
    add_jobs(engine, 3, "second", priority=Priority.BACKFILL, state="retryable")
    add_jobs(engine, 2, "third", state="running")
    add_jobs(engine, 40, "later", due_in_s=3600.0)
    add_jobs(engine, 40, "over", state="completed")

    assert answer(engine, query) == 10
    assert all(f"'{state.value}'" in query for state in WAITING)
    assert f"priority IN ({', '.join(str(priority.value) for priority in Priority)})" in query


def test_rows_that_wait_for_something_else_than_workers_are_not(engine: Engine, query: str) -> None:
    """More workers would not open an account that is paused or closed."""
    for account in ("open", "paused", "closed", "read_only", "was_closed"):
        add_jobs(engine, 1, account)
    with transaction(engine) as session:
        for account, change in {
            "paused": "paused_at = now()",
            "closed": "closed_until = now() + interval '1 min'",
            "read_only": "closed_until = now() + interval '1 min', only_writes_fail = true",
            "was_closed": "closed_until = now() - interval '1 s'",
        }.items():
            session.execute(text(f"UPDATE accounts SET {change} WHERE account = '{account}'"))  # noqa: S608

    assert answer(engine, query) == 3


def test_a_backlog_of_any_size_is_counted_up_to_a_bound(engine: Engine, query: str) -> None:
    """By indexes, among many jobs that are over: the scaler asks every half minute."""
    add_jobs(engine, 5_000, "over", state="completed")
    add_jobs(engine, 40_000, "main")
    add_jobs(engine, 100, "busy", state="running")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE jobs"))
        plan = connection.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}")).scalar_one()

    assert answer(engine, query) == 5_000 + 100
    scans = [node for node in nodes(plan[0]["Plan"]) if node.get("Relation Name") == "jobs"]
    assert {scan["Index Name"] for scan in scans} <= {
        "ix_jobs_account_due",
        "uq_jobs_running",
        "ix_jobs_state",
    }
    assert sum(scan["Actual Rows"] * scan["Actual Loops"] for scan in scans) <= 5_200


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a plan's nodes."""
    return [plan, *(node for below in plan.get("Plans", []) for node in nodes(below))]


def test_the_scaler_needs_no_more_rights_than_the_page_gives(
    engine: Engine, database_url: str, query: str
) -> None:
    """It sees a few columns, and no video, no secret and no address."""
    page = (ROOT / "docs" / "kubernetes.md").read_text()
    (statements,) = re.findall(
        r"^```sql\n(CREATE ROLE thumbs_scaler.*?)^```$", page, re.MULTILINE | re.DOTALL
    )
    statements = statements.replace("DATABASE thumbs", f"DATABASE {engine.url.database}")
    add_jobs(engine, 2)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(statements)
        try:
            connection.execute("SET ROLE thumbs_scaler")
            assert connection.execute(query.encode()).fetchone() == (2,)
            for forbidden in ("SELECT edit FROM jobs", "SELECT * FROM assets", "DELETE FROM jobs"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(forbidden)
        finally:
            connection.execute("RESET ROLE")
            connection.execute("DROP OWNED BY thumbs_scaler")
            connection.execute("DROP ROLE thumbs_scaler")


def test_the_lag_is_that_of_the_metric_and_of_no_account_that_is_held(scaled: dict[str, Object]) -> None:
    """The largest of all dispatchers', not their sum; as the alert leaves out accounts whose work waits."""
    _, trigger = scaled["analyze"]["spec"]["triggers"]
    asked = trigger["metadata"]["query"]
    alerts = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text())
    (alert,) = [
        rule
        for group in alerts["groups"]
        for rule in group["rules"]
        if rule.get("alert") == "ThumbsWorkWaits"
    ]

    names = set(re.findall(r"thumbs_\w+", asked))
    assert names == set(re.findall(r"thumbs_\w+", alert["expr"]))
    for gauge in (metrics.QUEUE_LAG_SECONDS, metrics.ACCOUNT_HELD, metrics.ACCOUNT_REFUSED):
        assert gauge._name in names  # noqa: SLF001 - it has no other way to tell
    assert asked.startswith("max(")
    assert "sum" not in asked


def test_scaling_by_rows_is_off_unless_it_is_asked_for() -> None:
    """Pods are as many as the values say then; where something scales them, the chart does not say."""
    usual, large = render({}), render(values_of("large"))

    assert not {found["kind"] for found in usual} & {"ScaledObject", "TriggerAuthentication"}
    assert all("replicas" in found["spec"] for found in named(usual, "Deployment").values())
    free = {name for name, found in named(large, "Deployment").items() if "replicas" not in found["spec"]}
    assert free == named(large, "ScaledObject").keys() | named(large, "HorizontalPodAutoscaler").keys()
    assert free == {"receiver", "analyze", "analyze-gpu"}


@pytest.mark.parametrize(("given", "rows"), [({}, "10"), ({"ANALYZE_CONCURRENCY": 7}, "35")])
def test_a_pod_is_to_have_five_times_the_rows_that_it_takes_at_once(given: dict[str, int], rows: str) -> None:
    """Unless the values say another number."""
    keda = {"enabled": True, "databaseSecret": {"name": "thumbs-scaler"}}

    def wanted(**scaling: int) -> str:
        programs = {"analyze": {"settings": given, "scaling": scaling}}
        found = named(render({"keda": keda, "programs": programs}), "ScaledObject")["analyze"]
        value: str = found["spec"]["triggers"][0]["metadata"]["targetQueryValue"]
        return value

    assert wanted() == rows
    assert wanted(rowsPerPod=4) == "4"


@pytest.mark.parametrize("name", ["analyze", "analyze-gpu"])
def test_a_scaled_program_is_written_as_keda_documents(name: str, scaled: dict[str, Object]) -> None:
    """Its fields and their types, as https://keda.sh/docs/latest/reference/scaledobject-spec lists them."""
    spec = scaled[name]["spec"]
    authentication = named(render(values_of("large")), "TriggerAuthentication")["scaler"]

    assert (scaled[name]["apiVersion"], spec["scaleTargetRef"]) == (
        "keda.sh/v1alpha1",
        {"name": f"thumbs-{name}"},
    )
    assert spec.keys() == {
        *("scaleTargetRef", "pollingInterval", "cooldownPeriod", "minReplicaCount", "maxReplicaCount"),
        *("fallback", "advanced", "triggers"),
    }
    assert spec["minReplicaCount"] >= 1  # a worker takes long to start: the model is loaded
    # A scaler whose password has run out would else end nearly all pods of a large fleet.
    assert spec["fallback"]["behavior"] == "currentReplicasIfHigher"
    assert spec["fallback"].keys() == {"failureThreshold", "replicas", "behavior"}
    rows, lag = spec["triggers"]
    assert (rows["type"], rows["metadata"].keys()) == ("postgresql", {"query", "targetQueryValue"})
    assert (lag["type"], lag["metadata"].keys()) == ("prometheus", {"serverAddress", "query", "threshold"})
    # The fallback counts for this kind of metric, and pollingInterval for what is cached.
    assert rows["metricType"] == lag["metricType"] == "AverageValue"
    assert rows["useCachedMetrics"] is lag["useCachedMetrics"] is True
    assert all(isinstance(value, str) for trigger in (rows, lag) for value in trigger["metadata"].values())
    assert rows["authenticationRef"] == {"name": authentication["metadata"]["name"]}
    assert json.loads(json.dumps(authentication["spec"])) == {
        "secretTargetRef": [{"parameter": "connection", "name": "thumbs-scaler", "key": "database_url"}]
    }
