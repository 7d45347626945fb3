"""``report.html``: one file, opened offline, pictures inside."""

from __future__ import annotations

import base64
from pathlib import Path

from nlp.apps import Lang
from nlp.fonts import subset_woff
from nlp.model import Report
from nlp.texts import side, texts

#: Rows shown on the page; the CSV tables hold all.
ROWS = 20
_FONT_MARK = "FONT-GOES-HERE"


def render(
    report: Report,
    clouds: dict[str, bytes],
    charts: dict[str, bytes],
    *,
    lang: Lang = "ko",
    rejected_rows: int = 0,
    rejected_files: int = 0,
) -> str:
    """The page as HTML. ``clouds``: PNG under ``high_tfidf``, ``high_frequency`` and the same of ``low``;
    ``charts``: SVG by name, as ``nlp.charts`` names them. Everything quoted is escaped.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words, owner = texts(lang), report.contrast.owner
    html = environment.get_template("report.html").render(
        t=words,
        source=_source(report, words),
        side=lambda both: side(both, lang),
        lang=lang,
        report=report,
        rows=ROWS,
        sides=(("high", owner.high), ("low", owner.low)),
        font=_FONT_MARK,
        pictures={side: base64.b64encode(png).decode() for side, png in clouds.items()},
        charts={name: base64.b64encode(svg).decode() for name, svg in charts.items()},
        names={row.app: row.name_en if lang == "en" else row.name_ko for row in report.apps},
        months=_columns(report),
        rejected_rows=rejected_rows,
        rejected_files=rejected_files,
    )
    # The reader may have no Korean font: the page brings the glyphs it uses, and only now are they known.
    font = base64.b64encode(subset_woff(set(html))).decode()
    return html.replace(_FONT_MARK, font, 1)


def _source(report: Report, words: dict[str, str]) -> str:
    """What the reviews are: of which stores, but only if that is known of all of them."""
    return words.get("source_" + "_".join(report.created_from.stores), words["source_unknown"])


def _columns(report: Report) -> list[tuple[str, int, float]]:
    """Every month from the first to the last, its count, and its share of the largest (0–100)."""
    by_month = report.totals.by_month
    if not by_month:
        return []
    largest = max(by_month.values())
    year, month = map(int, min(by_month).split("-"))
    last = max(by_month)
    out: list[tuple[str, int, float]] = []
    # At most 30 years: one mistyped date must not make a page of ten thousand columns.
    while len(out) < 360:
        name = f"{year:04}-{month:02}"
        count = by_month.get(name, 0)
        out.append((name, count, round(100 * count / largest, 1)))
        if name >= last:
            break
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return out
