"""`flask records`: what is kept by law of people who have left, for requests that the law knows."""

from __future__ import annotations

import json
from pathlib import Path

import click
from flask.cli import AppGroup

from app.records import restricted

commands = AppGroup("records", help="Restricted records of people who have left.")


@commands.command("list")
def list_restricted() -> None:
    """Print each restricted record's name, and until when it is kept. Nothing of anyone is shown."""
    found = restricted.all_restricted()
    for name, until in found:
        click.echo(f"{name}  {until:%Y-%m-%d}")
    click.echo(f"따로 떼어 둔 기록 {len(found)}건 / {len(found)} restricted records")


@commands.command("find")
@click.option("--name", required=True)
@click.option("--birth-date", required=True, help="YYYY-MM-DD")
def find(name: str, birth_date: str) -> None:
    """Print the names of the restricted records of one person; the search is recorded."""
    for found in restricted.find(name, birth_date):
        click.echo(found)


@commands.command("show")
@click.argument("case")
@click.option("--reason", required=True, help="On what ground, such as a court's number; recorded. No names.")
@click.option("--photos", type=click.Path(file_okay=False, path_type=Path), help="A folder for the photos.")
def show(case: str, reason: str, photos: Path | None) -> None:
    """Print a restricted record; who asked why is recorded first."""
    try:
        record = restricted.read(case, reason)
    except restricted.NoReason:
        raise click.ClickException(
            "근거를 60자 안으로 적어 주세요 · give a reason of up to 60 letters"
        ) from None
    except restricted.NoSuchRecord:
        raise click.ClickException(f"그런 기록이 없습니다 · no such restricted record: {case}") from None
    click.echo(json.dumps(record.content, ensure_ascii=False, indent=1))
    if photos is not None:
        photos.mkdir(parents=True, exist_ok=True)
        for name, jpeg in record.photos.items():
            (photos / name).write_bytes(jpeg)
