"""Make the database ready before anything is served: `python -m app.cli.prepare`.

Brings the tables to the present version, clears up after workers that died and, in development, fills an
empty database with the demonstration. Ends in one line where it cannot.
"""

from __future__ import annotations

import errno
import logging
import sys

import click
import flask_migrate
from flask import Flask
from flask.cli import ScriptInfo
from sqlalchemy.exc import DBAPIError, OperationalError

from app import create_app
from app.cli import demo
from app.infra import worker
from config import ConfigurationError, Settings, load

EXPLAINED = 3
"""The exit code that says: the reason has been given in one line."""
FULL = ("disk is full", "No space left on device")
UNWRITABLE = ("readonly database", "unable to open database file")


def reason(error: BaseException) -> str | None:
    """Return the one line for a failure that the person can mend, None for one that they cannot."""
    text = str(error.orig if isinstance(error, DBAPIError) else error)
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT) or any(sign in text for sign in FULL):
        return "디스크가 가득 찼습니다. 공간을 비우고 다시 실행해 주세요 · The disk is full: free some space"
    if isinstance(error, OSError) and number in (errno.EROFS, errno.EACCES, errno.EPERM):
        return f"쓸 수 없는 곳입니다 · Cannot write to {error.filename}"
    if any(sign in text for sign in UNWRITABLE):
        return (
            f"데이터베이스 파일에 쓸 수 없습니다 · Cannot write to the database file: {text.splitlines()[0]}"
        )
    if isinstance(error, OperationalError) and "connection" in text:
        return f"데이터베이스에 연결할 수 없습니다 · Cannot reach the database: {text.splitlines()[0]}"
    return None


def prepare(application: Flask, settings: Settings) -> None:
    """Migrate, and fill an empty development database. Whose passwords are public has no place in production."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with application.app_context():
        flask_migrate.upgrade()
        if settings.env == "production" and demo.people(demo=True):
            raise click.ClickException(
                "데이터베이스에 시연용 사람이 있어 운영 환경으로 켜지 않습니다 · "
                "The database holds people of the demonstration: production does not start with them"
            )
        # The beat of a worker that is gone must not pass for an answer of the one that is about to start.
        worker.release_dead(settings.workers)
    if settings.env == "development":
        run_command(application, "demo", "fill")


def run_command(application: Flask, *arguments: str) -> None:
    """Run one of the application's own commands in this process; a `click.ClickException` tells of a failure."""
    script = ScriptInfo(create_app=lambda: application)
    application.cli.main(list(arguments), prog_name="flask", standalone_mode=False, obj=script)


def main() -> int:
    """Return the exit code."""
    try:
        prepare(create_app(), load())
    except ConfigurationError as error:
        line: str | None = str(error)
    except click.ClickException as error:
        line = error.format_message()
    except (OSError, DBAPIError) as error:
        line = reason(error)
        if line is None:
            raise
    else:
        return 0
    print(f"살핌 · Salpim: {line}", file=sys.stderr)
    return EXPLAINED


if __name__ == "__main__":
    sys.exit(main())
