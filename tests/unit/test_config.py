"""Settings come from the environment, and production does not start half-configured."""

from __future__ import annotations

import re
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from pydantic import AliasChoices

import config

KEYS = {name: config.new_key() for name in config.SECRET_NAMES}
PRODUCTION: dict[str, Any] = {
    **KEYS,
    "env": "production",
    "public_url": "https://salpim.example",
    "second_factor": "required",
    "trusted_proxies": 1,
}
ELSEWHERE = {"SALPIM_HOST", "SALPIM_CACHE", "TEST_DATABASE_URL"}
"""What README's table names and something other than `Settings` reads."""


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "SALPIM_ENV",
        "DATABASE_URL",
        "PORT",
        "SALPIM_INSTANCE",
        *(f"SALPIM_{n.upper()}" for n in config.SECRET_NAMES),
    ):
        monkeypatch.delenv(name, raising=False)


def test_a_complete_production_environment_starts() -> None:
    settings = config.load(**PRODUCTION)
    assert settings.secure
    assert settings.flask()["SESSION_COOKIE_SECURE"] is True


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"secret_key": ""}, "SALPIM_SECRET_KEY"),
        ({"master_key": ""}, "SALPIM_MASTER_KEY"),
        ({"audit_key": ""}, "SALPIM_AUDIT_KEY"),
        ({"master_key": "short"}, "SALPIM_MASTER_KEY"),
        ({"audit_key": KEYS["master_key"]}, "differ"),
        ({"public_url": "http://salpim.example"}, "https"),
        ({"debug": True}, "SALPIM_DEBUG"),
        ({"trusted_proxies": 0}, "SALPIM_TRUSTED_PROXIES"),
        ({"rate_limits": False}, "SALPIM_RATE_LIMITS"),
        ({"second_factor": "optional"}, "SALPIM_SECOND_FACTOR"),
        ({"sms": "console"}, "SALPIM_SMS"),
        ({"alimtalk": "console"}, "SALPIM_ALIMTALK"),
        ({"port": 70000}, "PORT"),
    ],
)
def test_production_refuses_to_start_and_says_why(change: dict[str, Any], named: str) -> None:
    with pytest.raises(config.ConfigurationError, match=named):
        config.load(**{**PRODUCTION, **change})


def test_the_refusal_shows_no_secret() -> None:
    with pytest.raises(config.ConfigurationError) as refusal:
        config.load(**{**PRODUCTION, "debug": True})
    assert not any(value in str(refusal.value) for value in KEYS.values())


def test_postgres_urls_name_the_driver_that_is_installed(tmp_path: Path) -> None:
    for url in ("postgres://u@h/d", "postgresql://u@h/d"):
        assert config.load(instance=tmp_path, database_url=url).sqlalchemy_url == "postgresql+psycopg://u@h/d"


def test_development_secrets_are_made_once_private_and_kept(tmp_path: Path) -> None:
    results: list[dict[str, str]] = []
    threads = [
        threading.Thread(target=lambda: results.append(config.development_secrets(tmp_path)))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 12
    assert all(result == results[0] for result in results)
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["secrets.json"]


def _variable(name: str) -> str:
    """Return what a setting is called in the environment."""
    alias = config.Settings.model_fields[name].validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"SALPIM_{name.upper()}"


def test_the_readme_s_table_names_every_setting_and_no_other() -> None:
    readme = (config.ROOT / "README.md").read_text(encoding="utf-8")
    table = readme[readme.index("| variable |") :].partition("\n\n")[0]
    named = re.findall(r"`([^`]+)`", "\n".join(line.split("|")[1] for line in table.splitlines()))
    assert sorted(named) == sorted({_variable(name) for name in config.Settings.model_fields} | ELSEWHERE)
