"""The door for whoever runs the portal: commands of `flask --app wsgi`."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the commands."""
    # Not at the top: the supervisor lives in this package too, all day, and needs none of them.
    from app.cli.audit import commands as audit
    from app.cli.clinics import commands as clinics
    from app.cli.demo import commands as demo
    from app.cli.records import commands as records
    from app.cli.users import commands as users
    from app.cli.worker import worker

    app.cli.add_command(worker)
    app.cli.add_command(audit)
    app.cli.add_command(clinics)
    app.cli.add_command(demo)
    app.cli.add_command(records)
    app.cli.add_command(users)
