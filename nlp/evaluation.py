"""Everything ``python -m nlp evaluate`` measures, as data and as a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nlp.aspects.evaluate import evaluate as evaluate_aspects
from nlp.aspects.evaluate import gold, second_reading
from nlp.model import POLARITIES
from nlp.reading import Reader, Reading
from nlp.reviews import Review
from nlp.sentiment import corpora
from nlp.sentiment.ceiling import beside_readers
from nlp.sentiment.gate import measure
from nlp.sentiment.learning import Recipe


def evaluate(folder: Path, tell: Callable[[str], None], *, gate: bool = True) -> dict[str, Any]:
    """The gate (unless left out), aspects, and polarity, on the corpora in ``folder``.

    Raises ``OSError`` where a corpus is missing and ``LookupError`` where labelled reviews are.
    """
    reviews = corpora.telemedicine(folder)
    figures: dict[str, Any] = {}
    if gate:
        texts, others = corpora.of_stars(reviews), corpora.others(folder)
        figures["gate"], _calibration, found = measure(texts, others, Recipe(), tell, with_baseline=True)
        readers = {"reader": gold(), "second_reader": second_reading()}
        figures["gate"]["readers"] = beside_readers(
            [review for review in reviews if review.star != 3],
            found,
            {name: {label.key: label.polarity for label in labels} for name, labels in readers.items()},
        )
    figures["aspects"] = evaluate_aspects(reviews)
    figures["polarity"] = _polarity(reviews)
    return figures


def _polarity(reviews: Sequence[Review]) -> dict[str, Any]:
    """How the reader's polarity of reviews and of their aspects agrees with what was read, by half.

    The sentiment model was trained on these reviews' stars, though never on these labels.
    """
    by_key = {review.key: review for review in reviews}
    reader = Reader.load()
    out: dict[str, Any] = {}
    for half in ("tune", "report"):
        labels = [label for label in gold() if label.half == half]
        readings = reader.read([by_key[label.key] for label in labels])
        out[half] = {
            "reviews": len(labels),
            "accuracy": _share(
                [label.polarity == r.polarity for label, r in zip(labels, readings, strict=True)]
            ),
            "confusion": {
                true: {
                    found: sum(
                        label.polarity == true and r.polarity == found
                        for label, r in zip(labels, readings, strict=True)
                    )
                    for found in POLARITIES
                }
                for true in POLARITIES
            },
            "aspects_blamed_or_praised_rightly": _share(
                [
                    right
                    for label, reading in zip(labels, readings, strict=True)
                    for right in _signs(label.aspects, reading)
                ]
            ),
        }
    return out


def _signs(true: dict[str, str], reading: Reading) -> list[bool]:
    """For each aspect that is praised or blamed and was found: whether it was read so."""
    wanted = {"+": ("pos", "mixed"), "-": ("neg", "mixed")}
    return [
        mention.polarity in wanted[true[mention.aspect]]
        for mention in reading.mentions
        if true.get(mention.aspect) in wanted
    ]


def _share(right: list[bool]) -> dict[str, float | int]:
    return {"right": sum(right), "of": len(right), "share": round(sum(right) / max(1, len(right)), 4)}


def markdown(figures: dict[str, Any]) -> str:
    """The figures as a page."""
    lines: list[str] = ["# Evaluation", ""]
    if "gate" in figures:
        lines += _gate(figures["gate"])
    lines += _aspects(figures["aspects"]) + _polarities(figures["polarity"])
    return "\n".join(lines) + "\n"


def _gate(gate: dict[str, Any]) -> list[str]:
    base = gate["baseline"]
    return [
        f"## Sentiment: {gate['split']}",
        "",
        f"{gate['reviews']} reviews, {gate['complaints']} complaints; 95 % bootstrap intervals over reviews.",
        "",
        "| | model | baseline |",
        "|---|---|---|",
        f"| macro-F1 | {_figure(gate['macro_f1'])} | {_figure(base['macro_f1'])} |",
        f"| AUC | {_figure(gate['auc'])} | {_figure(base['auc'])} |",
        (
            f"| false alarms / missed | {gate['false_alarms']} / {gate['missed']} "
            f"| {base['false_alarms']} / {base['missed']} |"
        ),
        f"| ECE | {gate['ece']:.4f} | |",
        "",
        (
            f"Over the baseline, on the same drawn reviews: {_figure(gate['over_baseline']['macro_f1'])}, "
            f"not better in {100 * gate['over_baseline']['p']:.1f} % of draws."
        ),
        "",
        *_beside_readers(gate["readers"]),
    ]


def _beside_readers(found: dict[str, Any]) -> list[str]:
    names = {"reader": "a reader", "second_reader": "a second reader", "model": "the model"}
    return [
        (
            f"Two readers labelled what the words of {found['reviews']} of these reviews say ({found['complaints']} "
            "complaints by their stars). Judged by the stars, as the model is:"
        ),
        "",
        "| | macro-F1 | AUC | false alarms / missed |",
        "|---|---|---|---|",
        *(
            f"| {name} | {_figure(found[key]['macro_f1'])} | {_figure(found[key]['auc'])} "
            f"| {found[key]['false_alarms']} / {found[key]['missed']} |"
            for key, name in names.items()
        ),
        "",
    ]


def _aspects(aspects: dict[str, Any]) -> list[str]:
    report = aspects["report"]
    lines = [
        f"## Aspects (data of {aspects['data']}): {report['reviews']} reviews of the half kept for reporting",
        "",
        "| way | precision | recall | micro-F1 (95 %) |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {way} | {m['precision']:.3f} | {m['recall']:.3f} | {m['f1']:.3f} ({m['low']:.3f}–{m['high']:.3f}) |"
        for way, m in report["micro"].items()
    ]
    other = report["second_reader"]
    micro = other["micro"]
    lines += [
        "",
        (
            f"Two readers of these reviews agree at micro-F1 {micro['f1']:.3f} "
            f"({micro['low']:.3f}–{micro['high']:.3f}), and in the polarity of {other['same_polarity']}. "
            f"By the second reader's labels the patterns reach {other['patterns']['f1']:.3f} "
            f"({other['patterns']['low']:.3f}–{other['patterns']['high']:.3f})."
        ),
    ]
    lines += [
        "",
        "| aspect | positives | found | right | precision | recall | F1 |",
        "|---|---|---|---|---|---|---|",
    ]
    for key, row in report["aspects"].items():
        rates = [f"{row[name]:.2f}" if name in row else "–" for name in ("precision", "recall", "f1")]
        lines.append(
            f"| {key} | {row['positives']} | {row['found']} | {row['right']} | {' | '.join(rates)} |"
        )
    return [*lines, "", "–: fewer than ten positives, no figure is claimed.", ""]


def _polarities(halves: dict[str, Any]) -> list[str]:
    lines = ["## Polarity of reviews and of aspects, beside what was read", ""]
    for half, row in halves.items():
        whole, signs = row["accuracy"], row["aspects_blamed_or_praised_rightly"]
        lines.append(
            f"- {half}: {whole['right']} of {whole['of']} reviews ({whole['share']:.3f}); "
            f"{signs['right']} of {signs['of']} aspects found ({signs['share']:.3f})"
        )
    return lines


def _figure(figure: dict[str, float]) -> str:
    return f"{figure['value']:.4f} ({figure['low']:.4f}–{figure['high']:.4f})"
