"""The port to an agency that proves who somebody is (본인확인기관). None is built in.

Such an agency needs a contract, and the law asks for more than a program: so until an installation brings
one, what is known of a person is that a code reached them, and every page that speaks of it says so. The
doctor looks at the person at the start of a consultation instead (`consultations.identity_checks`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from flask import Flask, current_app

_KEY = "salpim.identity_proof"


@dataclass(frozen=True)
class Proven:
    """What an agency vouches for: name, day of birth, and its own lasting sign for the person (연계정보)."""

    name: str
    birth_date: date
    sign: str


class IdentityAgency(Protocol):
    """Sends a person to the agency, and reads the signed answer that they come back with."""

    name: str
    """What people call it."""

    def begin(self, state: str, return_to: str) -> str:
        """Return the address to send the person to; `state` comes back with the answer."""
        ...

    def read(self, state: str, answer: Mapping[str, str]) -> Proven:
        """Return what is vouched for; raise `ValueError` for an answer that is not genuine or not for `state`."""
        ...


def init_app(app: Flask, agency: IdentityAgency | None) -> None:
    """Give the application its agency, or none."""
    app.extensions[_KEY] = agency


def agency() -> IdentityAgency | None:
    """Return the agency of this installation; None: nobody's identity is proven beyond a code."""
    found: IdentityAgency | None = current_app.extensions.get(_KEY)
    return found
