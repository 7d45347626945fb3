"""`flask audit verify`: prove that the audit log is whole."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from app.audit import service

commands = AppGroup("audit", help="The audit log.")


@commands.command()
def verify() -> None:
    """Check the chain and both of its heads; exit 1 and name the place if anything is wrong."""
    end, fault = service.verify()
    if fault is None:
        click.echo(f"감사 기록 {end.count}건이 온전합니다. / {end.count} audit entries, all intact.")
        return
    raise click.ClickException(
        f"entry {fault.number}: {fault.what} ({end.count} entries before it are intact)"
    )
