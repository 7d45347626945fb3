"""The operator's door: reviews, reports, jobs that failed, invitations, the audit log."""

from __future__ import annotations

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.operator import (
    analyses,
    audit,
    calls,
    collections,
    drill,
    eligibility,
    home,
    invitations,
    messages,
    proxies,
    reviews,
    wording,
)
from app.operator.blueprint import door
from app.web import navigation

__all__ = [
    "analyses",
    "audit",
    "calls",
    "collections",
    "drill",
    "eligibility",
    "home",
    "init_app",
    "invitations",
    "messages",
    "proxies",
    "reviews",
    "wording",
]


def init_app(app: Flask) -> None:
    """Open this door."""
    app.register_blueprint(door)
    navigation.register(
        "operator",
        [
            navigation.Item("operator.home", _l("홈"), "home"),
            navigation.Item(
                "operator.reviews",
                _l("후기"),
                "chart",
                within=("operator.import*", "operator.analys*", "operator.collection*"),
            ),
            navigation.Item("operator.calls_start", _l("전화"), "phone", within=("operator.call*",)),
            navigation.Item(
                "operator.eligibility_rules", _l("규칙"), "check-circle", within=("operator.eligibility_*",)
            ),
            navigation.Item("operator.jobs", _l("작업"), "list", within=("operator.message*",)),
            navigation.Item("operator.invitations", _l("초대"), "people", within=("operator.invitation_*",)),
            navigation.Item("operator.proxies_page", _l("대신 이용"), "phone", within=("operator.proxies*",)),
            navigation.Item("operator.audit_log", _l("접속기록"), "shield", within=("operator.audit*",)),
        ],
    )
