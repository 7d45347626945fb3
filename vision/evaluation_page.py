"""An evaluation as people read it: Markdown, JSON and plots in a folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from vision.classes import KEYS
from vision.strata import SMALLEST

CAUTION = (
    "**Not an independent measurement: {count} of these pictures served to set this model's calibration, "
    "limits and thresholds. `--split test` leaves them out.**"
)
SMALL = f"fewer than {SMALLEST} pictures"
READING_IT = """\
Intervals: 95 %, bootstrap over lesions or patients. `top` decides accuracy, sensitivity, precision and abstention,
`probabilities` calibration. Sensitivity at a specificity, and the reverse, are read off these pictures' own ROC curve;
the thresholds that ship are judged in the model card. Beside the ECE: what a model with exact probabilities would
show on so few pictures. Conformal coverage is the share of pictures whose label is in
`prediction_set`, `n` the pictures of the class."""

JOINTLY = """\
By lesion: of those with two photos or more that can be read, all photos of each are read together. Else each photo by
itself. Loss: mean negative log-likelihood. Sensitivity, specificity and PPV are at the thresholds that ship."""


def markdown(result: dict[str, Any]) -> str:
    """The evaluation as Markdown: a row a figure, a column a source; then people, curves, and what was asked for."""
    strata = result["strata"]
    setting = result["measured_though_used_to_set_thresholds"]
    parts = [
        f"# {result['model']['name']} {result['model']['version']}",
        "\n".join(
            [
                f"Split: {result['split'] or 'all'}.",
                f"Left out because trained on: {result['left_out_as_trained_on']}.",
                f"Left out because missing or damaged: {result['left_out_unreadable']}.",
            ]
        ),
        *([CAUTION.format(count=setting)] if setting else []),
        READING_IT,
        _figures(strata),
        *_confusions(strata),
        *_people(result["people"]),
        *_jointly(result["jointly"]),
        *_curves(strata),
        *(_strangers(result["out_of_distribution"]) if "out_of_distribution" in result else []),
        *(_robustness(result["robustness"]) if "robustness" in result else []),
        *(_leakage(result["leakage"]) if "leakage" in result else []),
    ]
    return "\n\n".join(parts) + "\n"


def write(result: dict[str, Any], out: Path) -> list[str]:
    """Write evaluation.json, evaluation.md and the plots into a folder; their names."""
    from vision.plots import draw

    out.mkdir(parents=True, exist_ok=True)
    (out / "evaluation.json").write_text(
        json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    (out / "evaluation.md").write_text(markdown(result), encoding="utf-8")
    return ["evaluation.json", "evaluation.md", *draw(result, out)]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _cell(figure: dict[str, Any] | None) -> str:
    if not figure:
        return "–"
    span, n = figure["interval"], figure.get("n")
    text = f"{figure['value']:.3f}" + (f" ({span[0]:.3f}–{span[1]:.3f})" if span else "")
    if "by_chance" in figure:
        text += f", by chance alone {figure['by_chance']:.3f}"
    return text if n is None else f"{text}, n = {n}"


def _size(stratum: dict[str, Any]) -> str:
    return f"{stratum['pictures']} ({stratum['groups']})" + (f", **{SMALL}**" if stratum["too_small"] else "")


def _figures(strata: dict[str, Any]) -> str:
    rows = [["pictures (groups)", *(_size(s) for s in strata.values())]]
    names = dict.fromkeys(name for s in strata.values() for name in s["figures"])
    rows += [[name, *(_cell(s["figures"].get(name)) for s in strata.values())] for name in names]
    for name in ("reading", "uncertain", "not_readable", "balanced_accuracy_of_readings"):
        shares = [s["outcomes"].get(name) for s in strata.values()]
        rows.append([f"outcome: {name}", *("–" if v is None else f"{v:.3f}" for v in shares)])
    sizes = sorted({int(size) for s in strata.values() for size in s["set_sizes"]})
    for size in sizes:
        found = [s["set_sizes"].get(str(size), 0) / s["pictures"] for s in strata.values()]
        rows.append([f"prediction sets of {size}", *(f"{v:.3f}" for v in found)])
    return _table(["figure", *strata], rows)


def _confusions(strata: dict[str, Any]) -> list[str]:
    """What was called what, of each source; of all together only where there is but one."""
    parts = ["## What was called what", "Rows: what it is. Columns: what `top` says."]
    for name, stratum in strata.items():
        if name == "all":
            continue
        called = stratum["confusion"]
        rows = [[key, *(str(row.get(other, 0)) for other in KEYS)] for key, row in called.items()]
        parts.append(_table([name, *KEYS], rows))
    return parts


def _people(people: dict[str, Any]) -> list[str]:
    parts = []
    for what, found in people.items():
        if not found["strata"]:
            continue
        names = list(dict.fromkeys(n for s in found["strata"].values() for n in s["figures"]))
        rows = [
            [name, _size(s), *(_cell(s["figures"].get(n)) for n in names)]
            for name, s in found["strata"].items()
        ]
        parts += [
            f"## By {what}",
            f"Unknown of {found['unknown']} pictures.",
            _table([what, "pictures (groups)", *names], rows),
        ]
    return parts


def _jointly(found: dict[str, Any]) -> list[str]:
    """Several photos of a lesion together, and photos with what is known of the patient."""
    ways = {"photos": "photos only", "known": "and age, sex, site, symptoms"}
    read = [
        (name, part["n"], ways[way], part[way]) for name, part in found.items() for way in ways if way in part
    ]
    names = list(dict.fromkeys(figure for *_, figures in read for figure in figures))
    rows = [
        [
            name,
            f"{n}" if figures else f"{n}, **{SMALL}**",
            way,
            *(_cell(figures.get(figure)) for figure in names),
        ]
        for name, n, way, figures in read
    ]
    return [
        "## Several photos of a lesion together, and what is known of the patient",
        JOINTLY,
        _table(["pictures", "n", "read", *names], rows),
    ]


def _curves(strata: dict[str, Any]) -> list[str]:
    name, first = next(iter(strata.items()))
    bins = [
        [f"{b['from']:.1f}–{b['to']:.1f}", str(b["n"]), f"{b['confidence']:.3f}", f"{b['accuracy']:.3f}"]
        for b in first["reliability"]
    ]
    points = [
        [f"{p['coverage']:.1f}", f"{p['error']:.3f}", f"{p['least_confidence']:.3f}"]
        for p in first["risk_coverage"]
    ]
    return [
        f"## Reliability: {name}",
        _table(["probability of the likeliest class", "n", "mean", "right"], bins),
        f"## Abstention: {name}",
        "If the model spoke only of the pictures it is surest of (by the probability of `top`).",
        _table(["share spoken of", "error of `top`", "least probability"], points),
    ]


def _robustness(parts: dict[str, Any]) -> list[str]:
    rows = [
        [
            f"{part} ({found['pictures']})",
            change,
            f"{c['flip_rate']:.3f} ({c['interval'][0]:.3f}–{c['interval'][1]:.3f})",
            "–" if c["of_read"] is None else f"{c['of_read']:.3f}",
            f"{c['risk_change']:.3f}",
            f"{c['risk_shift']:+.3f}",
            f"{c['refused']:.3f}",
        ]
        for part, found in parts.items()
        for change, c in found["changes"].items()
    ]
    return [
        "## Robustness",
        "The same pictures, changed at the working resolution. Refused as they are: "
        + ", ".join(f"{part} {found['as_they_are_refused']:.3f}" for part, found in parts.items())
        + ".",
        _table(
            [
                "pictures",
                "change",
                "`top` flips",
                "of those not refused",
                "mean size of Δ risk",
                "mean Δ risk",
                "refused",
            ],
            rows,
        ),
    ]


def _strangers(found: dict[str, Any]) -> list[str]:
    rows = [
        [name, str(part["n"]), _cell({"value": part["auroc"], "interval": part["interval"]})]
        for name, part in found.items()
        if name != "lesions"
    ]
    return [
        "## Out of distribution",
        f"Pictures that show no lesion, and served nothing, against these {found['lesions']}.",
        _table(["pictures", "n", "AUROC"], rows),
    ]


def _leakage(found: dict[str, Any]) -> list[str]:
    rows = [
        [name, str(p["lesions"]), str(p["patients"]), str(p["duplicates"]), _examples(p["examples"])]
        for name, p in found["pairs"].items()
    ]
    sizes = ", ".join(f"{name} {count}" for name, count in found["splits"].items())
    how = (
        f"All rows of the labels file ({sizes}). A duplicate: hashes that differ in at most {found['limit']} of "
        f"{found['bits']} bits and grids that correlate by at least {found['correlation']}, also turned or mirrored.\n"
        f"Not compared because missing or damaged: {found['unreadable']}."
    )
    return [
        "## Leakage",
        how,
        _table(["splits", "lesions in both", "patients in both", "duplicates", "for example"], rows),
    ]


def _examples(pairs: Sequence[Sequence[Any]]) -> str:
    return ", ".join(f"{a} = {b} ({bits})" for a, b, bits in pairs[:5]) or "–"
