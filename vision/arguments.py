"""The commands of ``python -m vision`` and their options."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping

from vision.classes import KEYS
from vision.data import ROOT

ROBUSTNESS_PICTURES = 300
MINUTES = 120
"""Wall clock of a training run for which no other budget is given: two cores go through the pictures a few times."""


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of at least 1")
    return int(text)


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = math.nan
    if not 0.0 < minutes < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number of minutes above 0")
    return minutes


def parser(runs: Mapping[str, Callable[[argparse.Namespace], int]]) -> argparse.ArgumentParser:
    """The parser of ``python -m vision``; runs: what each command does, by name."""
    whole = argparse.ArgumentParser(
        prog="python -m vision", description="Skin-lesion pictures in, predictions out."
    )
    commands = whole.add_subparsers(required=True, metavar="command")

    def command(name: str, text: str, *, threads: int = 1) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument(
            "--threads", type=_count, default=threads, help="threads of the network (default %(default)s)"
        )
        sub.set_defaults(run=runs[name])
        return sub

    predict = command("predict", "Read pictures.")
    predict.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="picture files or folders of pictures; each is read once",
    )
    predict.add_argument("--jsonl", action="store_true", help="one JSON object a line")
    predict.add_argument(
        "--metadata",
        metavar="CSV",
        help="what is known of the pictures: image_id or path (with a folder: that picture alone), "
        "and any of age, sex, site (or localization), itch, grew, hurt, changed, bleed, elevation (yes or no), lesion_id; "
        "pictures of one lesion are also read together",
    )
    predict.add_argument(
        "--heatmap",
        action="append",
        default=[],
        choices=["top", "all", *KEYS],
        help="also draw where the evidence for a class lies (again for more classes)",
    )
    predict.add_argument(
        "--heatmaps-in",
        metavar="DIR",
        default="heatmaps",
        help="folder for <picture>.<class>.png (default %(default)s)",
    )
    predict.add_argument("--model", help="name of a model, or its folder")

    evaluate = command("evaluate", "Measure a model on labelled pictures.")
    evaluate.add_argument("--images", required=True, help="folder of <image_id>.jpg")
    evaluate.add_argument(
        "--labels",
        required=True,
        help="CSV in UTF-8, UTF-16 or CP949 with image_id and dx (and split_hint, lesion_id, age …)",
    )
    evaluate.add_argument("--split", help="only rows with this split_hint")
    evaluate.add_argument("--source", help="only rows with this source_dataset")
    evaluate.add_argument("--model", help="name of a model, or its folder")
    evaluate.add_argument(
        "--rounds", type=_count, default=1000, help="bootstrap rounds (default %(default)s)"
    )
    evaluate.add_argument(
        "--robustness",
        nargs="?",
        type=_count,
        const=ROBUSTNESS_PICTURES,
        metavar="PICTURES",
        help="also read worse copies of so many pictures, by lot (without a number %(const)s)",
    )
    evaluate.add_argument(
        "--leakage", action="store_true", help="also search the splits for what they share (all rows)"
    )
    evaluate.add_argument(
        "--strangers",
        metavar="DIR",
        help="also tell the ordinary photos in this folder (every second one) and renderings from the lesions: AUROC",
    )
    evaluate.add_argument("--out", help="folder for evaluation.json, evaluation.md and plots")

    train = command("train", "Train a network; killed, it goes on where it was.", threads=2)
    train.add_argument("--out", default=str(ROOT / "instance" / "training" / "run"), help="folder of the run")
    budget = train.add_mutually_exclusive_group()
    budget.add_argument(
        "--minutes",
        type=_minutes,
        help="wall-clock budget of the whole run, which the schedule follows: what it had before it was killed counts "
        f"(default {MINUTES}, if no other is given)",
    )
    budget.add_argument("--until", metavar="HH:MM", help="end at this time (UTC), whatever it had before")
    budget.add_argument("--steps", type=_count, help="exactly so many steps: repeatable by seed")
    train.add_argument("--seed", type=int, default=7)
    start = train.add_mutually_exclusive_group()
    start.add_argument(
        "--from",
        dest="begin",
        metavar="MODEL",
        help="go on from a model in vision/models, if it is one network (of several MODEL:1 or MODEL:2), or from a checkpoint "
        "file",
    )
    start.add_argument(
        "--variant",
        choices=("lite0", "lite2"),
        default="lite0",
        help="which EfficientNet-Lite, if it begins anew",
    )
    train.add_argument(
        "--without",
        nargs="+",
        default=[],
        metavar="SOURCE",
        help="leave these sources out (for a base that `folds` may go on from)",
    )
    train.add_argument(
        "--taught-by",
        nargs="+",
        default=[],
        metavar="NETWORK",
        help="learn from what these say, too: checkpoint files, models in vision/models (all networks of each; MODEL:2: its "
        "second)",
    )
    train.add_argument(
        "--export",
        metavar="NAME",
        help="then make the model folder vision/models/NAME: exported, fitted on validation, measured on test",
    )
    train.add_argument(
        "--replace", action="store_true", help="if there is a model NAME already, in its place"
    )

    export = command("export", "Make a model folder from a checkpoint.", threads=2)
    export.add_argument(
        "--checkpoint", required=True, nargs="+", help="several: their weights are averaged into one network"
    )
    export.add_argument("--name", required=True, help="name of the folder under vision/models")
    export.add_argument("--version", default="1", help="what it calls itself (default %(default)s)")
    export.add_argument(
        "--replace",
        action="store_true",
        help="if there is a model of this name and version already, in its place",
    )
    export.add_argument(
        "--with",
        dest="voters",
        nargs="+",
        default=[],
        metavar="MODEL",
        help="models (all networks of each; MODEL:2: its second) or checkpoint files that vote beside it (FILE+FILE, "
        "MODEL:1+MODEL:2: one network with the mean of their weights)",
    )
    export.add_argument(
        "--votes",
        nargs="+",
        type=float,
        default=[],
        metavar="NUMBER",
        help="how much the checkpoint's network and each --with count (default: the same); a model's networks share its vote",
    )
    export.add_argument("--views", nargs="+", help="views of the photo (default: chosen on validation)")
    export.add_argument(
        "--int8",
        action="store_true",
        help="compute in whole numbers of 8 bits; `measure` says what that costs on validation",
    )
    export.add_argument(
        "--last", action="store_true", help="the last weights instead of their moving average"
    )

    compare = command(
        "compare",
        "Compare networks and mixtures of their votes on the validation pictures.",
        threads=2,
    )
    compare.add_argument(
        "mixtures",
        nargs="+",
        metavar="NETWORK=VOTE,…",
        help="a model as it votes, MODEL:2 for its second network alone, or a checkpoint file (FILE+FILE, MODEL:1+MODEL:2: "
        "the mean of their weights), or several that vote (MODEL=0.7,FILE=0.3: a model's networks share its vote); each is "
        "compared with the first",
    )
    compare.add_argument("--views", nargs="+", default=["frame"], help="views of a photo (default: frame)")

    folds = command(
        "folds",
        "Read every smartphone photo by a network that has not seen its patient: five folds of PAD-UFES-20.",
        threads=2,
    )
    folds.add_argument(
        "--base",
        required=True,
        metavar="CHECKPOINT",
        help="of a run without that series: train --without PAD-UFES-20",
    )
    folds.add_argument("--steps", type=_count, default=250, help="of each fold (default %(default)s)")
    folds.add_argument("--seed", type=int, default=31)
    folds.add_argument(
        "--out", default=str(ROOT / "instance" / "training" / "folds"), help="folder of the runs"
    )
    folds.add_argument(
        "--record", action="store_true", help="also write the figures where the model card finds them"
    )

    fit = command(
        "fit",
        "Set calibration, limits and thresholds of a model folder anew; measure it afterwards.",
        threads=2,
    )
    fit.add_argument("--model", help="name of a model, or its folder")
    fit.add_argument("--version", required=True, help="what it calls itself from now on")
    fit.add_argument("--views", nargs="+", help="views of the photo (default: chosen on validation)")

    measure = command("measure", "Measure a model folder on the test pictures: metrics.json, MODEL_CARD.md.")
    measure.add_argument("--model", help="name of a model, or its folder")

    bench = command("bench", "Time a twelve-megapixel photo from bytes to prediction.")
    bench.add_argument("--model", help="name of a model, or its folder")
    bench.add_argument("--rounds", type=_count, default=50)
    bench.add_argument(
        "--photo", metavar="FILE", help="this photo instead of a drawn one of twelve megapixels"
    )
    return whole
