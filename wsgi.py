"""The WSGI entry: ``gunicorn wsgi:application``, ``flask --app wsgi``."""

from __future__ import annotations

import sys

from app import create_app
from config import ConfigurationError

try:
    application = create_app()
except ConfigurationError as error:
    sys.exit(f"살핌을 시작할 수 없습니다 / Salpim cannot start: {error}")
