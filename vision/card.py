"""MODEL_CARD.md, written from the figures so that it cannot say anything else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vision.provenance import told
from vision.registry import Config
from vision.views import STRIDE

FOLDS = Path(__file__).with_name("folds.json")
"""What ``python -m vision folds --record`` found of networks trained for that alone; every card quotes it."""
SENSITIVITY_AT = "sensitivity_at_specificity_{at}_malignant_or_premalignant"


def _figure(stratum: dict[str, Any], name: str) -> str:
    found = stratum["figures"].get(name)
    if not found:
        return "–"
    span = found["interval"]
    text = f"{found['value']:.3f}" + (f" ({span[0]:.3f}–{span[1]:.3f})" if span else "")
    return text + (f"; by chance {found['by_chance']:.3f}" if "by_chance" in found else "")


def _table(strata: dict[str, Any]) -> str:
    rows = [
        ("balanced accuracy of `top`", "balanced_accuracy"),
        ("AUROC malignant or premalignant", "auroc_malignant_or_premalignant"),
        ("AUROC melanoma", "auroc_mel"),
        ("sensitivity melanoma", "sensitivity.mel"),
        ("sensitivity basal cell carcinoma", "sensitivity.bcc"),
        ("sensitivity akiec (with scc)", "sensitivity.akiec"),
        *(
            (f"sensitivity at specificity {at}, malignant or premalignant", SENSITIVITY_AT.format(at=at))
            for at in ("0.80", "0.90")
        ),
        ("ECE of the probabilities", "ece"),
        ("prediction sets that hold the label", "conformal_coverage"),
        *(
            (f"prediction sets that hold the label, of {key}", f"conformal_coverage.{key}")
            for key in ("mel", "bcc", "akiec", "bkl", "nv")
        ),
        ("classes in a prediction set, mean", "prediction_set_size"),
    ]
    lines = ["| figure | " + " | ".join(strata) + " |", "|---|" + "---|" * len(strata)]
    lines.append(
        "| pictures (lesions or patients) | "
        + " | ".join(f"{s['pictures']} ({s['groups']})" for s in strata.values())
        + " |"
    )
    lines += [
        f"| {label} | " + " | ".join(_figure(s, key) for s in strata.values()) + " |" for label, key in rows
    ]
    for name in ("reading", "uncertain", "not_readable"):
        lines.append(
            f"| share `{name}` | " + " | ".join(f"{s['outcomes'][name]:.3f}" for s in strata.values()) + " |"
        )
    return "\n".join(lines)


def _refusals(metrics: dict[str, Any]) -> str:
    refusal = metrics["refusal"]
    lines = [
        f"- ordinary photos, the half for reporting: {_share(refusal['ordinary_photos_half_for_reporting'])}",
        f"- ordinary photos, the half learned from: {_share(refusal['ordinary_photos_half_for_choosing'])}",
        *(
            f"- renderings, {kind}s, a kind never learned from: {_share(part)}"
            for kind, part in refusal["renderings_of_kinds_never_learned"].items()
        ),
        f"- bare skin, test patches: {_share(refusal['bare_skin_test_patches'])}",
        f"- parts of these patches, enlarged: {_share(refusal['parts_of_bare_skin_test_patches'])}",
    ]
    lines += [f"- lesions, wrongly, {k}: {_share(v)}" for k, v in refusal["lesions_wrongly_refused"].items()]
    if source := refusal.get("isic2020"):
        lines.append(
            f"- ISIC 2020, dermoscopy of a source that nothing was trained on, wrongly: {_share(source)}"
        )
    for name, part in metrics.get("out_of_distribution", {}).items():
        if name != "lesions":
            low, high = part["interval"]
            lines.append(f"- {name} against test lesions: AUROC {part['auroc']:.3f} ({low:.3f}–{high:.3f})")
    return "\n".join(lines)


def _wrongly(kinds: dict[str, dict[str, Any]]) -> str:
    if not kinds:
        return ""
    checks = [key for key in next(iter(kinds.values())) if key != "n"]
    rows = [
        f"| {kind} ({found['n']}) | " + " | ".join(f"{found[key]:.1%}" for key in checks) + " |"
        for kind, found in kinds.items()
    ]
    head = f"| test lesions | {' | '.join(checks)} |\n" + "|---" * (len(checks) + 1) + "|\n"
    return (
        "\n\nEach check by itself on test lesions as they are (all of them were good enough to be labelled):\n\n"
        + (head + "\n".join(rows))
    )


def _context(config: Config) -> str:
    if not config.context.strength:
        return ""
    return (
        f"Where age, sex, site or symptoms are known, {config.context.strength:.0%} of what each says of the classes\n"
        "(log ratios of the training labels) is added; the share was set on half A. What is unknown changes nothing.\n"
    )


def _rounding(metrics: dict[str, Any]) -> str:
    found = metrics.get("int8_against_float_on_validation")
    if not found:
        return ""
    loss, gain = (
        "{:+.4f} ({:+.4f} to {:+.4f})".format(*found[name]) for name in ("loss", "balanced_accuracy")
    )
    return (
        "It computes in whole numbers of 8 bits; the file keeps the 32-bit network, which is rounded when it is loaded.\n"
        f"Against that network, on {found['pictures']} validation pictures: loss {loss}, class-balanced accuracy {gain},\n"
        f"{found['same_decision']:.1%} of the decisions the same. What bounds the numbers are training pictures.\n"
    )


def _together(metrics: dict[str, Any]) -> str:
    """What several photos, or more knowledge, add; nothing for a model measured before these were."""
    lines = []
    if both := metrics.get("lesions_read_together"):
        lines.append(
            f"\nClose-up and dermoscopy of a MILK10k lesion read together: balanced accuracy {_balanced(both)}, "
            f"{both['lesions']} lesions."
        )
    if known := metrics.get("with_age_sex_and_site"):
        rows = [(name, row) for name, row in known.items() if isinstance(row, dict)]
        lines += [
            "\nWith age, sex, site and (smartphones) symptoms, balanced accuracy:\n",
            "| pictures | photo alone | with |",
            "|---|---|---|",
        ]
        lines += [f"| {name} | {_balanced(row['photo'])} | {_balanced(row['with'])} |" for name, row in rows]
    return "\n".join(lines) + "\n" if lines else ""


def _in_folds() -> str:
    if not FOLDS.exists():
        return ""
    found = json.loads(FOLDS.read_text(encoding="utf-8"))
    figures = {
        name: _figure(found, name) for name in ("balanced_accuracy", "auroc_malignant_or_premalignant")
    }
    return (
        f"\nAll {found['pictures']} smartphone photos ({found['groups']} patients), each read by a network that has not seen its "
        "patient, in five folds\n(networks of this kind trained for that alone; this one was trained on some of them): "
        f"balanced accuracy {figures['balanced_accuracy']}, AUROC malignant or\npremalignant "
        f"{figures['auroc_malignant_or_premalignant']}. Printed by `python -m vision folds`.\n"
    )


def _balanced(figure: dict[str, Any]) -> str:
    low, high = figure["interval"]
    return f"{figure['balanced_accuracy']:.3f} ({low:.3f}–{high:.3f})"


def _share(part: dict[str, Any]) -> str:
    return f"{part.get('refused', part.get('stopped')):.1%} of {part['n']}"


def card(metrics: dict[str, Any], config: Config, training: dict[str, Any]) -> str:
    """The card of one model. metrics: metrics.json; training: training.json."""
    urgent, risk = metrics["urgent_notice"], metrics["risk_threshold"]
    span = urgent["ppv_interval"]
    ppv = "no notice was given" if urgent["ppv"] is None else f"{urgent['ppv']:.1%}"
    quality = "\n".join(f"- {name}: {_share(part)}" for name, part in metrics["quality"].items())
    quality += _wrongly(metrics.get("quality_wrongly", {}))
    thresholds = "\n".join(
        f"- {name}: sensitivity {r['sensitivity']:.3f}, specificity {r['specificity']:.3f}, "
        f"PPV {r['ppv']}, NPV {r['npv']} (n = {r['n']}, {r['risky']} malignant or premalignant)"
        for name, r in risk.items()
    )
    commands = "\n".join(metrics["commands"])
    template = (Path(__file__).resolve().parent / "model_card.md").read_text(encoding="utf-8")
    return template.format(
        name=metrics["model"]["name"],
        version=config.version,
        architecture=config.architecture,
        sha256=metrics["model"]["sha256"],
        training=told(training),
        context=_context(config) + _rounding(metrics),
        together=_in_folds() + _together(metrics),
        resolution=config.resolution,
        input=config.input,
        grid=config.input // STRIDE,
        views=", ".join(config.views),
        temperature=config.calibration.temperature,
        kinds=", leaning by how much the photo looks like a clinical one" if config.calibration.lean else "",
        kinds_priors=" of that kind of picture" if config.calibration.lean else "",
        coverage=config.coverage,
        commands=commands,
        table=_table(metrics["test"]),
        risk_threshold=config.risk_threshold,
        thresholds=thresholds,
        urgent_threshold=urgent["threshold"],
        ppv=ppv,
        notices=urgent["notices"],
        ppv_interval="–" if not span else f"{span[0]:.3f}–{span[1]:.3f}",
        urgent_sensitivity=urgent["sensitivity"],
        urgent_n=urgent["n"],
        urgent_split=urgent["split"],
        refusals=_refusals(metrics),
        quality=quality,
    )
