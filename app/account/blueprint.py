"""The door's one blueprint."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("account", __name__, template_folder="templates")
