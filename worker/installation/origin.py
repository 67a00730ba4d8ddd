"""Where this installation came from, and the command of the tool that made it.

Standard library only: this is read where nothing else may be installed.
"""

from __future__ import annotations

import json
import shlex
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

NAME = "auto-thumbnail-picker"


def install_command(extras: str) -> str | None:
    """Write the command that installs the same again, with extras.

    Args:
        extras: as requirements name them, e.g. "[webhook,worker]"; "" for none.

    Returns:
        None where it is not known where this came from, or where that is gone.
    """
    source = _source(extras)
    return shlex.join([*_tool(), *source]) if source else None


def _source(extras: str) -> list[str] | None:
    """Return the words that name our distribution for an installer; None where its place is not known.

    What pip and uv note of it is told by the "Direct URL Data Structure" of packaging.python.org.
    """
    noted = _direct_url()
    address = urlsplit(noted.get("url", ""))
    if address.scheme == "file" and not Path(unquote(address.path)).exists():
        return None
    if noted.get("dir_info", {}).get("editable"):
        return ["--editable", f"{unquote(address.path)}{extras}"]
    if "vcs_info" in noted:
        how = noted["vcs_info"]
        return [f"{NAME}{extras} @ {how['vcs']}+{noted['url']}@{how['commit_id']}"]
    return [f"{NAME}{extras} @ {noted['url']}"] if noted else None


def _direct_url() -> dict[str, Any]:
    try:
        noted: dict[str, Any] = json.loads(metadata.distribution(NAME).read_text("direct_url.json") or "{}")
    except metadata.PackageNotFoundError:
        return {}  # it runs from a checkout, and is not installed
    return noted


def _tool() -> list[str]:
    prefix = Path(sys.prefix)
    if (prefix / "pipx_metadata.json").exists():
        return ["pipx", "install", "--force"]
    if (prefix / "uv-receipt.toml").exists():
        return ["uv", "tool", "install", "--force"]
    if find_spec("pip") is None:
        return ["uv", "pip", "install", "--python", sys.executable]
    return [sys.executable, "-m", "pip", "install"]
