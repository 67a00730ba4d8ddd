"""The chart: Helm renders it, Kubernetes knows every field of what comes out, and typing errors are named."""

from __future__ import annotations

import re
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.support.kubernetes.helm import (
    ALL_EXAMPLES,
    CHART,
    ROOT,
    Object,
    answer,
    refusals,
    render,
    values_of,
)
from tests.support.kubernetes.programs import named
from worker.settings import Settings
from worker.settings.accounts import ACCOUNTS

OLDEST = (
    yaml.safe_load((CHART / "Chart.yaml").read_text())["kubeVersion"].removeprefix(">= ").rpartition(".")[0]
)
NEWEST = "1.37"

# What other operators define: their fields are in no schema of Kubernetes.
FOREIGN = {"ScaledObject", "TriggerAuthentication", "PodMonitor"}

each_example = pytest.mark.parametrize("example", ALL_EXAMPLES)


@each_example
def test_helm_finds_nothing_to_complain_about(example: str) -> None:
    """By its own strict check; only an icon is missing."""
    lint = answer(values_of(example))["lint"]

    assert [message["error"] for message in lint["messages"]] == ["icon is recommended"]
    assert lint["errors"] == []


@each_example
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_kubernetes_knows_every_field(example: str, version: str) -> None:
    """Of the oldest version that the chart asks for, and of the newest one."""
    objects = render(values_of(example))

    assert len(objects) > 10
    for found in objects:
        if found["kind"] not in FOREIGN:
            kubernetes_validate.validate(found, version, strict=True)


@each_example
def test_no_two_objects_have_one_name(example: str) -> None:
    """And no name is longer than Kubernetes allows."""
    names = [(found["kind"], found["metadata"]["name"]) for found in render(values_of(example))]

    assert len(set(names)) == len(names)
    assert all(len(name) <= 63 for _, name in names)


TYPING_ERRORS: list[tuple[Object, str]] = [
    ({"programs": {"analyse": {}}}, "analyse"),
    ({"programs": {"analyze": {"replica": 3}}}, "replica"),
    ({"programs": {"receiver": {"replicas": "two"}}}, "programs/receiver/replicas"),
    ({"programs": {"publish": {"maxUnavailable": "half"}}}, "programs/publish/maxUnavailable"),
    ({"programs": {"review": {"maxUnavailable": 0}}}, "programs/review/maxUnavailable"),
    ({"programs": {"review": {"maxUnavailable": "0%"}}}, "programs/review/maxUnavailable"),
    ({"programs": {"analyze": {"scaling": {"minReplicas": 0}}}}, "programs/analyze/scaling/minReplicas"),
    ({"programs": {"analyze": {"scaling": {"fallback": {"behaviour": "static"}}}}}, "behaviour"),
    ({"keda": {"enable": True}}, "enable"),
    ({"image": {"light": ""}}, "image/light"),
    ({"image": {"pullPolicy": "Sometimes"}}, "image/pullPolicy"),
    ({"settings": {"public_url": "https://video.example.com"}}, "public_url"),
    ({"settings": {"ASPECTS": ["16:9"]}}, "settings/ASPECTS"),
    ({"networkPolicies": {"metrics": {"from": []}}}, "networkPolicies/metrics/from"),
    ({"networkPolicies": {"dns": {"ports": []}}}, "networkPolicies/dns/ports"),
]


def test_a_typing_error_is_named() -> None:
    """With its place in the values."""
    assert_refused(TYPING_ERRORS)


def assert_refused(several: list[tuple[Object, str]]) -> None:
    """Assert that each of several values is refused by a sentence with these words."""
    for (values, said), refusal in zip(several, refusals([values for values, _ in several]), strict=True):
        assert said in refusal, values


UNWORKABLE: list[tuple[Object, str]] = [
    ({"settings": {"PORT": 80}}, "settings.PORT: the chart sets this itself"),
    (
        {"programs": {"analyze": {"settings": {"WORK_DIR": "/data"}}}},
        "programs.analyze.settings.WORK_DIR: the chart sets this itself",
    ),
    ({"keda": {"enabled": True}}, "keda.databaseSecret.name: name the Secret"),
    ({"ingress": {"enabled": True}}, "ingress: name a host"),
    (
        {"ingress": {"enabled": True, **{name: {"host": "a.example"} for name in ("review", "beacon")}}},
        "receiver, review and beacon need a host each",
    ),
    (
        {"settings": {"BUCKET_URL": "s3://pictures", "BUCKET_ENDPOINT_URL": "http://minio:9000"}},
        "networkPolicies.bucket.ports: add 9000, the port of BUCKET_ENDPOINT_URL",
    ),
    *(
        (
            {"settings": {"BUCKET_URL": "s3://pictures", "BUCKET_ENDPOINT_URL": f"https://{near}"}},
            f"networkPolicies.bucket.to: say where {near} is",
        )
        for near in ("minio", "minio.storage.svc", "minio.storage.svc.cluster.local", "172.20.0.7")
    ),
    (
        {"programs": {"analyze": {"scaling": {"minReplicas": 30}}}},
        "programs.analyze.scaling: minReplicas is above maxReplicas",
    ),
    (
        {"programs": {"beacon": {"hpa": {"maxReplicas": 1}}}},
        "programs.beacon.hpa: minReplicas is above maxReplicas",
    ),
]


def test_values_that_cannot_work_are_refused_with_a_remedy() -> None:
    """What the schema cannot see."""
    assert_refused(UNWORKABLE)


REACHABLE: list[tuple[str | None, Object]] = [
    (None, {}),
    ("https://account.r2.cloudflarestorage.com", {}),
    ("https://172.217.0.7", {}),
    ("http://minio:9000", {"ports": [9000], "to": [{"podSelector": {}}]}),
    ("http://minio", {"ports": [80], "to": [{"podSelector": {}}]}),
]


def test_a_bucket_that_can_be_reached_is_taken() -> None:
    """In the internet, or where the policies say that it is."""
    given = [
        {
            "settings": {"BUCKET_URL": "s3://pictures"} | ({"BUCKET_ENDPOINT_URL": url} if url else {}),
            "networkPolicies": {"bucket": policy},
        }
        for url, policy in REACHABLE
    ]

    assert refusals(given) == [""] * len(REACHABLE)


SETTINGS = {name.upper(): field for name, field in Settings.model_fields.items()} | {
    f"{platform}__main__{name}".upper(): field
    for platform, account in ACCOUNTS.items()
    for name, field in account.model_fields.items()
}
SECRETS = {name for name, field in SETTINGS.items() if "Secret" in f"{field.annotation}{field.metadata}"}


def test_every_secret_is_kept_out_of_the_settings() -> None:
    """They would stand readable in a ConfigMap; its key in a Secret is told instead."""
    assert {"DATABASE_URL", "MUX__MAIN__TOKEN_SECRET", "BUCKET_SECRET_ACCESS_KEY"} <= SECRETS
    names = sorted(SECRETS)

    for name, said in zip(names, refusals([{"settings": {name: "hush"}} for name in names]), strict=True):
        assert f"settings.{name}: this is a secret; make it the key {name.lower()} of" in said


def test_every_other_setting_is_taken() -> None:
    """But for those that the chart sets itself; numbers stay what they are."""
    own = {"SECRETS_DIR", "ACCOUNT_SECRETS", "HOST", "PORT", "METRICS_HOST", "METRICS_PORT", "WORK_DIR"}
    own |= {f"{page}_{what}" for page in ("REVIEW", "BEACON") for what in ("HOST", "PORT")}
    given: dict[str, Any] = dict.fromkeys(SETTINGS.keys() - SECRETS - own, "text")
    given |= {"MAX_DOWNLOAD_BYTES": 21474836480, "LEASE_S": 0.5, "ALLOW_LOOPBACK": True, "COUNT": 3}

    data = named(render({"settings": given}), "ConfigMap")["settings"]["data"]

    assert data.keys() == given.keys()
    assert (data["MAX_DOWNLOAD_BYTES"], data["LEASE_S"]) == ("21474836480", "0.5")
    assert (data["ALLOW_LOOPBACK"], data["COUNT"]) == ("true", "3")


def test_the_addresses_of_the_ingresses_become_settings() -> None:
    """So they are written once; the receiver's readiness and numbers are not among what is open."""
    objects = render(values_of("large"))
    data, ingresses = named(objects, "ConfigMap")["settings"]["data"], named(objects, "Ingress")

    assert data["PUBLIC_URL"] == "https://video.example.com"
    assert data["REVIEW_URL"] == "https://thumbs.example.com"
    assert data["BEACON_URL"] == "https://viewers.example.com"
    assert ingresses.keys() == {"receiver", "review", "beacon"}


@pytest.mark.parametrize(
    ("name", "file"),
    [("receiver", "nginx.conf"), ("beacon", "nginx-beacon.conf"), ("review", "nginx-pages.conf")],
)
def test_an_ingress_opens_what_the_proxy_of_one_host_opens(name: str, file: str) -> None:
    """No more, so that readiness and numbers stay inside, and no less."""
    (rule,) = named(render(values_of("large")), "Ingress")[name]["spec"]["rules"]
    opened = {(path["pathType"], path["path"]) for path in rule["http"]["paths"]}
    proxied = re.findall(
        r"^ *location (=? ?)(\S+) \{(?! return 404)", (ROOT / "deploy/proxy" / file).read_text(), re.MULTILINE
    )

    assert proxied
    theirs = {("Exact", path) if sign else ("Prefix", path.rstrip("/") or "/") for sign, path in proxied}
    everything = ("Prefix", "/")
    assert opened == ({everything} if everything in theirs else theirs)


def test_downloads_have_room_for_the_largest_videos() -> None:
    """MAX_DOWNLOAD_BYTES for each of ANALYZE_CONCURRENCY, by default or as they are set."""
    fields = Settings.model_fields
    usual = fields["max_download_bytes"].default * fields["analyze_concurrency"].default

    for example, size_bytes in (("defaults", usual), ("minimal", 2 * 1024**3), ("large", 4 * 8 * 1024**3)):
        pod = named(render(values_of(example)), "Deployment")["analyze"]["spec"]["template"]["spec"]
        (volume,) = [volume for volume in pod["volumes"] if volume["name"] == "downloads"]
        assert int(volume["emptyDir"]["sizeLimit"]) == size_bytes
