"""The model card, made from the metrics so that no figure in it is typed by hand."""

from __future__ import annotations

from typing import Any


def card(metrics: dict[str, Any]) -> str:
    """MODEL_CARD.md."""
    model, gate = metrics["model"], metrics["gate"]
    trained = model["trained"]
    apps = "\n".join(
        f"| {app} | {row['reviews']} | {row['complaints']} | {row['wrong']} |"
        for app, row in gate["apps"].items()
    )
    bins = "\n".join(
        f"| {r['bin'] / 10:.1f}–{(r['bin'] + 1) / 10:.1f} | {r['reviews']} | {r['said']:.3f} | {r['was']:.3f} |"
        for r in gate["reliability"]
    )
    return f"""# Does a review complain?

What it gives: the probability, 0 to 1, that a Korean app review or one of its sentences complains; 0.5 is the
decision. It reads words alone, never stars. File `complaint.npz`, {model["bytes"] / 1e6:.2f} MB, sha256
`{model["sha256"]}`; loaded without pickle and checked against this figure.

## How it is made

Hashed character n-grams (of words with their edges, 1–4; of the text without spaces, 2–5; what 안, 못, -지 않다 or
-지 못하다 negates in letters of its own, after Das and Chen 2001), inverse document frequency, weighted logistic
regression, Platt calibration on reviews of apps that were held out. Trained on
{trained["on"]} by `python -m nlp train` on {trained["telemedicine"]} reviews of eight telemedicine apps (≤2★ complain,
≥4★ do not), {trained["fitness"]} of fitness apps, {trained["films"]} of films (NSMC, CC0; rating ≤4 and ≥8) and
{trained["sentences"]} sentences of our own, most of them written after mistakes on held-out apps had been read (near-paraphrases
taken out), the rest negations. The reviews are training data only; no text of theirs is in the file.

## Figures

{gate["split"]}: {gate["reviews"]} reviews, {gate["complaints"]} complaints. Intervals: 95 %, bootstrap over reviews.

| | this model | baseline (character 1–4-grams, unweighted) |
|---|---|---|
| macro-F1 | {_f(gate["macro_f1"])} | {_f(gate["baseline"]["macro_f1"])} |
| AUC | {_f(gate["auc"])} | {_f(gate["baseline"]["auc"])} |
| false alarms / missed | {_wrong(gate)} | {_wrong(gate["baseline"])} |
| ECE (10 bins) | {gate["ece"]:.4f} | |

Better than the baseline by {_f(gate["over_baseline"]["macro_f1"])} macro-F1 on the same drawn reviews
(share of draws in which it is not: {gate["over_baseline"]["p"]}).

| app held out | reviews | complaints | wrong |
|---|---|---|---|
{apps}

| said | reviews | mean said | complained |
|---|---|---|---|
{bins}

## Limits

The reviews of these eight apps until 2023-09 are what it learned from: on them it is surer than on others (nearly every star is
known to it), so a report about them finds few reviews whose stars and words disagree. The figures above are of apps held out.
Stars are the labels: a 5★ review whose words complain counts as a mistake of the model here, and such reviews are
part of what is left. Irony, and complaints about something else than the app, are read as what the words say.
Korean only. Reviews of 2020-03 to 2023-09; words change. Not for judging people.
"""


def _wrong(row: dict[str, Any]) -> str:
    return f"{row['false_alarms']} / {row['missed']}"


def _f(figure: dict[str, float]) -> str:
    return f"{figure['value']:.4f} ({figure['low']:.4f}–{figure['high']:.4f})"
