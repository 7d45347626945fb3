"""The operator's door: reviews, reports, jobs that failed, invitations, the audit log."""

from __future__ import annotations

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.operator import (
    analyses,
    audit,
    clinics,
    collections,
    drill,
    home,
    invitations,
    regions,
    reviews,
    wording,
)
from app.operator.blueprint import door
from app.web import navigation

__all__ = [
    "analyses",
    "audit",
    "clinics",
    "collections",
    "drill",
    "home",
    "init_app",
    "invitations",
    "regions",
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
            navigation.Item("operator.clinics", _l("병원 명부"), "pin", within=("operator.clinics_*",)),
            navigation.Item("operator.regions", _l("지역 통계"), "globe"),
            navigation.Item("operator.jobs", _l("작업"), "list"),
            navigation.Item("operator.invitations", _l("초대"), "people", within=("operator.invitation_*",)),
            navigation.Item("operator.audit_log", _l("접속기록"), "shield", within=("operator.audit*",)),
        ],
    )
