"""Forgetting whom a helper asked, and to whom a patient offered: what came of it stands in the permission."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete

from app.accounts.proxy_models import ProxyOffer, ProxyRequest
from app.infra import clock
from app.infra.database import transaction

FORGET_ASKED = "accounts.forget_asked"
EVERY = timedelta(hours=1)
KEEP = timedelta(days=2)
"""How long the name and number that somebody entered are kept, and the address of an offer that is over."""


def forget_asked() -> None:
    """Delete what was asked longer ago than `KEEP`, and what was offered and is over for so long, whoever it was.

    In the transaction in progress (an effect). An offer is over once it is taken up, taken back, turned down or too old.
    """
    past = clock.now() - KEEP
    over = (ProxyOffer.closed_at < past) | (ProxyOffer.expires_at < past)
    with transaction() as session:
        session.execute(delete(ProxyRequest).where(ProxyRequest.created_at < past))
        session.execute(delete(ProxyOffer).where(over))
