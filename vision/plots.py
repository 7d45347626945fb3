"""The curves of an evaluation as PNG files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE = 5.0
"""Inches."""


def draw(result: dict[str, Any], out: Path) -> list[str]:
    """Draw reliability.png, risk_coverage.png and roc.png, a line a source; their names."""
    plots = {
        "reliability.png": _reliability(result["strata"]),
        "risk_coverage.png": _risk_coverage(result["strata"]),
        "roc.png": _roc(result["roc"]),
    }
    for name, figure in plots.items():
        figure.savefig(out / name, dpi=120)
    return list(plots)


def _plot(panels: int = 1) -> tuple[Figure, list[Axes]]:
    # A figure of its own, not pyplot: nothing is remembered, no display is looked for.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(SIDE * panels, SIDE), layout="constrained")
    axes = [figure.add_subplot(1, panels, number + 1) for number in range(panels)]
    for axis in axes:
        axis.grid(alpha=0.3)
    return figure, axes


def _named(axis: Axes, x: str, y: str) -> None:
    axis.set_xlabel(x)
    axis.set_ylabel(y)
    if axis.get_legend_handles_labels()[0]:
        axis.legend(fontsize="small")


def _diagonal(axis: Axes) -> None:
    axis.plot([0, 1], [0, 1], color="grey", linestyle=":")
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1)


def _reliability(strata: dict[str, Any]) -> Figure:
    figure, (axis,) = _plot()
    _diagonal(axis)
    for name, stratum in strata.items():
        bins = stratum["reliability"]
        axis.plot(
            [b["confidence"] for b in bins],
            [b["accuracy"] for b in bins],
            marker="o",
            markersize=3,
            label=name,
        )
    _named(axis, "probability of the likeliest class", "share that is right")
    return figure


def _risk_coverage(strata: dict[str, Any]) -> Figure:
    figure, (axis,) = _plot()
    for name, stratum in strata.items():
        points = stratum["risk_coverage"]
        axis.plot(
            [p["coverage"] for p in points],
            [p["error"] for p in points],
            marker="o",
            markersize=3,
            label=name,
        )
    axis.set_xlim(0, 1)
    axis.set_ylim(bottom=0)
    _named(axis, "share of pictures spoken of", "error of the decision")
    return figure


def _roc(curves: dict[str, Any]) -> Figure:
    figure, axes = _plot(2)
    titles = {"malignant_or_premalignant": "malignant or premalignant", "mel": "melanoma"}
    for axis, (key, title) in zip(axes, titles.items(), strict=True):
        _diagonal(axis)
        for name, curve in curves.items():
            if curve[key]:
                axis.step(*zip(*curve[key], strict=True), where="post", label=name)
        axis.set_title(title)
        _named(axis, "1 − specificity", "sensitivity")
    return figure
