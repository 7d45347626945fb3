"""A migrated, empty database for every test, on SQLite and on PostgreSQL.

The tables are made once in a run, by the migrations. SQLite: each test gets a copy of that file.
PostgreSQL: each worker gets a copy of that database, cleaned before each test. Nothing is wrapped in a
transaction, so services commit, hooks fire and threads race as they do in the portal.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy.engine import URL, make_url

from tests.harness import postgres

Migrate = Callable[[str], None]
KINDS = ("sqlite", "postgresql")


@contextlib.contextmanager
def locked(shared: Path) -> Iterator[None]:
    """Hold the run's lock: what is inside happens in one worker at a time."""
    with (shared / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Databases:
    """Hands out databases; one object for each worker."""

    def __init__(self, shared: Path, worker: str, migrate: Migrate) -> None:
        """`shared` is a folder of this run, `migrate` makes the tables at a URL."""
        self._shared, self._worker, self._migrate = shared, worker, migrate
        self._cleaner: postgres.Cleaner | None = None
        self._server: URL | None = None
        self._used = False
        self._bare: list[str] = []

    def url(self, kind: str, folder: Path) -> str:
        """Return the URL of an empty database; `folder` is the test's own."""
        return self._sqlite(folder) if kind == "sqlite" else self._postgresql()

    def bare_url(self, kind: str, folder: Path) -> str:
        """Return the URL of a database without any table, for tests of the migrations themselves."""
        if kind == "sqlite":
            return f"sqlite:///{folder / 'bare.db'}"
        with locked(self._shared):
            self._server = postgres.server_url(self._shared)
        made = postgres.create(self._server, "bare")
        self._bare.append(made.database or "")
        return made.render_as_string(hide_password=False)

    def close(self) -> None:
        """Remove what this worker made on a server that outlives the run."""
        if self._server is None or not os.environ.get("TEST_DATABASE_URL"):
            return
        own = [self._cleaner.url.database or ""] if self._cleaner is not None else []
        for name in self._bare + own:
            postgres.drop(self._server, name)

    def _sqlite(self, folder: Path) -> str:
        template = self._shared / "template.db"
        with locked(self._shared):
            if not template.exists():
                draft = template.with_suffix(".draft")
                self._migrate(f"sqlite:///{draft}")
                draft.rename(template)
        path = folder / "salpim.db"
        shutil.copyfile(template, path)
        return f"sqlite:///{path}"

    def _postgresql(self) -> str:
        if self._cleaner is None:
            self._cleaner = self._copy_of_template()
        elif self._used:
            self._cleaner.clean()
        self._used = True
        return self._cleaner.url.render_as_string(hide_password=False)

    def _copy_of_template(self) -> postgres.Cleaner:
        note = self._shared / "template.pg"
        with locked(self._shared):
            self._server = postgres.server_url(self._shared)
            if not note.exists():
                template = postgres.create(self._server, "template")
                self._migrate(template.render_as_string(hide_password=False))
                note.write_text(template.database or "", encoding="utf-8")
            copy = postgres.create(self._server, self._worker, note.read_text(encoding="utf-8"))
        return postgres.Cleaner(copy)


def drop_template(shared: Path) -> None:
    """Remove the run's template from a server that outlives the run."""
    note, given = shared / "template.pg", os.environ.get("TEST_DATABASE_URL")
    if note.exists() and given:
        server = make_url(given).set(drivername="postgresql+psycopg")
        postgres.drop(server, note.read_text(encoding="utf-8"))
