"""`flask demo`: people and cases to look at, made through the same services as real ones.

Everything is marked as a demonstration. Photos come from PAD-UFES-20 where the development data lie beside
the checkout, and are drawn by our own code otherwise; either way the shipped model looks at them.
"""

from __future__ import annotations

import time
import tomllib
from pathlib import Path
from typing import Any

import click
import flask_migrate
from flask import current_app
from flask.cli import AppGroup
from flask_security import verify_password
from sqlalchemy import func, select

from app.accounts.models import Invitation, Patient, User
from app.audit import service as audit
from app.cases.models import Case
from app.cli.demo_story import Story
from app.extensions import db
from app.permissions import Role
from config import Settings

STORY = Path(__file__).with_name("demo.toml")
ROLES = {Role.PATIENT: "환자 · patient", Role.DOCTOR: "의사 · doctor", Role.OPERATOR: "운영자 · operator"}

commands = AppGroup("demo", help="The demonstration.")


def _read() -> dict[str, Any]:
    return tomllib.loads(STORY.read_text(encoding="utf-8"))


def _settings() -> Settings:
    settings: Settings = current_app.extensions["salpim.settings"]
    if settings.env == "production":
        raise click.ClickException("시연 자료는 운영 환경에 두지 않습니다 · no demonstration in production")
    return settings


def people(*, demo: bool | None = None) -> int:
    """Return how many users there are, or how many that are (not) of the demonstration."""
    query = select(func.count()).select_from(User)
    return db.session.scalar(query if demo is None else query.where(User.is_demo == demo)) or 0


@commands.command()
def fill() -> None:
    """Fill an empty database with people and cases. What an interrupted filling left is replaced, all else stays."""
    settings = _settings()
    if people():
        if not people(demo=True) or _operators():
            return
        if _holds_more():
            click.echo(_half_there(settings))
            return
        click.echo("채워지다 만 시연 자료를 새로 만듭니다 · an interrupted demonstration is made anew")
        _empty()
    begun = time.monotonic()
    click.echo("시연 자료를 만듭니다 · making the demonstration …")
    Story(_read(), settings, click.echo).play()
    click.echo(f"시연 자료를 만들었습니다 · demonstration ready ({time.monotonic() - begun:.0f} s)")


def _operators() -> int:
    """The operator is made last: without one, filling was interrupted."""
    query = select(func.count()).select_from(User).where(User.is_demo, User.role == Role.OPERATOR)
    return db.session.scalar(query) or 0


def _holds_more() -> bool:
    """True if anybody but the demonstration's people is here, or has been invited."""
    own = (select(model.id).where(~model.is_demo) for model in (User, Patient, Case))
    return any(db.session.scalar(query.limit(1)) is not None for query in (*own, select(Invitation.id)))


def _half_there(settings: Settings) -> str:
    away = f"mv {settings.instance} {settings.instance}.old"
    ko, en = (
        (", DATABASE_URL에 빈 데이터베이스를 적고", ", name an empty database in DATABASE_URL")
        if settings.database_url
        else ("", "")
    )
    return (
        "시연 자료가 채워지다 말았지만, 시연에 속하지 않는 자료도 있어 그대로 둡니다. 온전한 시연을 보려면 멈추고 "
        f"{away}{ko}, make run · The demonstration is only half there, but as the database holds more than it, "
        f"nothing was changed. For a whole one stop, {away}{en}, make run"
    )


def _empty() -> None:
    """Take all tables down and put them up again: signed findings and the audit log yield to nothing less."""
    db.session.remove()
    audit.start_over()
    flask_migrate.downgrade(revision="base")
    flask_migrate.upgrade()


@commands.command()
def accounts() -> None:
    """Print who may sign in to the demonstration, and how."""
    settings = _settings()
    password = _read()["password"]
    users = list(db.session.scalars(select(User).where(User.is_demo).order_by(User.id)))
    for user in users:
        click.echo(f"{ROLES[user.role]:<18} {user.name}  {user.email or user.mobile}  {_how(user, password)}")
    if any(user.email is None for user in users):
        click.echo(
            f"문자 인증번호는 여기에 · codes by SMS are in {settings.instance / 'outbox' / 'sms.jsonl'}"
        )


def _how(user: User, password: str) -> str:
    if not user.password:
        return "문자 인증번호 · code by SMS"
    if verify_password(password, user.password):
        return password
    return "(비밀번호가 바뀌었습니다 · password changed)"
