"""The operator's door: reviews, reports, jobs that failed, invitations, the audit log."""

from __future__ import annotations

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.operator import analyses, audit, collections, drill, home, invitations, messages, reviews, wording
from app.operator.blueprint import door
from app.web import navigation

__all__ = [
    "analyses",
    "audit",
    "collections",
    "drill",
    "home",
    "init_app",
    "invitations",
    "messages",
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
            navigation.Item("operator.jobs", _l("작업"), "list", within=("operator.message*",)),
            navigation.Item("operator.invitations", _l("초대"), "people", within=("operator.invitation_*",)),
            navigation.Item("operator.audit_log", _l("접속기록"), "shield", within=("operator.audit*",)),
        ],
    )
