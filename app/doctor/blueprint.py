"""The doctor's blueprint; the modules beside it hang their views on it."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("doctor", __name__, url_prefix="/doctor", template_folder="templates")
