"""Where the command line goes on with collecting, and the key of its authors' hashes: a file beside the reviews."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

#: A shorter key would hide no name.
_SHORTEST_KEY = 16


class DamagedState(ValueError):
    """The file is no state that was written here, or not the whole of it."""


@dataclass
class State:
    """``cursors``: by ``store/app`` where to go on, ``None`` after the end; see ``nlp.stores.collect``."""

    author_key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    cursors: dict[str, str | None] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> State:
        """The state in the file, a new one if there is none. Raises ``DamagedState``, and ``OSError`` as ``open``."""
        if not path.exists():
            return cls()
        try:
            found = json.loads(path.read_bytes())
            state = cls(bytes.fromhex(found["author_key"]), dict(found["cursors"]))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise DamagedState(str(path)) from error
        known = all(isinstance(cursor, str | None) for cursor in state.cursors.values())
        if len(state.author_key) < _SHORTEST_KEY or not known:
            raise DamagedState(str(path))
        return state

    def keep(self, path: Path) -> None:
        """Write the state aside and put it in place; only its owner may read the key in it."""
        partial = path.with_name(f".{path.name}.part")
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"author_key": self.author_key.hex(), "cursors": self.cursors}, file)
        partial.replace(path)
