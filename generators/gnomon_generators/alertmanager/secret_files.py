"""Where Alertmanager finds a secret.

It reads secrets from files only, and replaces no variables. So each secret that the settings name becomes
a file in one folder, under the name of its variable or file. Compose, Swarm and Kubernetes all mount
secrets that way; a path relative to the configuration would not do, since Alertmanager takes most of these
paths from the folder that it happens to run in.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from gnomon.errors import UserError
from gnomon.settings.values import SecretReference


class SecretFiles:
    """The files of one configuration. A name stands for one secret only."""

    def __init__(self, folder: PurePosixPath) -> None:
        self._folder = folder
        self._known: dict[str, SecretReference] = {}

    def path(self, reference: SecretReference) -> str:
        """The file that holds the secret.

        Raises `UserError` when another secret has the same name.
        """
        name = reference.env or (reference.file.name if reference.file else "")
        if self._known.setdefault(name, reference) != reference:
            raise UserError(
                f"two secrets under channels would be the file {self._folder / name}; give one another name"
            )
        return str(self._folder / name)
