"""The report's tables as CSV files that a spreadsheet opens as they are (UTF-8 with a byte-order mark)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from nlp.model import Quote, Report, Share, Side

Cell = str | int | float
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def tables(report: Report) -> dict[str, bytes]:
    """File name → content."""
    owner, key = report.contrast.owner, report.contrast.keyness
    return {
        "apps.csv": csv_bytes(
            ("app", "name_ko", "name_en", "reviews", "mean_star", "1", "2", "3", "4", "5", "first", "last"),
            (
                (a.app, a.name_ko, a.name_en, a.reviews, a.mean_star, *a.stars, a.first, a.last)
                for a in report.apps
            ),
        ),
        "months.csv": csv_bytes(("month", "reviews"), report.totals.by_month.items()),
        "words_high.csv": _side(owner.high),
        "words_low.csv": _side(owner.low),
        "keyness.csv": csv_bytes(
            ("word", "pos", "count_4_5", "count_1_2", "log_odds", "z"),
            ((w.word, w.pos, w.high_count, w.low_count, w.log_odds, w.z) for w in (*key.high, *key.low)),
        ),
        "samples.csv": csv_bytes(
            ("side", "key", "app", "star", "at", "title", "review", "centrality"),
            (
                (side, s.key, s.app, s.star, s.at, s.title, s.text, s.centrality)
                for side, quotes in (("high", report.samples.high), ("low", report.samples.low))
                for s in quotes
            ),
        ),
    } | _read(report)


def _read(report: Report) -> dict[str, bytes]:
    """What was read in the reviews rather than counted."""
    sentiment = report.sentiment
    return {
        "phrases.csv": csv_bytes(
            ("phrase", "count_4_5", "count_1_2", "log_odds", "z"),
            (
                (p.word, p.high_count, p.low_count, p.log_odds, p.z)
                for p in (*report.contrast.keyness.high_phrases, *report.contrast.keyness.low_phrases)
            ),
        ),
        "sentiment.csv": csv_bytes(
            ("app", *_SHARE), ((app, *_share(share)) for app, share in sentiment.by_app.items())
        ),
        "disagree.csv": csv_bytes(_QUOTE, (_quote(quote) for quote in sentiment.disagree)),
        "aspects.csv": csv_bytes(
            ("aspect", "name_ko", "name_en", *_SHARE, "mean_star", *(f"negative_{c}" for c in _SHARE)),
            (
                (a.key, a.name_ko, a.name_en, *_share(a.share), _or_blank(a.mean_star), *_share(a.negative))
                for a in report.aspects
            ),
        ),
        "aspects_by_app.csv": csv_bytes(
            ("aspect", "app", *_SHARE, *(f"negative_{c}" for c in _SHARE)),
            (
                (a.key, app, *_share(share), *_share(a.negative_by_app[app]))
                for a in report.aspects
                for app, share in a.by_app.items()
            ),
        ),
        "aspects_by_month.csv": csv_bytes(
            ("aspect", "month", "reviews", "negative"),
            ((a.key, m.month, m.reviews, m.negative) for a in report.aspects for m in a.by_month),
        ),
        "aspect_quotes.csv": csv_bytes(
            ("aspect", "side", *_QUOTE),
            (
                (a.key, side, *_quote(quote))
                for a in report.aspects
                for side, quotes in (("complaint", a.complaints), ("praise", a.praise))
                for quote in quotes
            ),
        ),
        "topics.csv": csv_bytes(
            ("topic", "label", "words", "coherence", "reviews", "share", "mean_star", "complaints"),
            (
                (t.number, t.label, " ".join(t.words), t.coherence, t.reviews, t.share,
                 _or_blank(t.mean_star), t.negative.count)
                for t in report.topics.topics
            ),
        ),
        "trends.csv": csv_bytes(
            ("app", "month", "reviews", "mean_star", "complaints"),
            ((r.app, r.month, r.reviews, r.mean_star, r.complaints) for r in report.trends.by_app_month),
        ),
        "versions.csv": csv_bytes(
            ("app", "version", "first", "reviews", "mean_star", "complaints"),
            (
                (r.app, r.version, r.first, r.reviews, r.mean_star, r.complaints.count)
                for r in report.trends.by_version
            ),
        ),
        "hypotheses.csv": csv_bytes(
            ("hypothesis", "bursts", "test", "measure", "effect", "low", "high", "p", "verdict", "note_ko",
             "note_en"),
            (
                (h.key, bursts, h.test, h.measure, _or_blank(h.effect), _or_blank(h.low), _or_blank(h.high),
                 _or_blank(h.p), h.verdict, h.note_ko, h.note_en)
                for whole in report.hypotheses
                for bursts, h in (("with", whole), ("without", whole.without_bursts))
                if h is not None
            ),
        ),
        "insights.csv": csv_bytes(
            ("rank", "key", "finding", "holds", "claim_ko", "claim_en", *_SHARE, "suggestion_ko",
             "suggestion_en", "metric_ko", "metric_en"),
            (
                (c.rank, c.key, c.finding, str(c.holds), c.claim_ko, c.claim_en, *_share(c.evidence),
                 c.suggestion_ko, c.suggestion_en, c.metric_ko, c.metric_en)
                for c in report.insights
            ),
        ),
    }  # fmt: skip


_SHARE = ("count", "of", "share", "low", "high")
_QUOTE = ("key", "app", "star", "at", "title", "review", "about", "complaint_probability", "polarity")


def _share(share: Share) -> tuple[Cell, ...]:
    figures = (share.share, share.low, share.high)
    return (share.count, share.of, *(_or_blank(x) for x in figures))


def _quote(q: Quote) -> tuple[Cell, ...]:
    return (q.key, q.app, q.star, q.at, q.title, q.text, q.about, q.complaint_probability, q.polarity)


def _or_blank(value: float | None) -> Cell:
    return "" if value is None else value


def _side(side: Side) -> bytes:
    rows = [("frequency", rank, row) for rank, row in enumerate(side.by_frequency, 1)]
    rows += [("tf_idf", rank, row) for rank, row in enumerate(side.by_weight, 1)]
    return csv_bytes(
        ("table", "rank", "word", "pos", "count", "reviews", "tf_idf"),
        ((table, rank, r.word, r.pos, r.count, r.reviews, r.weight) for table, rank, r in rows),
    )


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A CSV file. Text that a spreadsheet would run as a formula gets an apostrophe in front."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig")


def _harmless(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
