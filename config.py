"""The one place that reads the environment: a typed, frozen `Settings` object.

Names in the environment carry the prefix ``SALPIM_`` (``SALPIM_SECRET_KEY``), except for
``DATABASE_URL`` and ``PORT``, which hosting platforms set under these names.
Production refuses to start while a secret is missing, over plain http, or in debug.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent
KEY_BYTES = 32
SECRET_NAMES = ("secret_key", "master_key", "audit_key")


class ConfigurationError(RuntimeError):
    """The environment does not describe a portal that may start; the message says what to set."""


def new_key() -> str:
    """Return a fresh 256-bit key, url-safe base64."""
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


class Settings(BaseSettings):
    """Everything that differs from one installation to the next."""

    model_config = SettingsConfigDict(
        env_prefix="SALPIM_", frozen=True, extra="ignore", populate_by_name=True
    )

    env: Literal["development", "testing", "production"] = "development"
    debug: bool = False
    instance: Path = ROOT / "instance"
    public_url: str = "http://127.0.0.1:8000"
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535, validation_alias=AliasChoices("PORT", "port"))] = 8000
    bind: str = ""
    """Where gunicorn listens instead of host and port: how the supervisor hands its open port down (fd://N)."""
    database_url: Annotated[str, Field(validation_alias=AliasChoices("DATABASE_URL", "database_url"))] = ""
    trusted_proxies: Annotated[int, Field(ge=0, le=5)] = 0

    secret_key: SecretStr = SecretStr("")
    master_key: SecretStr = SecretStr("")
    audit_key: SecretStr = SecretStr("")

    web_threads: Annotated[int, Field(ge=4, le=512)] = 48
    live_streams: Annotated[int, Field(ge=0, le=500)] = 24
    worker_threads: Annotated[int, Field(ge=1, le=32)] = 2
    inference_threads: Annotated[int, Field(ge=1, le=64)] = 1
    job_attempts: Annotated[int, Field(ge=1, le=20)] = 5
    job_lease_seconds: Annotated[int, Field(ge=5)] = 120
    sweep_seconds: Annotated[float, Field(gt=0)] = 5.0

    max_upload_mb: Annotated[int, Field(ge=1, le=200)] = 25
    max_photos_per_case: Annotated[int, Field(ge=1, le=20)] = 6
    session_minutes: Annotated[int, Field(ge=5)] = 60 * 12
    shared_device_minutes: Annotated[int, Field(ge=1)] = 10
    second_factor: Literal["required", "optional"] = "optional"
    rate_limits: bool = True
    reading_hours: Annotated[int, Field(ge=1)] = 24
    """Within how many hours a doctor is expected to have read a case."""
    shadow_model: str = ""
    """A model (its name in vision/models, or its folder) that reads every case beside the one in use, seen by nobody
    who deals with the case; to be compared before it takes over."""

    mail: Literal["console", "file", "smtp"] = "file"
    mail_from: str = "noreply@salpim.example"
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    sms: Literal["console", "file"] = "file"
    alimtalk: Literal["none", "console", "file"] = "none"
    """알림톡 (messages of a business in KakaoTalk), tried before an SMS where it is on."""
    contact: str = ""
    """How users reach whoever runs this installation; shown on the public pages."""

    app_store_url: str = ""
    google_play_url: str = ""
    """Where the stores' reviews are collected from, instead of the stores themselves; for tests."""

    shared_data: Annotated[Path, Field(validation_alias=AliasChoices("SALPIM_DATA", "shared_data"))] = (
        ROOT.parent / "shared" / "data"
    )

    @field_validator("instance", "shared_data")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value if value.is_absolute() else (ROOT / value).resolve()

    @field_validator("database_url")
    @classmethod
    def _driver(cls, value: str) -> str:
        for prefix in ("postgres://", "postgresql://"):
            if value.startswith(prefix):
                return "postgresql+psycopg://" + value.removeprefix(prefix)
        return value

    @model_validator(mode="after")
    def _fit_to_start(self) -> Settings:
        for name in SECRET_NAMES:
            value = getattr(self, name).get_secret_value()
            if not value:
                raise ValueError(f"SALPIM_{name.upper()} is not set: make one with `python config.py`")
            key_bytes(value, name)
        if len({getattr(self, name).get_secret_value() for name in SECRET_NAMES}) < len(SECRET_NAMES):
            raise ValueError(
                "SALPIM_SECRET_KEY, SALPIM_MASTER_KEY and SALPIM_AUDIT_KEY must differ from each other"
            )
        return self

    @model_validator(mode="after")
    def _fit_for_production(self) -> Settings:
        if self.env != "production":
            return self
        if self.debug:
            raise ValueError("SALPIM_DEBUG must be off in production")
        if not self.public_url.startswith("https://"):
            raise ValueError("SALPIM_PUBLIC_URL must begin with https:// in production")
        if not self.trusted_proxies:
            raise ValueError(
                "SALPIM_TRUSTED_PROXIES must say how many proxies stand in front (at least the one that speaks "
                "https): without it everyone seems to come from the same address"
            )
        if not self.rate_limits:
            raise ValueError("SALPIM_RATE_LIMITS must be on in production: they brake floods and guessing")
        if self.second_factor != "required":
            raise ValueError("SALPIM_SECOND_FACTOR must be 'required' in production")
        if "console" in (self.sms, self.mail, self.alimtalk):
            raise ValueError(
                "SALPIM_SMS, SALPIM_MAIL and SALPIM_ALIMTALK must not print messages to the console in production"
            )
        return self

    @property
    def sqlalchemy_url(self) -> str:
        """The database's URL; an SQLite file in the instance folder unless DATABASE_URL names another."""
        return self.database_url or f"sqlite:///{self.instance / 'salpim.db'}"

    @property
    def listen(self) -> str:
        """Where gunicorn listens, as it wants to be told."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.bind or f"{host}:{self.port}"

    @property
    def workers(self) -> Path:
        """Where the workers of this machine leave word of themselves."""
        return self.instance / "workers"

    @property
    def secure(self) -> bool:
        """True where the portal is reached over https, so that cookies may be restricted to it."""
        return self.public_url.startswith("https://")

    def flask(self) -> dict[str, Any]:
        """Return the part that Flask and its extensions read from ``app.config``."""
        return {
            "SECRET_KEY": self.secret_key.get_secret_value(),
            "TESTING": self.env == "testing",
            "DEBUG": self.debug,
            "SQLALCHEMY_DATABASE_URI": self.sqlalchemy_url,
            "MAX_CONTENT_LENGTH": self.max_upload_mb * 1024 * 1024,
            "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
            "SESSION_COOKIE_SECURE": self.secure,
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "SESSION_COOKIE_NAME": "__Host-salpim" if self.secure else "salpim",
            "PERMANENT_SESSION_LIFETIME": self.session_minutes * 60,
            # Written only when it changes: an answer that is late (a photo, a file that anyone may keep) must
            # not bring an older session back.
            "SESSION_REFRESH_EACH_REQUEST": False,
            "WTF_CSRF_TIME_LIMIT": None,
            "BABEL_DEFAULT_LOCALE": "ko",
            "BABEL_DEFAULT_TIMEZONE": "Asia/Seoul",
            "RATELIMIT_ENABLED": self.rate_limits,
            # Counted per process: a brake on floods. What must hold exactly (lock-out) is counted in the database.
            "RATELIMIT_STORAGE_URI": "memory://",
        }


def key_bytes(value: str, name: str = "key") -> bytes:
    """Decode a 256-bit url-safe base64 key; raise `ValueError` naming the setting if it is none."""
    try:
        raw = base64.urlsafe_b64decode(value.encode())
    except (ValueError, binascii.Error):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise ValueError(f"SALPIM_{name.upper()} must be {KEY_BYTES} bytes in url-safe base64")
    return raw


def development_secrets(instance: Path) -> dict[str, str]:
    """Return secrets kept beside the development database, made on the first call (mode 0600).

    Two processes may call this at once: the file is published by an atomic link, the first one wins.
    """
    path = instance / "secrets.json"
    if not path.exists():
        instance.mkdir(parents=True, exist_ok=True)
        draft = instance / f".secrets-{os.getpid()}-{secrets.token_hex(4)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({name: new_key() for name in SECRET_NAMES}, file)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    kept = json.loads(path.read_text())
    return {name: str(kept[name]) for name in SECRET_NAMES}


def load(**given: Any) -> Settings:
    """Read the environment into `Settings`; keyword arguments win over it.

    Raises `ConfigurationError` with one line per fault. Outside production, missing secrets are
    made once and kept in the instance folder.
    """
    env = given.get("env") or os.environ.get("SALPIM_ENV", "development")
    if env == "development":
        instance = Path(given.get("instance") or os.environ.get("SALPIM_INSTANCE") or ROOT / "instance")
        missing = [n for n in SECRET_NAMES if n not in given and not os.environ.get(f"SALPIM_{n.upper()}")]
        if missing:
            kept = development_secrets(instance if instance.is_absolute() else ROOT / instance)
            given.update({name: kept[name] for name in missing})
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = [" ".join([*map(_variable, e["loc"][:1]), e["msg"]]) for e in error.errors()]
        raise ConfigurationError("; ".join(lines)) from None


def _variable(field: int | str) -> str:
    """Return the environment's name for a field."""
    name = str(field).upper()
    return name if name in ("PORT", "DATABASE_URL") else f"SALPIM_{name.removeprefix('SALPIM_')}"


if __name__ == "__main__":
    print(new_key())
