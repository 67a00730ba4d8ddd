"""The programs of the rendered chart: what their pods say, and how they run as processes of this machine."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from tests.support.containers.running import Running, command, replace
from tests.support.kubernetes.helm import RELEASE, ROOT, Object
from worker.standalone.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: Our programs by their names in the chart, with those of docker-compose.yml.
COMPOSE_NAMES = {
    "receiver": "webhook",
    "review": "review",
    "beacon": "beacon",
    "dispatcher": "dispatcher",
    "analyze": "analyze",
    "analyze-gpu": "analyze",
    "publish": "publish",
    "migrate": "migrate",
}

# What a process says that kubelet calls: an address of the pod, which is in no setting.
_POD_HOST = "10.1.2.3"
_PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


def named(objects: Sequence[Object], kind: str) -> dict[str, Object]:
    """Return the objects of a kind by the names of their programs."""
    prefix = f"{RELEASE}-"
    return {
        found["metadata"]["name"].removeprefix(prefix): found for found in objects if found["kind"] == kind
    }


def pods(objects: Sequence[Object]) -> dict[str, Object]:
    """Return the spec of each program's pod."""
    found = named(objects, "Deployment") | named(objects, "Job")
    return {name: workload["spec"]["template"]["spec"] for name, workload in found.items()}


def variables(objects: Sequence[Object], pod: Object) -> dict[str, str]:
    """Return the variables of a pod's one container, as kubelet puts them together."""
    (container,) = pod["containers"]
    maps = {
        found["metadata"]["name"]: found["data"] or {} for found in objects if found["kind"] == "ConfigMap"
    }
    given: dict[str, str] = {}
    for source in container.get("envFrom", []):
        given |= maps[source["configMapRef"]["name"]]
    return given | {entry["name"]: entry["value"] for entry in container["env"]}


def secret_of(pod: Object) -> tuple[str, str]:
    """Return the name of the Secret that a pod is given, and the folder where its one container sees it."""
    (container,) = pod["containers"]
    volumes = {v["name"]: v["secret"]["secretName"] for v in pod["volumes"] if "secret" in v}
    ((volume, secret),) = volumes.items()
    (place,) = [m["mountPath"] for m in container["volumeMounts"] if m["name"] == volume]
    return secret, place


def mount(secret: Path, place: Path) -> None:
    """Lay out a Secret as kubelet does: each key is a link, into a folder that is exchanged as a whole."""
    version = place / "..2026_11_30_12_00_00.0123456789"
    shutil.copytree(secret, version)
    (place / "..data").symlink_to(version.name)
    for file in version.iterdir():
        (place / file.name).symlink_to(f"..data/{file.name}")


@dataclass
class Cluster:
    """One machine in the place of a cluster: Secrets are folders, and each port of a pod is a free one.

    Args:
        objects: of the chart.
        secrets: the folder of each Secret, by name.
        folder: for logs, and for what pods write.
        changed: variables that are others here.
    """

    objects: Sequence[Object]
    secrets: Mapping[str, Path]
    folder: Path
    changed: Mapping[str, str] = field(default_factory=dict)
    _ports: dict[tuple[str, int], int] = field(default_factory=dict)

    def port(self, program: str, number: int) -> int:
        """Return the port of this machine that stands for one of a program."""
        return self._ports.setdefault((program, number), free_port())

    def run(self, name: str) -> Running:
        """Start a program; it is ready when all of its probes succeed."""
        pod = pods(self.objects)[name]
        (container,) = pod["containers"]
        secret, place = secret_of(pod)
        mounted, downloads = self.folder / f"{name}-secrets", self.folder / f"{name}-downloads"
        mount(self.secrets[secret], mounted)
        downloads.mkdir()
        here = {place: str(mounted), "/var/lib/thumbs": str(downloads), "0.0.0.0": "127.0.0.1"}  # noqa: S104
        given = {
            variable: str(self.port(name, int(value))) if variable.endswith("PORT") else replace(value, here)
            for variable, value in variables(self.objects, pod).items()
        }
        grace_s = pod["terminationGracePeriodSeconds"]
        if "lifecycle" in container:
            sleep, seconds = container["lifecycle"]["preStop"]["exec"]["command"]
            assert sleep == "sleep"
            grace_s -= int(seconds)
        return Running(
            command(container["command"], {}),
            {**given, **self.changed, "OMP_NUM_THREADS": "1"},
            self.folder / f"{name}.log",
            ROOT,
            grace_s=grace_s,
            is_ready=lambda _log: all(self._succeeds(name, container, probe) for probe in _PROBES),
        )

    def _succeeds(self, name: str, container: Object, probe: str) -> bool:
        """Ask as kubelet does; a probe that is not there succeeds."""
        if probe not in container:
            return True
        asked: dict[str, Any] = container[probe]["httpGet"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        port = ports[asked["port"]]
        url = f"http://127.0.0.1:{self.port(name, port)}{asked['path']}"
        within_s = container[probe]["timeoutSeconds"]
        try:
            said = httpx.get(url, headers={"Host": f"{_POD_HOST}:{port}"}, timeout=within_s, trust_env=False)
        except httpx.TransportError:
            return False
        return said.is_success
