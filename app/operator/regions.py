"""The regions' figures: where there are many elders and few clinics."""

from __future__ import annotations

import itertools

from flask import Response as FlaskResponse
from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.operator import region_map
from app.operator.blueprint import door, in_english
from app.operator.reviews import as_csv
from app.permissions import Permission
from app.policy import requires
from app.regions import figures
from app.reviews import report

BY = {
    figures.By.INDEX: _l("지수 (둘 다)"),
    figures.By.ELDERS: _l("65세 이상 비율"),
    figures.By.PLACES: _l("65세 이상 천 명당 병의원이 적은 순서"),
}


def _year() -> int:
    """Return the year asked for; the latest for one that there is not."""
    asked = request.args.get("year", type=int)
    return asked if asked in figures.years() else figures.years()[0]


def _by() -> figures.By:
    """Return what to rank by; the index for what there is not."""
    asked = request.args.get("by")
    return next((one for one in figures.By if one == asked), figures.By.INDEX)


def _shades() -> list[str]:
    """Return what each shade of the map means, from few elders and many clinics to the reverse."""
    steps = [f"{step:+.1f}" for step in region_map.STEPS]
    inner = [_("%(from)s부터 %(to)s까지", **{"from": a, "to": b}) for a, b in itertools.pairwise(steps)]
    return [_("%(to)s보다 작음", to=steps[0]), *inner, _("%(from)s 이상", **{"from": steps[-1]})]


@door.get("/regions")
@requires(Permission.REGION_READ)
def regions() -> str:
    """The provinces, ranked."""
    year = _year()
    rows = figures.ranking(year, _by())
    names = [row.figures.province.name_en if in_english() else row.figures.province.name for row in rows]
    chart = {
        "kind": "lying",
        "labels": names,
        "series": [
            {
                "name": _("65세 이상 천 명당 병의원"),
                "role": "good",
                "values": [round(row.figures.per_elders, 2) for row in rows],
            }
        ],
    }
    return render_template(
        "operator/regions.html",
        year=year,
        years=figures.years(),
        rows=rows,
        names=names,
        chart=chart,
        by=_by(),
        orders=BY,
        drawing=region_map.draw(figures.ranking(year), english=in_english()),
        shades=_shades(),
        sources=figures.sources(),
    )


@door.get("/regions.csv")
@requires(Permission.REGION_READ)
def regions_table() -> FlaskResponse:
    """The ranking as a file."""
    names = (
        "rank",
        "province",
        "province_en",
        "index",
        "people_year",
        "people",
        "elders_65_or_more",
        "share_of_elders",
        "institutions_year",
        "institutions",
        "per_1000_elders",
        "per_10000_people",
    )
    year = _year()
    rows = (
        [
            row.rank,
            row.figures.province.name,
            row.figures.province.name_en,
            f"{row.index:.4f}",
            row.figures.year,
            row.figures.people,
            row.figures.elders,
            f"{row.figures.share:.4f}",
            row.figures.places_year,
            row.figures.places,
            f"{row.figures.per_elders:.3f}",
            f"{row.figures.per_people:.3f}",
        ]
        for row in figures.ranking(year, _by())
    )
    return as_csv(report.to_csv(names, rows), f"regions-{year}-by-{_by()}.csv")
