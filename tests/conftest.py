"""Fixtures that every test may use. Domains keep their factories in a file of their own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

import config
from tests.harness import databases, network, portal, postgres, routes
from tests.harness.client import Client
from tests.harness.clock import FrozenClock

# Quick ones first: a broken house shows within seconds.
ORDER = ("unit", "permissions", "integration", "e2e", "load")
SHARED = "SALPIM_TEST_RUN"
KEPT = (SHARED, postgres.OWNER, "SALPIM_DATA", "SALPIM_SCREENSHOTS")
ROOT = Path(__file__).resolve().parent.parent


def pytest_configure(config: pytest.Config) -> None:
    """The process that starts the run makes the folder that its workers share."""
    if not hasattr(config, "workerinput"):
        os.environ[SHARED] = tempfile.mkdtemp(prefix="salpim-")
        os.environ[postgres.OWNER] = str(os.getpid())
    # A developer's own settings must not decide what a test finds.
    for name in [n for n in os.environ if n.startswith("SALPIM_") and n not in KEPT]:
        del os.environ[name]
    os.environ.pop("DATABASE_URL", None)
    routes.compile_once()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what the run started, and remove what it left."""
    if not hasattr(config, "workerinput"):
        shared = Path(os.environ[SHARED])
        databases.drop_template(shared)
        postgres.stop(shared)
        shutil.rmtree(shared, ignore_errors=True)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by how long tests take by nature; within that, the order they are written in."""

    def rank(item: pytest.Item) -> tuple[bool, int]:
        folder = item.path.relative_to(ROOT / "tests").parts[0]
        return item.get_closest_marker("slow") is not None, ORDER.index(folder) if folder in ORDER else 0

    items.sort(key=rank)


@pytest.fixture(scope="session", autouse=True)
def nothing_left_running() -> Iterator[None]:
    """Fail the run if a test leaves a process behind."""
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    yield
    left = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
    # Python's own: it lives as long as the process that once had a pool of others.
    left = [child for child in left if "multiprocessing.resource_tracker" not in " ".join(child.cmdline())]
    assert not left, f"left running: {[' '.join(child.cmdline()) for child in left]}"


@pytest.fixture(scope="session", autouse=True)
def this_machine_only() -> Iterator[None]:
    """Nothing leaves this machine: no mail, no SMS, no download."""
    with pytest.MonkeyPatch.context() as patch:
        network.close_the_doors(patch)
        yield


@pytest.fixture(scope="session")
def secrets() -> dict[str, str]:
    """The keys of this run's portals."""
    return {name: config.new_key() for name in config.SECRET_NAMES}


@pytest.fixture(scope="session")
def all_databases(
    worker_id: str, secrets: dict[str, str], tmp_path_factory: Any
) -> Iterator[databases.Databases]:
    """Where databases come from."""

    def migrate(url: str) -> None:
        import flask_migrate

        from app import create_app
        from app.extensions import db

        instance = tmp_path_factory.mktemp("migrate")
        application = create_app(config.load(env="testing", instance=instance, database_url=url, **secrets))
        with application.app_context():
            flask_migrate.upgrade()
            if url.startswith("sqlite"):
                with db.engine.connect() as connection:  # one file, without a log beside it
                    connection.exec_driver_sql("COMMIT")
                    connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                    connection.exec_driver_sql("BEGIN")
            db.engine.dispose()

    found = databases.Databases(Path(os.environ[SHARED]), worker_id, migrate)
    yield found
    found.close()


@pytest.fixture(params=databases.KINDS)
def database_url(request: pytest.FixtureRequest, all_databases: databases.Databases, tmp_path: Path) -> str:
    """An empty, migrated database. A test that uses it, or `app`, runs on SQLite and on PostgreSQL.

    For one of them only: ``@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)``.
    """
    return all_databases.url(request.param, tmp_path)


@pytest.fixture(params=databases.KINDS)
def bare_database_url(
    request: pytest.FixtureRequest, all_databases: databases.Databases, tmp_path: Path
) -> str:
    """A database without tables, for tests of the migrations."""
    return all_databases.bare_url(request.param, tmp_path)


@pytest.fixture
def clock() -> FrozenClock:
    """The portal's present: an ordinary Monday morning that moves only by ``clock.advance(hours=1)``."""
    return FrozenClock()


@pytest.fixture(scope="session")
def _compiled_templates(tmp_path_factory: Any) -> FileSystemBytecodeCache:
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def make_app(
    database_url: str,
    clock: FrozenClock,
    secrets: dict[str, str],
    tmp_path: Path,
    _compiled_templates: FileSystemBytecodeCache,
) -> Iterator[Callable[..., Flask]]:
    """Return a function that makes a portal with settings of its own: ``make_app(max_upload_mb=1)``."""
    from app import create_app
    from app.extensions import db
    from app.infra.clock import set_clock

    made: list[Flask] = []

    def make(**given: Any) -> Flask:
        values: dict[str, Any] = {"instance": tmp_path / "instance", "database_url": database_url}
        values |= {"rate_limits": False, **secrets, **given}
        application = create_app(config.load(env="testing", **values))
        application.test_client_class = Client
        application.jinja_env.bytecode_cache = _compiled_templates
        set_clock(application.extensions, clock)
        made.append(application)
        return application

    yield make
    for application in made:
        with application.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """A portal with an empty database, storage of its own and a clock that stands still."""
    return make_app()


@pytest.fixture
def real_clock(app: Flask) -> None:
    """Let time pass by itself in `app`."""
    from app.infra.clock import set_clock, system

    set_clock(app.extensions, system)


@pytest.fixture(name="portal")
def running_portal(
    app: Flask, database_url: str, secrets: dict[str, str], tmp_path: Path
) -> Iterator[portal.Portal]:
    """Web and worker in processes of their own, over the database of `app`."""
    with portal.serve(app, database_url, secrets, tmp_path / "portal.log") as running:
        yield running


@pytest.fixture
def client(app: Flask) -> Client:
    """A visitor's browser; ``app.test_client()`` makes another one."""
    made = app.test_client()
    assert isinstance(made, Client)
    return made


@pytest.fixture
def db(app: Flask) -> Iterator[Any]:
    """The database of `app`, in an application context that lasts as long as the test."""
    from app.extensions import db as database

    with app.app_context():
        yield database
        database.session.rollback()


@pytest.fixture
def storage(app: Flask) -> Path:
    """The folder where `app` keeps its encrypted objects."""
    return Path(app.instance_path) / "objects"


@pytest.fixture
def work(app: Flask) -> Callable[[], int]:
    """Return a function that does all due jobs, as the worker would; it returns how many it ran."""
    import contextvars

    from sqlalchemy import select

    from app.extensions import db
    from app.infra import clock as present
    from app.infra import jobs

    def due() -> list[int]:
        with app.app_context():
            due_now = (jobs.Job.state == jobs.JobState.QUEUED) & (jobs.Job.run_after <= present.now())
            return list(db.session.scalars(select(jobs.Job.id).where(due_now).order_by(jobs.Job.id)))

    def run_one(job_id: int) -> None:
        with app.app_context():
            jobs.run(job_id, "test")

    def run_all() -> int:
        done = 0
        while found := contextvars.Context().run(due):
            for job_id in found:
                contextvars.Context().run(run_one, job_id)
                done += 1
        return done

    return run_all
