"""The numbers of drafts.toml, read once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("drafts.toml")


@dataclass(frozen=True)
class DraftRules:
    """How long drafts and unfinished uploads are kept, and how many there may be; see drafts.toml."""

    keep_days: int
    limit: int
    upload_hours: int
    uploads: int

    @property
    def keep(self) -> timedelta:
        """How long a draft is kept after it was last touched."""
        return timedelta(days=self.keep_days)

    @property
    def upload_keep(self) -> timedelta:
        """How long an unfinished upload is kept after its last piece came in."""
        return timedelta(hours=self.upload_hours)


@cache
def rules() -> DraftRules:
    """Return the rules in force."""
    return DraftRules(**tomllib.loads(FILE.read_text(encoding="utf-8")))
