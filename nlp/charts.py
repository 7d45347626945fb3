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
NAMES = (
    "chart_stars", "chart_months", "chart_aspects", "chart_keyness", "chart_topics",
    "chart_high_frequency", "chart_high_tfidf", "chart_low_frequency", "chart_low_tfidf",
)  # fmt: skip
#: Margins in inches; matplotlib's own search for them takes as long as the drawing.
_EDGE, _RIGHT, _TOP, _BOTTOM, _BELOW = 0.12, 0.28, 0.42, 0.34, 0.24


def charts(report: Report, lang: Lang = "ko", names: Sequence[str] = NAMES) -> dict[str, bytes]:
    """File name → content: the charts called ``names`` as PNG (144 dpi) and SVG, the same bytes each time.

    A chart that has nothing to show is left out. Raises ``FontMissing``.
    """
    from matplotlib import rc_context

    # Without a home it may write to, matplotlib warns; nothing of it concerns us.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    files: dict[str, bytes] = {}
    with rc_context(_style()):
        for name in names:
            figure = _figure(name, report, lang)
            if figure is not None:
                files[f"{name}.png"] = _saved(figure, "png")
                files[f"{name}.svg"] = _saved(figure, "svg")
    return files


def make_ready() -> None:
    """Load what the first chart would wait for."""
    from matplotlib import rc_context

    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    with rc_context(_style()):
        for kind in ("png", "svg"):
            _saved(_plot(1, "살핌")[0], kind)


def _figure(name: str, report: Report, lang: Lang) -> Figure | None:
    say = texts(lang)
    match name.removeprefix("chart_").split("_"):
        case ["stars"]:
            return _stars(report, lang, say)
        case ["months"]:
            return _months(report, say)
        case ["aspects"]:
            return _aspects(report, lang, say)
        case ["keyness"]:
            return _keyness(report, say)
        case ["topics"]:
            return _topics(report, say)
    _chart, which, measure = name.split("_")
    owner = report.contrast.owner
    side, colour = (owner.high, PRAISE) if which == "high" else (owner.low, COMPLAINT)
    if measure == "frequency":
        rows = [(row.word, float(row.count)) for row in side.by_frequency[:WORDS]]
        return _bars(rows, f"{say[which]}: {say['frequency']}", colour, "{:,.0f}")
    heavy = [(row.word, row.weight) for row in side.by_weight[:WORDS]]
    return _bars(heavy, f"{say[which]}: {say['weight']}", colour, "{:.4f}")


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


def _plot(
    rows: int, title: str, height: float | None = None, *, labels: Sequence[str] = (), below: float = 0.0
) -> tuple[Figure, Axes]:
    """A figure with room for a title, for ``labels`` on the left, and ``below`` inches more under the axis."""
    from matplotlib.figure import Figure

    tall = (height or 1.1 + _ROW * rows) + below
    figure = Figure(figsize=(_WIDTH, tall), facecolor="white")
    left = _EDGE + (_wide(labels) + 0.1 if labels else 0.5)
    axes = figure.add_axes(
        (
            left / _WIDTH,
            (_BOTTOM + below) / tall,
            (_WIDTH - left - _RIGHT) / _WIDTH,
            (tall - _TOP - _BOTTOM - below) / tall,
        )
    )
    # Over the labels too: a long title needs the figure's width.
    figure.text(_EDGE / _WIDTH, 1 - 0.28 / tall, title, fontsize=12, fontweight="bold")
    return figure, axes


def _wide(labels: Sequence[str]) -> float:
    """Width in inches of the widest of ``labels`` at 10 points."""
    from PIL import ImageFont

    font = ImageFont.truetype(str(font_path()), 100)
    return max(font.getlength(label) for label in labels) / 10 / 72


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
    axes.margins(y=0.02)
    axes.grid(axis="x", color="#e3e7ee", linewidth=0.8)
    axes.set_axisbelow(True)


def _bars(rows: Sequence[tuple[str, float]], title: str, colour: str, shape: str) -> Figure | None:
    if not rows:
        return None
    figure, axes = _plot(len(rows), title, labels=[word for word, _ in rows])
    bars = axes.barh(range(len(rows)), [value for _, value in rows], color=colour)
    axes.bar_label(bars, [shape.format(value) for _, value in rows], padding=4, fontsize=9, color=_SOFT)
    axes.margins(x=0.14)
    _lines(axes, [word for word, _ in rows])
    return figure


def _stars(report: Report, lang: Lang, say: dict[str, str]) -> Figure | None:
    rows = sorted(report.apps, key=lambda row: (-row.reviews, row.app))[:APPS]
    if not rows:
        return None
    names = [row.name_en if lang == "en" else row.name_ko for row in rows]
    labels = [f"{name} ({row.reviews:,})" for name, row in zip(names, rows, strict=True)]
    figure, axes = _plot(len(rows), say["chart_stars"], labels=labels, below=0.5)
    left = [0.0] * len(rows)
    for star in range(5):
        share = [100 * row.stars[star] / row.reviews for row in rows]
        axes.barh(range(len(rows)), share, left=left, color=_STARS[star], label=f"{star + 1}★")
        left = [a + b for a, b in zip(left, share, strict=True)]
    _lines(axes, labels)
    axes.set_xlim(0, 100)
    axes.set_xlabel("%")
    figure.legend(ncols=5, loc="lower center", frameon=False)
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
    labels = [row.name_en if lang == "en" else row.name_ko for row in rows]
    figure, axes = _plot(len(rows), say["chart_aspects"], labels=labels)
    blamed = [row.negative.count for row in rows]
    others = [row.share.count - row.negative.count for row in rows]
    axes.barh(range(len(rows)), blamed, color=COMPLAINT, label=say["chart_blamed"])
    bars = axes.barh(range(len(rows)), others, left=blamed, color=PRAISE, label=say["chart_not_blamed"])
    shares = [f"{100 * (row.negative.share or 0):.0f} %" for row in rows]
    axes.bar_label(bars, shares, padding=4, fontsize=9, color=_SOFT)
    axes.margins(x=0.1)
    _lines(axes, labels)
    axes.legend(frameon=False, loc="lower right")
    return figure


def _keyness(report: Report, say: dict[str, str]) -> Figure | None:
    key = report.contrast.keyness
    rows = [*key.high[:WORDS], *reversed(key.low[:WORDS])]
    if not rows:
        return None
    figure, axes = _plot(len(rows), say["keyness"], labels=[row.word for row in rows], below=_BELOW)
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
    figure, axes = _plot(len(topics), say["topics"], labels=[topic.label for topic in topics])
    blamed = [topic.negative.count for topic in topics]
    axes.barh(range(len(topics)), blamed, color=COMPLAINT, label=say["chart_complaints"])
    others = [topic.reviews - count for topic, count in zip(topics, blamed, strict=True)]
    axes.barh(range(len(topics)), others, left=blamed, color=PRAISE, label=say["chart_others"])
    _lines(axes, [topic.label for topic in topics])
    axes.legend(frameon=False, loc="lower right")
    return figure
