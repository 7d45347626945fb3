"""The report's charts as PNG and SVG, drawn with a Korean font that came with a package."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nlp.apps import Lang
from nlp.fonts import font_path
from nlp.model import Report
from nlp.texts import texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Blue-green praises, red complains, grey is neither: the colours of the clouds.
PRAISE, COMPLAINT, NEITHER, MIXED = "#0b6584", "#b3261e", "#8a94a6", "#a8610c"
_STARS = ("#b3261e", "#d9822b", "#b8bec9", "#5aa0b5", "#0b6584")
_INK, _SOFT = "#1d2430", "#566073"
_WIDTH = 7.2
_ROW = 0.36
WORDS = 15
APPS = 12


def charts(report: Report, lang: Lang = "ko") -> dict[str, bytes]:
    """File name → content: every chart of ``report`` as PNG (144 dpi) and SVG, the same bytes each time.

    Raises ``FontMissing``.
    """
    from matplotlib import rc_context

    # Without a home it may write to, matplotlib warns; nothing of it concerns us.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    with rc_context(_style()):
        return _drawn(report, lang)


def _drawn(report: Report, lang: Lang) -> dict[str, bytes]:
    say = texts(lang)
    drawn: dict[str, Figure | None] = {
        "chart_stars": _stars(report, lang, say),
        "chart_months": _months(report, say),
        "chart_aspects": _aspects(report, lang, say),
        "chart_keyness": _keyness(report, say),
        "chart_topics": _topics(report, say),
    }
    owner = report.contrast.owner
    for name, side, colour in (("high", owner.high, PRAISE), ("low", owner.low, COMPLAINT)):
        frequent = [(row.word, float(row.count)) for row in side.by_frequency[:WORDS]]
        heavy = [(row.word, row.weight) for row in side.by_weight[:WORDS]]
        drawn[f"chart_{name}_frequency"] = _bars(
            frequent, f"{say[name]}: {say['frequency']}", colour, "{:,.0f}"
        )
        drawn[f"chart_{name}_tfidf"] = _bars(heavy, f"{say[name]}: {say['weight']}", colour, "{:.4f}")
    files: dict[str, bytes] = {}
    for name, figure in drawn.items():
        if figure is not None:
            # Laid out once for both kinds, not once for each.
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
            files[f"{name}.png"] = _saved(figure, "png")
            files[f"{name}.svg"] = _saved(figure, "svg")
    return files


def _style() -> Any:
    from matplotlib import font_manager

    family = "NanumGothic"
    if family not in {entry.name for entry in font_manager.fontManager.ttflist}:
        font_manager.fontManager.addfont(str(font_path()))
        font_manager.fontManager.addfont(str(font_path("Bold")))
    return {
        "font.family": family,
        "font.size": 10,
        "axes.unicode_minus": False,
        "axes.edgecolor": _SOFT,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "text.color": _INK,
        "axes.labelcolor": _INK,
        "xtick.color": _SOFT,
        "ytick.color": _INK,
        # Words as shapes: an SVG must look the same where the font is missing; and no random ids in it.
        "svg.fonttype": "path",
        "svg.hashsalt": "salpim",
    }


def _plot(rows: int, title: str, height: float | None = None) -> tuple[Figure, Axes]:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_style()):
        figure = Figure(
            figsize=(_WIDTH, height or 1.1 + _ROW * rows), layout="constrained", facecolor="white"
        )
        axes = figure.add_subplot()
        axes.set_title(title, fontsize=12)
    return figure, axes


def _saved(figure: Figure, kind: str) -> bytes:
    out = io.BytesIO()
    metadata: dict[str, Any] = {"Date": None} if kind == "svg" else {"Software": None}
    figure.savefig(out, format=kind, dpi=144, metadata=metadata)
    return out.getvalue()


def _lines(axes: Axes, labels: Sequence[str]) -> None:
    """Horizontal bars, the first on top, each with its name."""
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#e3e7ee", linewidth=0.8)
    axes.set_axisbelow(True)


def _bars(rows: Sequence[tuple[str, float]], title: str, colour: str, shape: str) -> Figure | None:
    if not rows:
        return None
    figure, axes = _plot(len(rows), title)
    bars = axes.barh(range(len(rows)), [value for _, value in rows], color=colour)
    axes.bar_label(bars, [shape.format(value) for _, value in rows], padding=4, fontsize=9, color=_SOFT)
    axes.margins(x=0.14)
    _lines(axes, [word for word, _ in rows])
    return figure


def _stars(report: Report, lang: Lang, say: dict[str, str]) -> Figure | None:
    rows = sorted(report.apps, key=lambda row: (-row.reviews, row.app))[:APPS]
    if not rows:
        return None
    figure, axes = _plot(len(rows), say["chart_stars"], 1.6 + _ROW * len(rows))
    left = [0.0] * len(rows)
    for star in range(5):
        share = [100 * row.stars[star] / row.reviews for row in rows]
        axes.barh(range(len(rows)), share, left=left, color=_STARS[star], label=f"{star + 1}★")
        left = [a + b for a, b in zip(left, share, strict=True)]
    names = [row.name_en if lang == "en" else row.name_ko for row in rows]
    _lines(axes, [f"{name} ({row.reviews:,})" for name, row in zip(names, rows, strict=True)])
    axes.set_xlim(0, 100)
    axes.set_xlabel("%")
    axes.legend(ncols=5, loc="upper left", bbox_to_anchor=(0, -0.16 - 0.2 / len(rows)), frameon=False)
    return figure


def _months(report: Report, say: dict[str, str]) -> Figure | None:
    months = sorted({row.month for row in report.trends.by_app_month})
    if not months:
        return None
    complaints, others = dict.fromkeys(months, 0), dict.fromkeys(months, 0)
    for row in report.trends.by_app_month:
        complaints[row.month] += row.complaints
        others[row.month] += row.reviews - row.complaints
    figure, axes = _plot(0, say["chart_months"], 3.2)
    # Months lie where they belong in time, so that gaps show.
    at = [int(month[:4]) + (int(month[5:]) - 0.5) / 12 for month in months]
    below = [others[month] for month in months]
    axes.bar(at, below, width=0.075, color=PRAISE, label=say["chart_others"])
    axes.bar(
        at,
        [complaints[month] for month in months],
        width=0.075,
        bottom=below,
        color=COMPLAINT,
        label=say["chart_complaints"],
    )
    axes.set_xticks(range(int(at[0]), int(at[-1]) + 2))
    axes.legend(frameon=False)
    axes.grid(axis="y", color="#e3e7ee", linewidth=0.8)
    axes.set_axisbelow(True)
    return figure


def _aspects(report: Report, lang: Lang, say: dict[str, str]) -> Figure | None:
    rows = [row for row in report.aspects if row.share.count]
    if not rows:
        return None
    figure, axes = _plot(len(rows), say["chart_aspects"], 1.5 + _ROW * len(rows))
    blamed = [row.negative.count for row in rows]
    others = [row.share.count - row.negative.count for row in rows]
    axes.barh(range(len(rows)), blamed, color=COMPLAINT, label=say["chart_blamed"])
    bars = axes.barh(range(len(rows)), others, left=blamed, color=PRAISE, label=say["chart_not_blamed"])
    shares = [f"{100 * (row.negative.share or 0):.0f} %" for row in rows]
    axes.bar_label(bars, shares, padding=4, fontsize=9, color=_SOFT)
    axes.margins(x=0.1)
    _lines(axes, [row.name_en if lang == "en" else row.name_ko for row in rows])
    axes.legend(frameon=False, loc="lower right")
    return figure


def _keyness(report: Report, say: dict[str, str]) -> Figure | None:
    key = report.contrast.keyness
    rows = [*key.high[:WORDS], *reversed(key.low[:WORDS])]
    if not rows:
        return None
    figure, axes = _plot(len(rows), say["keyness"])
    axes.barh(
        range(len(rows)), [row.z for row in rows], color=[PRAISE if row.z > 0 else COMPLAINT for row in rows]
    )
    axes.axvline(0, color=_SOFT, linewidth=0.8)
    axes.set_xlabel(say["z"])
    _lines(axes, [row.word for row in rows])
    return figure


def _topics(report: Report, say: dict[str, str]) -> Figure | None:
    topics = report.topics.topics
    if not topics:
        return None
    figure, axes = _plot(len(topics), say["topics"], 1.5 + _ROW * len(topics))
    blamed = [topic.negative.count for topic in topics]
    axes.barh(range(len(topics)), blamed, color=COMPLAINT, label=say["chart_complaints"])
    others = [topic.reviews - count for topic, count in zip(topics, blamed, strict=True)]
    axes.barh(range(len(topics)), others, left=blamed, color=PRAISE, label=say["chart_others"])
    _lines(axes, [topic.label for topic in topics])
    axes.legend(frameon=False, loc="lower right")
    return figure
