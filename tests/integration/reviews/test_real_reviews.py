"""The real reviews of eight apps, from the uploaded files to the report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.reviews import report, service
from app.reviews.models import Review, ReviewImport
from tests.factories.reviews import create_analysis, create_operator

ROWS = 1869
APPS = 8

pytestmark = pytest.mark.shared_data


@pytest.fixture
def files(app: Flask) -> list[tuple[str, bytes]]:
    folder: Path = app.extensions["salpim.settings"].shared_data / "reviews"
    found = sorted(folder.glob("appstore_*.csv"))
    if not found:
        pytest.skip(f"no reviews in {folder}")
    return [(path.name, path.read_bytes()) for path in found]


def test_every_row_of_every_app_arrives_and_the_report_counts_them_all(
    db: Any, files: list[tuple[str, bytes]], work: Callable[[], int]
) -> None:
    operator = create_operator()
    service.import_files(operator.id, files)
    service.import_files(operator.id, files[:2])
    run = create_analysis_after(operator, work)
    db.session.rollback()
    totals = db.session.execute(
        select(func.sum(ReviewImport.imported), func.sum(ReviewImport.rejected))
    ).one()
    assert tuple(totals) == (ROWS, 0)
    assert db.session.scalar(select(func.count()).select_from(Review)) == ROWS
    data = report.load(db.session.get(type(run), run.id, populate_existing=True))
    assert data["totals"]["reviews"] == ROWS
    assert len(data["apps"]) == APPS
    assert "메디팡팡" in [burst["name_ko"] for burst in data["bursts"]]
    low = [row["word"] for row in data["contrast"]["keyness"]["low"]]
    assert {"오류", "환불"} & set(low)


def create_analysis_after(operator: Any, work: Callable[[], int]) -> Any:
    """Let the imports finish, then run the analysis."""
    work()
    run = create_analysis(operator)
    work()
    return run
