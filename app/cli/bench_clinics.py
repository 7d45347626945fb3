"""Measure the search for clinics: `python -m app.cli.bench_clinics [--rows 100000] [--database URL]`.

In a portal of its own that is thrown away (SQLite in a temporary folder, or the empty database given), over a
register of clinics that do not exist. Prints how long loading took, and the median and 95th percentile of searches.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from sqlalchemy import select

from app.cli import invented_clinics
from app.cli.bench_portal import portal
from app.extensions import db
from app.infra import jobs
from app.regions import service
from app.regions.areas import areas, districts, provinces

Search = Callable[[], object]


def fill(rows: int) -> None:
    """Load `rows` invented rows as the worker would."""
    content = invented_clinics.file(rows)
    began = time.perf_counter()
    service.load_register("invented.csv", content, dated=date(2020, 1, 1), source="invented", user_id=None)
    for job_id in list(db.session.scalars(select(jobs.Job.id).order_by(jobs.Job.id))):
        jobs.run(job_id, "bench")
    register = service.current_register()
    assert register is not None, "loading failed"
    print(
        f"{register.total:,} rows ({len(content) / 1e6:.1f} MB) loaded in {time.perf_counter() - began:.1f} s: "
        f"{register.kept:,} clinics, {register.located:,} with a position"
    )
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE clinic")


def measure(name: str, searches: list[Search]) -> None:
    """Print how long the searches take, in milliseconds of the clock and of this processor.

    Each runs twice, and the second time counts. On a machine that others keep busy the two differ.
    """
    taken, worked = [], []
    for search in searches:
        for _ in range(2):
            db.session.rollback()
            db.session.expunge_all()
            began, idle = time.perf_counter(), time.process_time()
            search()
            last, busy = time.perf_counter() - began, time.process_time() - idle
        taken.append(last * 1000)
        worked.append(busy * 1000)
    p95, p95_worked = (statistics.quantiles(each, n=20)[-1] for each in (taken, worked))
    print(
        f"  {name:<30} p50 {statistics.median(taken):6.2f} ms   p95 {p95:6.2f} ms   "
        f"(processor: p50 {statistics.median(worked):5.2f}, p95 {p95_worked:5.2f})"
    )


def searches(count: int) -> None:
    """Measure every kind of search, `count` times each."""
    chance = random.Random(11)  # noqa: S311 - positions to measure at
    everywhere = list(areas().values())

    def near(kind: str | None, limit: int) -> list[Search]:
        def one() -> Search:
            middle = chance.choice(everywhere)
            latitude, longitude = (
                value + chance.gauss(0, 0.1) for value in (middle.latitude, middle.longitude)
            )
            return lambda: service.clinics_near(latitude, longitude, kind=kind, limit=limit)

        return [one() for _ in range(count)]

    def within(kind: str | None, *, whole: bool) -> list[Search]:
        def one() -> Search:
            province = chance.choice(provinces())
            code = province.code if whole else chance.choice(districts(province.code)).code
            return lambda: (service.count_in(code, kind=kind), service.clinics_in(code, kind=kind, limit=10))

        return [one() for _ in range(count)]

    measure("by position", near(None, 10))
    measure("by position, the 100 nearest", near(None, 100))
    for kind in ("skin", "general", "post", "all"):
        measure(f"by position, {kind}", near(kind, 10))
    measure("by district", within(None, whole=False))
    measure("by province", within(None, whole=True))
    measure("by province, general", within("general", whole=True))


def main() -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(description="Measure the search for clinics.")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--count", type=int, default=300, help="searches of each kind")
    parser.add_argument(
        "--database", default="", help="an empty database; by default SQLite in a temporary folder"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = portal(Path(folder), options.database)
        with app.app_context():
            print(f"{db.engine.dialect.name}:")
            fill(options.rows)
            searches(options.count)
            db.session.remove()
            db.engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
