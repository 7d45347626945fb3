"""The operator's door: reviews, reports, jobs that failed, invitations, the audit log."""

from __future__ import annotations

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.operator import (
    analyses,
    audit,
    call_children,
    call_clinics,
    call_move,
    call_rights,
    call_times,
    calls,
    clinics,
    collections,
    drill,
    eligibility,
    home,
    invitations,
    manage,
    messages,
    models,
    proxies,
    regions,
    reviews,
    wording,
)
from app.operator.blueprint import door
from app.web import navigation

__all__ = [
    "analyses",
    "audit",
    "call_children",
    "call_clinics",
    "call_move",
    "call_rights",
    "call_times",
    "calls",
    "clinics",
    "collections",
    "drill",
    "eligibility",
    "home",
    "init_app",
    "invitations",
    "manage",
    "messages",
    "models",
    "proxies",
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
            navigation.Item("operator.calls_start", _l("전화 받기"), "phone", within=("operator.call*",)),
            navigation.Item("operator.regions", _l("지역"), "globe"),
            navigation.Item(
                "operator.manage",
                _l("관리"),
                "settings",
                within=(
                    "operator.job*",
                    "operator.message*",
                    "operator.models",
                    "operator.eligibility_*",
                    "operator.clinics*",
                    "operator.invitation*",
                    "operator.proxies*",
                    "operator.audit*",
                ),
            ),
        ],
    )
