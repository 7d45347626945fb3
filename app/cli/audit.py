"""`flask audit`: prove that the audit log is whole; begin anew with a head that was lost."""

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


@commands.command("renew-head")
@click.option("--yes", is_flag=True, help="Do not ask.")
def renew_head(yes: bool) -> None:
    """Write the lost head outside of the database anew; the log records it.

    For a head file that was lost, a machine that has none yet, or a database put back from a copy.
    """
    try:
        fault = service.fault_of_head()
    except service.LogIsBroken as error:
        raise click.ClickException(f"{error} (no head can mend the log itself)") from None
    if fault is None:
        click.echo("머리가 온전하여 그대로 둡니다. / Its head is intact and stays as it is.")
        return
    click.echo(f"entry {fault.number}: {fault.what}")
    question = (
        "잘려 나간 기록은 되찾을 수 없습니다. 머리가 지금의 기록을 따르게 할까요? · "
        "Entries that were cut off stay lost. Let the head follow the log as it stands?"
    )
    if not yes:
        click.confirm(question, abort=True)
    service.renew_head(fault)
    click.echo("머리를 새로 쓰고 기록에 남겼습니다. / The head is written anew, and the log says so.")
