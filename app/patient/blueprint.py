"""The patient's blueprint; the modules beside it hang their views on it."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("patient", __name__, url_prefix="/patient", template_folder="templates")
