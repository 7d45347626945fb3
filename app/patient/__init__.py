"""The patient's door: send a photo, follow it, read the finding, book."""

from __future__ import annotations

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.patient import (
    answers,
    bookings,
    calendar,
    cases,
    eligibility,
    home,
    lesions,
    photos,
    records,
    tus,
    wizard,
)
from app.patient.blueprint import blueprint
from app.patient.uploads import PortalRequest
from app.web import navigation
from app.web.navigation import Item

__all__ = [
    "answers",
    "bookings",
    "calendar",
    "cases",
    "eligibility",
    "home",
    "init_app",
    "lesions",
    "photos",
    "records",
    "tus",
    "wizard",
]


def init_app(app: Flask) -> None:
    """Open this door."""
    app.request_class = PortalRequest
    app.register_blueprint(blueprint)
    navigation.register(
        "patient",
        [
            Item(
                "patient.home",
                _l("내 사진"),
                "home",
                within=("patient.case", "patient.case_question", "patient.lesion*"),
            ),
            Item(
                "patient.case_new", _l("사진 보내기"), "camera", within=("patient.case_*", "patient.photo_*")
            ),
            Item(
                "patient.bookings", _l("상담"), "calendar", within=("patient.bookings*", "patient.booking*")
            ),
        ],
    )
