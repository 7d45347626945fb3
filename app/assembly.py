"""What `create_app` puts together, floor by floor from the ground up."""

from __future__ import annotations

import importlib

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

import config
from app import policy, web
from app.accounts import identity_proof
from app.accounts import security as sign_in
from app.audit import service as audit
from app.cases.history import may_be_talked_about, same_lesion
from app.consultations import eligibility_admit
from app.extensions import babel, csrf, db, limiter, migrate
from app.infra import crypto, database, live, logs, messages, storage, worker
from app.web.locale import select_locale
from config import Settings


def ground(app: Flask, settings: Settings) -> None:
    """Logging, database, crypto, storage, queue, live pages, messages, and the extensions."""
    logs.configure(as_json=settings.env == "production")
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    settings.instance.mkdir(parents=True, exist_ok=True)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = database.engine_options(settings.sqlalchemy_url)
    crypto.init_app(app, config.key_bytes(settings.master_key.get_secret_value()))
    db.init_app(app)
    database.init_app(app)
    migrate.init_app(app, db, directory=str(config.ROOT / "migrations"))
    csrf.init_app(app)
    babel.init_app(app, locale_selector=select_locale, default_translation_directories="translations")
    limiter.init_app(app)
    storage.init_app(app, settings.instance / "objects")
    worker.init_app(
        app,
        settings.instance / "queue" / "queue.db",
        attempts=settings.job_attempts,
        lease_seconds=settings.job_lease_seconds,
    )
    live.init_app(app, settings.sqlalchemy_url, settings.live_streams)
    messages.init_app(app, _mail(settings), _sms(settings), _alimtalk(settings))


def _mail(settings: Settings) -> messages.MailPort:
    if settings.mail == "smtp":
        return messages.SmtpMail(
            settings.smtp_host,
            settings.smtp_port,
            settings.smtp_user,
            settings.smtp_password.get_secret_value(),
            settings.mail_from,
        )
    if settings.mail == "console":
        return messages.ConsoleMail()
    return messages.FileMail(settings.instance / "outbox" / "mail.jsonl")


def _sms(settings: Settings) -> messages.SmsPort:
    if settings.sms == "console":
        return messages.ConsoleSms()
    return messages.FileSms(settings.instance / "outbox" / "sms.jsonl")


def _alimtalk(settings: Settings) -> messages.AlimtalkPort | None:
    if settings.alimtalk == "none":
        return None
    if settings.alimtalk == "console":
        return messages.ConsoleAlimtalk()
    return messages.FileAlimtalk(settings.instance / "outbox" / "alimtalk.jsonl")


def rooms(app: Flask, settings: Settings) -> None:
    """The shell of every page, the domains with their jobs, and the guard in front of all views."""
    web.init_app(app)
    audit.init_app(
        app,
        config.key_bytes(settings.audit_key.get_secret_value()),
        settings.instance / "audit" / "head.json",
    )
    sign_in.init_app(app, settings)
    eligibility_admit.init_app(
        app,
        lambda case_id: eligibility_admit.SeenBefore(*same_lesion(case_id)),
        lambda patient_id: [eligibility_admit.Answered(*one) for one in may_be_talked_about(patient_id)],
    )
    identity_proof.init_app(app, None)  # an agency needs a contract: whoever has one gives it here
    policy.init_app(app)


def work() -> None:
    """Make the kinds of job known, and who listens to which event."""
    importlib.import_module("app.infra.tidying")
    for room in ("regions", "accounts", "cases", "consultations", "reviews", "notifications"):
        importlib.import_module(f"app.{room}.jobs")


def doors(app: Flask) -> None:
    """The blueprints and commands through which people and programs come in."""
    for name in ("public", "account", "patient", "doctor", "operator", "api", "cli"):
        importlib.import_module(f"app.{name}").init_app(app)
