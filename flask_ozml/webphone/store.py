"""What outlives a restart of the phone in the browser."""

import contextlib
import json
import os
import secrets
import tempfile
import time
import typing as t
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

from werkzeug.serving import is_running_from_reloader

from .acts import Act

#: The environment variable that tells a child process where the file is.
_FOLDER: t.Final = "OZML_PHONE_FOLDER"


class Store:
    """The key, the acts so far and a setting, in a file that only the user can read.

    :param path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        kept = json.loads(path.read_text("utf-8")) if path.exists() else {}
        #: The key that requests must have.
        self.key: str = kept.get("key") or secrets.token_urlsafe(16)
        #: Whether acts are played again after a restart.
        self.play_again: bool = kept.get("play_again", True)
        self.acts = [Act.read(act) for act in kept.get("acts", ())]
        #: When the process before this one was started; None if there was none.
        self.before: float | None = kept.get("started")
        self._started = kept.get("started")

    def start(self) -> None:
        """Note that a process was started."""
        self._started = time.time()
        self._save()

    def keep_acts(self, acts: Sequence[Act]) -> None:
        """Keep the acts so far."""
        self.acts = list(acts)
        self._save()

    def set_play_again(self, play_again: bool) -> None:
        """Say whether acts are played again after a restart."""
        self.play_again = play_again
        self._save()

    def _save(self) -> None:
        kept = {
            "key": self.key,
            "play_again": self.play_again,
            "acts": [act.as_json() for act in self.acts],
            "started": self._started,
        }
        # A process that ends in the middle leaves the old file.
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(kept), "utf-8")
        new.replace(self._path)


@contextlib.contextmanager
def stored() -> Iterator[Store]:
    """Yield what the processes before this one stored, or a new store."""
    if is_running_from_reloader():
        yield Store(Path(os.environ[_FOLDER], "phone.json"))
        return
    with tempfile.TemporaryDirectory(
        prefix="ozml-phone-", ignore_cleanup_errors=True
    ) as folder:
        os.environ[_FOLDER] = folder
        store = Store(Path(folder, "phone.json"))
        store.set_play_again(True)
        yield store
