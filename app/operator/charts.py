"""What the report's charts show, as plain data for the chart module of the front end.

A chart is a picture of a table that stands beside it: without scripts the table is enough.
"""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _

from app.operator.blueprint import in_english
from app.reviews.report import SIDES, Data, months

Chart = dict[str, Any]


def behind(public_id: str, **asked: Any) -> str:
    """Return the address of the reviews behind a figure: of just as many as the figure says."""
    return url_for("operator.analysis_reviews", public_id=public_id, **asked)


def all_of(public_id: str, data: Data, *, linked: bool) -> dict[str, Chart]:
    """Return every chart of a report by name; not `linked`: bars that lead nowhere."""
    made = {
        "aspects": aspects(public_id, data),
        "months": by_month(public_id, data),
        "topics": topics(public_id, data),
        **{side: words(public_id, data, side) for side in SIDES},
    }
    if not linked:
        for series in (row for chart in made.values() for row in chart["series"]):
            del series["links"]
    return made


def aspects(public_id: str, data: Data) -> Chart:
    """Return how many reviews speak of each aspect, blame apart."""
    rows = [row for row in data["aspects"] if row["share"]["count"]]
    blamed = [row["negative"]["count"] for row in rows]
    others = [row["share"]["count"] - count for row, count in zip(rows, blamed, strict=True)]
    return {
        "kind": "lying",
        "labels": [row["name_en" if in_english() else "name_ko"] for row in rows],
        "series": [
            {
                "name": str(_("불만")),
                "role": "bad",
                "values": blamed,
                "links": [behind(public_id, aspect=row["key"], aspect_polarity="neg") for row in rows],
            },
            {
                "name": str(_("불만 아님")),
                "role": "good",
                "values": others,
                "links": [behind(public_id, aspect=row["key"], aspect_polarity="not_neg") for row in rows],
            },
        ],
    }


def by_month(public_id: str, data: Data) -> Chart:
    """Return reviews by month, complaints apart; months without reviews are there, as gaps."""
    names = [name for name, _count in months(data)]
    complaints, every = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for row in data["trends"]["by_app_month"]:
        complaints[row["month"]] += row["complaints"]
        every[row["month"]] += row["reviews"]
    return {
        "kind": "standing",
        "labels": names,
        "series": [
            {
                "name": str(_("말이 불만")),
                "role": "bad",
                "values": [complaints[name] for name in names],
                "links": [behind(public_id, month=name, complains=1) for name in names],
            },
            {
                "name": str(_("그 밖")),
                "role": "good",
                "values": [every[name] - complaints[name] for name in names],
                "links": [behind(public_id, month=name, complains=0) for name in names],
            },
        ],
    }


def words(public_id: str, data: Data, side: str, count: int = 15) -> Chart:
    """Return the heaviest words of one side of the owner's view."""
    rows = data["contrast"]["owner"][side]["by_weight"][:count]
    return {
        "kind": "lying",
        "labels": [row["word"] for row in rows],
        "series": [
            {
                "name": str(_("무게 (TF-IDF)")),
                "role": "good" if side == "high" else "bad",
                "values": [row["weight"] for row in rows],
                "links": [behind(public_id, word=row["word"], pos=row["pos"], side=side) for row in rows],
            }
        ],
    }


def topics(public_id: str, data: Data) -> Chart:
    """Return how many reviews have each topic as their main one, complaints apart."""
    rows = data["topics"]["topics"]
    blamed = [row["negative"]["count"] for row in rows]
    return {
        "kind": "lying",
        "labels": [row["label"] for row in rows],
        "series": [
            {
                "name": str(_("말이 불만")),
                "role": "bad",
                "values": blamed,
                "links": [behind(public_id, topic=row["number"], complains=1) for row in rows],
            },
            {
                "name": str(_("그 밖")),
                "role": "good",
                "values": [row["reviews"] - count for row, count in zip(rows, blamed, strict=True)],
                "links": [behind(public_id, topic=row["number"], complains=0) for row in rows],
            },
        ],
    }
