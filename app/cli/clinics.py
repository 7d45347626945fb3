"""`flask clinics`: load the official register from a file of any size, and say which one is in use."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
from flask.cli import AppGroup

from app.audit import service as audit
from app.extensions import db
from app.infra import jobs
from app.infra.database import transaction
from app.regions import service
from app.regions.models import Register, RegisterState

commands = AppGroup("clinics", help="The register of clinics.")


@commands.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--dated", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day the register speaks of."
)
@click.option("--source", default="공공데이터포털", show_default=True, help="Where it comes from.")
@click.option("--may-shrink", is_flag=True, help="Replace the present one even by less than half of it.")
def load(path: Path, dated: datetime, source: str, may_shrink: bool) -> None:
    """Load PATH (a CSV, or a ZIP of them) here and now; the present register stays until that succeeded."""
    try:
        with transaction():
            register = service.load_register(
                path.name,
                path.read_bytes(),
                dated=dated.date(),
                source=source,
                user_id=None,
                may_shrink=may_shrink,
            )
            audit.record("clinic_register.load", register.topic)
    except service.NotARegister:
        raise click.ClickException("CSV나 ZIP 파일이 아닙니다 · neither a CSV nor a ZIP file") from None
    except service.DatedAhead:
        raise click.ClickException("기준일이 아직 오지 않은 날입니다 · that day has not come yet") from None
    except service.LoadUnderWay as error:
        raise click.ClickException(
            f"다른 파일을 읽고 있습니다 · another file is being read: {error.register.filename}"
        ) from None
    _work(register.id)
    _report(register.id)


def _work(register_id: int) -> None:
    """Do the job here, if no worker has been quicker; else wait for nothing and say so."""
    kind, arguments = service.LOAD_JOB, {"register_id": register_id}
    for job in (
        db.session.query(jobs.Job).filter_by(kind=kind, state=jobs.JobState.QUEUED).order_by(jobs.Job.id)
    ):
        if job.arguments == arguments:
            jobs.run(job.id, "command line")
            return


def _report(register_id: int) -> None:
    register = db.session.get(Register, register_id, populate_existing=True)
    assert register is not None
    if register.state == RegisterState.FAILED:
        raise click.ClickException(f"{register.error_ko} · {register.error_en}")
    if register.state != RegisterState.CURRENT:
        click.echo("작업자가 읽고 있습니다 · the worker is reading it")
        return
    click.echo(
        f"의료기관 {register.kept:,}곳을 받았습니다 · {register.kept:,} clinics, {register.located:,} with a position; "
        f"{register.closed:,} closed, {register.duplicate:,} twice, {register.rejected:,} rejected"
    )


@commands.command()
def status() -> None:
    """Say which register is in use."""
    register = service.current_register()
    if register is None:
        raise click.ClickException("의료기관 명부가 없습니다 · no register of clinics has been loaded")
    click.echo(
        f"{register.filename} ({register.dated}, {register.source}): {register.kept:,} clinics, "
        f"sha256 {register.sha256}"
    )
