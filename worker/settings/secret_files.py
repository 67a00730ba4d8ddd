"""Secrets as files in the folder that SECRETS_DIR names, as Docker and Kubernetes mount them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic_settings import NestedSecretsSettingsSource

from worker.errors import SettingsInvalid

if TYPE_CHECKING:
    from pathlib import Path


class SecretFiles(NestedSecretsSettingsSource):
    """One file for each secret. What the library passes over in silence is an error here."""

    ours: ClassVar[frozenset[str]] = frozenset()  #: names of settings; a file of another name is not read

    def validate_secrets_path(self, path: Path) -> None:
        """Leave the check to `load_secrets`, which says what is wrong."""

    @classmethod
    def load_secrets(cls, path: Path) -> dict[str, str]:
        """Read the files that are called like a setting; others may lie beside them.

        Raises:
            SettingsInvalid: the folder, or one of these files, cannot be read.
        """
        # By the part before the account: `mux__main__token_id` belongs to the field `mux`.
        try:
            files = [file for file in path.iterdir() if file.name.lower().split("__")[0] in cls.ours]
            return {file.name: file.read_bytes().decode().strip() for file in files}
        except OSError as exc:
            raise SettingsInvalid(f"SECRETS_DIR: cannot read {exc.filename}: {exc.strerror}") from exc
        except UnicodeDecodeError:  # it holds the secret
            raise SettingsInvalid(f"SECRETS_DIR: a file in {path} is not text in UTF-8") from None
