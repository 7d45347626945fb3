"""The doctor's door: the queue, the blinded first read, the finding, availability."""

from __future__ import annotations

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.cases import reading_jobs as reading_jobs  # what a doctor holds too long, the worker takes back
from app.doctor import case_routes, finding_routes, home_routes, identity_routes, schedule_routes
from app.doctor.blueprint import blueprint
from app.web import navigation
from app.web.navigation import Item

__all__ = ["case_routes", "finding_routes", "home_routes", "identity_routes", "init_app", "schedule_routes"]


def init_app(app: Flask) -> None:
    """Open this door."""
    app.register_blueprint(blueprint)
    navigation.register(
        "doctor",
        [
            Item("doctor.home", _l("사례"), "stethoscope", within=("doctor.case*", "doctor.finding*")),
            Item("doctor.readings", _l("판독 목록"), "document"),
            Item("doctor.agenda", _l("예약"), "calendar", within=("doctor.booking*",)),
            Item("doctor.availability", _l("진료 시간"), "clock", within=("doctor.availability*",)),
        ],
    )
