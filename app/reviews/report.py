"""A stored report as pages and downloads need it. The report itself is `nlp`'s; here it is only read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.reviews.models import Analysis, StoreApp

MAJOR_VERSION = "2"
SIDES = ("high", "low")
STARS = (1, 2, 3, 4, 5)
YEARS = 50

Data = dict[str, Any]
Row = Iterable[Any]


class UnreadableReport(Exception):
    """The report was written by another version than this page can show."""


@dataclass(frozen=True)
class Table:
    """One table to download: the columns' names and where the rows come from."""

    columns: tuple[str, ...]
    rows: Callable[[Data], Iterable[Row]]


def load(analysis: Analysis) -> Data:
    """Return the report of a finished analysis as plain data; raise `UnreadableReport`."""
    try:
        data: Data = json.loads(analysis.report or "")
        version = str(data["version"])
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableReport from error
    if version.split(".")[0] != MAJOR_VERSION:
        raise UnreadableReport(version)
    return data


def rename(data: Data, names: Mapping[str, StoreApp]) -> Data:
    """Call the apps of a report what the portal calls them: `nlp` knows only those that are shipped with it."""
    for row in (*data["apps"], *data.get("bursts", ()), *data.get("left_out", ())):
        if known := names.get(row["app"]):
            row["name_ko"], row["name_en"] = known.name_ko, known.name_en
    return data


@dataclass(frozen=True)
class Evidence:
    """What to ask an index for to see the reviews that a card counts; not `exact`: it counts some of them."""

    asked: Mapping[str, str]
    exact: bool


#: The study's findings. Three speak of places by patterns of words that no question can ask for.
_STUDY = {
    "study_convenience": Evidence({"aspect": "ease", "aspect_polarity": "pos", "stars": "4,5"}, exact=True),
    "study_capital": Evidence({"aspect": "hospital_connection", "aspect_polarity": "pos"}, exact=False),
    "study_province": Evidence({"aspect": "hospital_connection", "aspect_polarity": "neg"}, exact=False),
    "study_visit_demanded": Evidence({"aspect": "visit_demanded", "aspect_polarity": "neg"}, exact=True),
    "study_other_region": Evidence({"aspect": "region", "aspect_polarity": "neg"}, exact=False),
}


def evidence_of(card: Data) -> Evidence | None:
    """Return what leads to the reviews behind a card; None where there are none."""
    if not card["evidence"]["count"]:
        return None
    if card["finding"] == "study":
        return _STUDY.get(card["key"])
    aspect = card["key"].removeprefix("strength_")
    polarity = "neg" if aspect == card["key"] else "pos"
    return Evidence({"aspect": aspect, "aspect_polarity": polarity}, exact=True)


def top_words(data: Data, side: str, count: int = 12, *, by: str = "by_weight") -> list[str]:
    """Return the words that stand largest in the cloud of one side, each once."""
    words = [row["word"] for row in data["contrast"]["owner"][side][by]]
    return list(dict.fromkeys(words))[:count]


def months(data: Data) -> list[tuple[str, int]]:
    """Return (month, reviews) from the first month to the last, also those without any, in Korean time.

    Over more than `YEARS` only those with any: reviews that came in before dates were checked may be of any year.
    """
    counts: dict[str, int] = data["totals"]["by_month"]
    if not counts:
        return []
    year, month = map(int, min(counts).split("-"))
    if int(max(counts)[:4]) - year > YEARS:
        return sorted(counts.items())
    found = []
    while (name := f"{year:04}-{month:02}") <= max(counts):
        found.append((name, counts.get(name, 0)))
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return found


def _apps(data: Data) -> Iterable[Row]:
    for row in data["apps"]:
        yield [row["app"], row["name_ko"], row["name_en"], row["reviews"], row["mean_star"], *row["stars"],
               row["first"], row["last"]]  # fmt: skip


def _months(data: Data) -> Iterable[Row]:
    yield from data["totals"]["by_month"].items()


def _words(by: str) -> Callable[[Data], Iterable[Row]]:
    def rows(data: Data) -> Iterable[Row]:
        for side in SIDES:
            for rank, row in enumerate(data["contrast"]["owner"][side][by], 1):
                label = "≥3★" if side == "high" else "≤3★"
                yield [label, rank, row["word"], row["pos"], row["count"], row["reviews"], row["weight"]]

    return rows


def _keyness(data: Data) -> Iterable[Row]:
    for side in SIDES:
        for rank, row in enumerate(data["contrast"]["keyness"][side], 1):
            label = "≥4★" if side == "high" else "≤2★"
            yield [label, rank, row["word"], row["pos"], row["high_count"], row["low_count"], row["log_odds"],
                   row["z"]]  # fmt: skip


def _samples(data: Data) -> Iterable[Row]:
    for side in SIDES:
        for row in data["samples"][side]:
            label = "≥4★" if side == "high" else "≤2★"
            yield [label, row["app"], row["star"], row["at"], row["title"], row["text"], row["centrality"]]


def _share(share: dict[str, Any]) -> Row:
    return (share["count"], share["of"], share["share"], share["low"], share["high"])


def _phrases(data: Data) -> Iterable[Row]:
    for side in SIDES:
        for row in data["contrast"]["keyness"][f"{side}_phrases"]:
            label = "≥4★" if side == "high" else "≤2★"
            yield [label, row["word"], row["high_count"], row["low_count"], row["log_odds"], row["z"]]


def _aspects(data: Data) -> Iterable[Row]:
    for row in data["aspects"]:
        yield [row["key"], row["name_ko"], row["name_en"], *_share(row["share"]), row["mean_star"],
               *_share(row["negative"])]  # fmt: skip


def _aspects_by_app(data: Data) -> Iterable[Row]:
    for row in data["aspects"]:
        for app, share in row["by_app"].items():
            yield [row["key"], app, *_share(share), *_share(row["negative_by_app"][app])]


def _aspects_by_month(data: Data) -> Iterable[Row]:
    for row in data["aspects"]:
        for month in row["by_month"]:
            yield [row["key"], month["month"], month["reviews"], month["negative"]]


def _topics(data: Data) -> Iterable[Row]:
    for row in data["topics"]["topics"]:
        yield [row["number"], row["label"], " ".join(row["words"]), row["coherence"], row["reviews"],
               row["share"], row["mean_star"], *_share(row["negative"])]  # fmt: skip


def _trends(data: Data) -> Iterable[Row]:
    for row in data["trends"]["by_app_month"]:
        yield [row["app"], row["month"], row["reviews"], row["mean_star"], row["complaints"]]


def _versions(data: Data) -> Iterable[Row]:
    for row in data["trends"]["by_version"]:
        yield [row["app"], row["version"], row["first"], row["reviews"], row["mean_star"],
               *_share(row["complaints"])]  # fmt: skip


def _disagree(data: Data) -> Iterable[Row]:
    for row in data["sentiment"]["disagree"]:
        yield [row["app"], row["star"], row["at"], row["title"], row["text"], row["complaint_probability"],
               row["polarity"]]  # fmt: skip


def _hypotheses(data: Data) -> Iterable[Row]:
    for whole in data["hypotheses"]:
        for bursts, row in (("with", whole), ("without", whole["without_bursts"])):
            if row:
                yield [row["key"], bursts, row["test"], row["measure"], row["effect"], row["low"], row["high"],
                       row["p"], row["verdict"], row["note_ko"], row["note_en"]]  # fmt: skip


def _insights(data: Data) -> Iterable[Row]:
    for row in data["insights"]:
        yield [row["rank"], row["key"], row["finding"], row["holds"], row["claim_ko"], row["claim_en"],
               *_share(row["evidence"]), row["suggestion_ko"], row["suggestion_en"], row["metric_ko"],
               row["metric_en"]]  # fmt: skip


_SHARE_COLUMNS = ("count", "of", "share", "low", "high")
_BLAME_COLUMNS = tuple(f"negative_{name}" for name in _SHARE_COLUMNS)
_WORD_COLUMNS = ("side", "rank", "word", "pos", "count", "reviews", "tfidf_weight")
TABLES: dict[str, Table] = {
    "apps": Table(
        ("app", "name_ko", "name_en", "reviews", "mean_star", *(f"star_{s}" for s in STARS), "first", "last"),
        _apps,
    ),
    "months": Table(("month_kst", "reviews"), _months),
    "words-frequency": Table(_WORD_COLUMNS, _words("by_frequency")),
    "words-tfidf": Table(_WORD_COLUMNS, _words("by_weight")),
    "keyness": Table(("side", "rank", "word", "pos", "count_4_5", "count_1_2", "log_odds", "z"), _keyness),
    "phrases": Table(("side", "phrase", "count_4_5", "count_1_2", "log_odds", "z"), _phrases),
    "insights": Table(
        (
            "rank",
            "key",
            "finding",
            "holds",
            "claim_ko",
            "claim_en",
            *_SHARE_COLUMNS,
            "suggestion_ko",
            "suggestion_en",
            "metric_ko",
            "metric_en",
        ),
        _insights,
    ),
    "aspects": Table(
        ("aspect", "name_ko", "name_en", *_SHARE_COLUMNS, "mean_star", *_BLAME_COLUMNS), _aspects
    ),
    "aspects-by-app": Table(("aspect", "app", *_SHARE_COLUMNS, *_BLAME_COLUMNS), _aspects_by_app),
    "aspects-by-month": Table(("aspect", "month_kst", "reviews", "negative"), _aspects_by_month),
    "topics": Table(
        ("topic", "label", "words", "coherence", "reviews", "share", "mean_star", *_BLAME_COLUMNS), _topics
    ),
    "trends": Table(("app", "month_kst", "reviews", "mean_star", "complaints"), _trends),
    "versions": Table(
        (
            "app",
            "version",
            "first_kst",
            "reviews",
            "mean_star",
            *(f"complaints_{name}" for name in _SHARE_COLUMNS),
        ),
        _versions,
    ),
    "disagree": Table(
        ("app", "star", "posted_at_kst", "title", "text", "complaint_probability", "polarity"), _disagree
    ),
    "hypotheses": Table(
        (
            "hypothesis",
            "bursts",
            "test",
            "measure",
            "effect",
            "low",
            "high",
            "p",
            "verdict",
            "note_ko",
            "note_en",
        ),
        _hypotheses,
    ),
    "samples": Table(("side", "app", "star", "posted_at_kst", "title", "text", "centrality"), _samples),
}


def table_csv(data: Data, name: str) -> bytes:
    """Return the table `name` of `TABLES` as CSV that a spreadsheet opens (UTF-8 with BOM)."""
    table = TABLES[name]
    return to_csv(table.columns, table.rows(data))


def to_csv(columns: Iterable[str], rows: Iterable[Row]) -> bytes:
    """Return CSV in UTF-8 with BOM; no cell can be taken for a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _harmless(cell: Any) -> Any:
    # A review may begin with "=": a spreadsheet would run it (CWE-1236).
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
