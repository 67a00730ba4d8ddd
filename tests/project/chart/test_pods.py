"""The chart gives each program what it needs, and no more: as docker-compose.yml does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.compose.processes import COMPOSE, PROGRAMS, SERVICES, dockerfile_of
from tests.support.compose.processes import variables as compose_variables
from tests.support.kubernetes.helm import ALL_EXAMPLES, Object, render, values_of
from tests.support.kubernetes.programs import COMPOSE_NAMES, named, pods, secret_of, variables
from worker.settings import Settings

each_example = pytest.mark.parametrize("example", ALL_EXAMPLES)
each_program = pytest.mark.parametrize("name", COMPOSE_NAMES)

# Addresses of our own, by which each kind of place is found again in the rules.
PLACES = {"database": "10.9.0.1/32", "broker": "10.9.0.2/32", "bucket": "10.9.0.3/32"}
PROXY, PROMETHEUS = ({"podSelector": {"matchLabels": {"is": name}}} for name in ("proxy", "prometheus"))

ALL_PROGRAMS: Object = {"programs": {"analyze-gpu": {"enabled": True}}}
WITH_PLACES: Object = {
    **ALL_PROGRAMS,
    "networkPolicies": {
        **{place: {"to": [{"ipBlock": {"cidr": cidr}}]} for place, cidr in PLACES.items()},
        "callers": {"from": [PROXY]},
        "metrics": {"from": [PROMETHEUS]},
    },
}


@each_example
def test_no_pod_can_do_more_than_it_must(example: str) -> None:
    """No root, no files to write but in named places, no capabilities, no token of the cluster."""
    for pod in pods(render(values_of(example))).values():
        context = pod["securityContext"]
        assert (context["runAsNonRoot"], context["runAsUser"], context["runAsGroup"]) == (True, 10001, 10001)
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        (container,) = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert all("hostPath" not in volume for volume in pod["volumes"])
        assert all(v["emptyDir"]["sizeLimit"] for v in pod["volumes"] if "emptyDir" in v)
        assert container["resources"]["limits"].keys() >= {"cpu", "memory"}


@each_program
def test_a_program_runs_as_in_the_compose_file(name: str) -> None:
    """The same command, by the same user, with the same settings but for the folder of its secrets."""
    objects = render(ALL_PROGRAMS)
    pod, service = pods(objects)[name], PROGRAMS[COMPOSE_NAMES[name]]
    theirs = compose_variables(service, {})
    ours = variables(objects, pod)

    assert pod["containers"][0]["command"] == service["command"]
    assert f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}" == service["user"]
    assert ours.pop("SECRETS_DIR") == secret_of(pod)[1]
    assert theirs.pop("SECRETS_DIR") == "/run/secrets"
    theirs.pop("MODEL", None)  # the image has it
    if "METRICS_PORT" not in theirs:  # nothing is shown, wherever that would be
        theirs.pop("METRICS_HOST")
    if name == "analyze-gpu":
        assert ours.pop("DEVICE") == "cuda"
        ours.pop("ANALYZE_CONCURRENCY")
    assert ours == theirs
    assert {variable.lower() for variable in ours} <= set(Settings.model_fields)


def test_each_program_sees_its_own_secrets_only() -> None:
    """With a GPU or without, the analyzer is one program."""
    found = {name: secret_of(pod)[0] for name, pod in pods(render(ALL_PROGRAMS)).items()}

    assert found.pop("analyze-gpu") == found["analyze"]
    assert found == {name: f"thumbs-{name}" for name in COMPOSE_NAMES.keys() - {"analyze-gpu"}}
    changed = {"programs": {"analyze": {"secret": "vault-analyze"}}}
    assert secret_of(pods(render(changed))["analyze"])[0] == "vault-analyze"


def test_only_the_analyzer_has_the_model() -> None:
    """All others run the light image, and a GPU is asked for by one alone."""
    found = pods(render(values_of("large")))

    images = {name: pod["containers"][0]["image"].rpartition(":")[2] for name, pod in found.items()}
    assert images.pop("analyze") == "analyze-cpu-1"
    assert images.pop("analyze-gpu") == "analyze-cuda-1"
    assert set(images.values()) == {"light-1"}
    for name, service in PROGRAMS.items():
        assert ("webhook" in service["build"]["dockerfile"]) == (name != "analyze")
        assert dockerfile_of(service)
    asking = {
        n for n, pod in found.items() if "nvidia.com/gpu" in pod["containers"][0]["resources"]["limits"]
    }
    assert asking == {"analyze-gpu"}


def test_a_pod_is_placed_as_its_values_say() -> None:
    """On nodes, by a runtime and with a priority of one's own; without a word, as the cluster does it."""
    placed: Object = {
        "runtimeClassName": "nvidia",
        "priorityClassName": "batch",
        "nodeSelector": {"pool": "gpu"},
        "tolerations": [{"key": "gpu", "operator": "Exists"}],
        "affinity": {"podAntiAffinity": {}},
    }
    asked = {"enabled": True, **placed}

    assert pods(render({"programs": {"analyze-gpu": asked}}))["analyze-gpu"].items() >= placed.items()
    assert not placed.keys() & pods(render({}))["analyze"].keys()


def reaches(policy: Object) -> set[str]:
    """Return the kinds of places that a policy lets a program make requests to, besides name servers."""
    kinds = {cidr: place for place, cidr in PLACES.items()} | {"0.0.0.0/0": "outside", "::/0": "outside"}
    names, *others = policy["spec"]["egress"]
    assert {port["port"] for port in names["ports"]} == {53}
    return {kinds[peer["ipBlock"]["cidr"]] for rule in others for peer in rule["to"]}


def listens(policy: Object) -> dict[str, int]:
    """Return the ports that a policy opens, by who may call them."""
    callers = {str(PROXY): "front", str(PROMETHEUS): "metrics"}
    return {
        callers[str(peer)]: port["port"]
        for rule in policy["spec"]["ingress"]
        for peer in rule["from"]
        for port in rule["ports"]
    }


@each_program
def test_a_program_reaches_what_the_compose_file_lets_it_reach(name: str) -> None:
    """And is reached by whom that lets in, at its own ports."""
    policy, service = named(render(WITH_PLACES), "NetworkPolicy")[name], SERVICES[COMPOSE_NAMES[name]]
    networks = set(service["networks"])
    theirs = {"database": "database", "queue": "broker", "outside": "outside"}
    given = compose_variables(service, {})
    ports = {
        "front": next((given[key] for key in ("PORT", "REVIEW_PORT", "BEACON_PORT") if key in given), None),
        "metrics": given.get("METRICS_PORT"),
    }

    assert COMPOSE["networks"]["database"] == COMPOSE["networks"]["queue"] == {"internal": True}
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert policy["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == name
    assert reaches(policy) == {theirs[network] for network in networks & theirs.keys()}
    opened = {by: int(port) for by, port in ports.items() if by in networks and port}
    assert listens(policy) == opened


def test_the_bucket_is_reached_where_there_is_one() -> None:
    """By those that docs/pictures.md gives a key; migrations and the beacon touch no pictures."""
    with_bucket = {**WITH_PLACES, "settings": {"BUCKET_URL": "s3://pictures"}}
    policies = named(render(with_bucket), "NetworkPolicy")

    assert {name for name, policy in policies.items() if "bucket" in reaches(policy)} == (
        COMPOSE_NAMES.keys() - {"migrate", "beacon"}
    )


def test_a_bucket_in_the_internet_opens_no_way_into_the_cluster() -> None:
    """Where nothing is said of its place: else a video's address could lead to a neighbour at port 443."""
    policies = named(render({**ALL_PROGRAMS, "settings": {"BUCKET_URL": "s3://pictures"}}), "NetworkPolicy")

    for name in ("receiver", "analyze"):
        (rule,) = [
            rule
            for rule in policies[name]["spec"]["egress"]
            if [port["port"] for port in rule.get("ports", [])] == [443]
        ]
        blocks = [peer["ipBlock"] for peer in rule["to"]]
        assert [block["cidr"] for block in blocks] == ["0.0.0.0/0", "::/0"]
        assert {"10.0.0.0/8", "192.168.0.0/16"} <= set(blocks[0]["except"])


def test_outside_is_the_internet_and_not_the_cluster() -> None:
    """A video's address cannot lead a worker to the cloud's metadata, or to a neighbour."""
    policy = named(render({}), "NetworkPolicy")["analyze"]
    (outside,) = [rule for rule in policy["spec"]["egress"] if "ports" not in rule]
    blocks: list[dict[str, Any]] = [peer["ipBlock"] for peer in outside["to"]]

    assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"} <= set(blocks[0]["except"])
    assert {"168.63.129.16/32", "192.0.0.0/24"} <= set(blocks[0]["except"])
    assert {"fc00::/7", "fe80::/10"} <= set(blocks[1]["except"])


@each_example
def test_what_is_called_is_checked_and_what_hangs_by_itself_is_not_killed(example: str) -> None:
    """Workers and dispatchers end themselves when they hang, see docs/operate.md."""
    for name, pod in pods(render(values_of(example))).items():
        (container,) = pod["containers"]
        probes = {key for key in container if key.endswith("Probe")}
        is_called = name in {"receiver", "review", "beacon"}
        if name == "migrate":
            assert probes == set()
            continue
        assert probes == {"startupProbe", "readinessProbe"} | ({"livenessProbe"} if is_called else set())
        assert is_called == ("lifecycle" in container)
        assert pod["terminationGracePeriodSeconds"] >= 30


def test_a_database_that_is_away_ends_no_pod_and_takes_the_beacon_from_no_viewer() -> None:
    """Only the receiver is asked about it, and the beacon while it starts: it has to know which tests run."""
    found = pods(render({}))
    asking = {
        (name, probe)
        for name, pod in found.items()
        for probe, asked in pod["containers"][0].items()
        if probe.endswith("Probe") and asked["httpGet"]["path"] == "/readyz"
    }

    assert asking == {("receiver", "readinessProbe"), ("beacon", "startupProbe")}


@each_example
def test_nodes_can_be_emptied(example: str) -> None:
    """Each program has a budget that lets at least one pod go, by the labels that its pods have."""
    objects = render(values_of(example))
    budgets, deployments = named(objects, "PodDisruptionBudget"), named(objects, "Deployment")

    assert budgets.keys() == deployments.keys()
    for name, budget in budgets.items():
        labels = deployments[name]["spec"]["template"]["metadata"]["labels"].items()
        assert budget["spec"]["selector"]["matchLabels"].items() <= labels
        assert budget["spec"]["maxUnavailable"] in (1, "25%")


def test_tables_are_brought_up_to_date_before_anything_else() -> None:
    """By a hook, which needs nothing that the installation makes later: neither ConfigMap nor policy."""
    objects = render(values_of("large"))
    job, policy = named(objects, "Job")["migrate"], named(objects, "NetworkPolicy")["migrate"]

    for found in (job, policy):
        assert found["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    weights = [int(found["metadata"]["annotations"]["helm.sh/hook-weight"]) for found in (policy, job)]
    assert weights == sorted(weights)
    # That its node is emptied is no failure of it, and a wrong setting is not tried again.
    ignored, failed = job["spec"]["podFailurePolicy"]["rules"]
    assert ignored["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
    assert (failed["action"], failed["onExitCodes"]["values"]) == ("FailJob", [2])
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert "envFrom" not in container
    assert variables(objects, job["spec"]["template"]["spec"])["BUCKET_URL"] == "s3://pictures/thumbs"
