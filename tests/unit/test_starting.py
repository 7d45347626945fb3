"""Starting the portal: where it listens, and one clear line when this machine is full."""

from __future__ import annotations

import errno
import os
import runpy
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy

import config
from app.cli import prepare, serve

ROOT = Path(config.__file__).parent


@pytest.fixture(autouse=True)
def _own_instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALPIM_INSTANCE", str(tmp_path))
    monkeypatch.delenv("PORT", raising=False)


def full(*_: object) -> None:
    """Fail as a write to a full disk does."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "somewhere")


def full_database() -> sqlalchemy.exc.DBAPIError:
    """Return what a database says whose file can grow no more."""
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
        with pytest.raises(sqlalchemy.exc.OperationalError) as refused:
            connection.exec_driver_sql("CREATE TABLE t (x)")
    engine.dispose()
    return refused.value


@pytest.mark.parametrize(
    ("host", "bind", "own"),
    [
        (None, "127.0.0.1:8123", "http://127.0.0.1:8123"),
        ("0.0.0.0", "0.0.0.0:8123", "http://127.0.0.1:8123"),  # noqa: S104 - not bound
        ("192.0.2.7", "192.0.2.7:8123", "http://192.0.2.7:8123"),
        ("::1", "[::1]:8123", "http://[::1]:8123"),
    ],
)
def test_gunicorn_and_the_supervisor_listen_where_the_settings_say(
    host: str | None, bind: str, own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(host: str, port: int) -> None:
        raise serve.CannotStart(f"{host} {port}")

    monkeypatch.setenv("PORT", "8123")
    if host is not None:
        monkeypatch.setenv("SALPIM_HOST", host)
    assert runpy.run_path(str(ROOT / "gunicorn.conf.py"))["bind"] == bind
    assert serve.own_url(config.load().host, 8123) == own
    monkeypatch.setattr(serve, "open_port", taken)
    with pytest.raises(serve.CannotStart, match=f"^{host or '127.0.0.1'} 8123$"):
        serve.serve(config.load())


def test_a_port_that_was_handed_down_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALPIM_HOST", "192.0.2.7")
    monkeypatch.setenv("SALPIM_BIND", "fd://7")
    assert runpy.run_path(str(ROOT / "gunicorn.conf.py"))["bind"] == "fd://7"


def test_a_host_that_says_nothing_is_refused_and_not_taken_for_everywhere() -> None:
    with pytest.raises(config.ConfigurationError, match="SALPIM_HOST"):
        config.load(host="")


def test_too_little_disk_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5 * 1024 * 1024))
    monkeypatch.setattr(serve.signal, "signal", lambda *_: None)
    monkeypatch.setattr(serve.os, "umask", lambda _: 0)
    monkeypatch.chdir(tmp_path)
    assert serve.main() == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"Not enough disk space in {tmp_path}: 200 MB needed, 5 MB free" in said
    assert not list(tmp_path.glob(".write-probe*"))


def test_a_disk_without_room_for_a_trial_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(serve.CannotStart, match=r"^[^\n]+ 0 MB free$"):
        serve.check_instance(tmp_path)


@pytest.mark.parametrize("failure", ["disk", "database"])
def test_a_disk_that_fills_up_while_the_data_are_prepared_is_one_line(
    failure: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> None:
        raise full_database()

    monkeypatch.setattr(prepare, "create_app", lambda: None)
    monkeypatch.setattr(prepare, "prepare", full if failure == "disk" else fail)
    assert prepare.main() == prepare.EXPLAINED
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "The disk is full: free some space" in said
