"""What ``python -m vision`` does. Only training and export import torch, in their own modules."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from vision.data import ROOT, DataError, data_dir
from vision.images import UnreadableImage, why
from vision.registry import MODELS, ModelError

if TYPE_CHECKING:
    from vision.metadata import About
    from vision.predict import Prediction, Predictor, Together

ROBUSTNESS_PICTURES = 300
ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".bmp", ".tif", ".tiff", ".gif"}


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _say_timed(line: str) -> None:
    _say(f"{datetime.now(UTC):%H:%M:%S} {line}")


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _pictures(path: Path) -> list[Path]:
    """A file as it is named; of a folder, everything in it that looks like a picture, in order."""
    if not path.is_dir():
        return [path]
    return sorted(p for p in path.rglob("*") if p.is_file() and p.suffix.lower() in ENDINGS)


def _predict(args: argparse.Namespace) -> int:
    from vision.metadata import About, read_metadata
    from vision.predict import Predictor

    predictor = Predictor.load(args.model, threads=args.threads)
    about = read_metadata(Path(args.metadata)) if args.metadata else {}
    failed = 0
    lesions: dict[str, list[Prediction]] = {}
    for path in map(Path, args.paths):
        pictures = _pictures(path)
        if not pictures:
            failed += 1
            _refuse(path, "no pictures in this folder", jsonl=args.jsonl)
        for picture in pictures:
            row = about.get(picture.name) or about.get(picture.stem) or About()
            found = _predict_one(predictor, picture, row, jsonl=args.jsonl)
            failed += found is None
            if found is not None and row.lesion:
                lesions.setdefault(row.lesion, []).append(found)
    for lesion, several in lesions.items():
        if len(several) > 1:
            _say_together(lesion, predictor.together(several), jsonl=args.jsonl)
    return 1 if failed else 0


def _predict_one(predictor: Predictor, path: Path, about: About, *, jsonl: bool) -> Prediction | None:
    try:
        found = predictor.predict(path.read_bytes(), about.known)
    except (OSError, UnreadableImage, MemoryError) as error:
        _refuse(path, why(error), jsonl=jsonl)
        return None
    if jsonl:
        used = {"metadata": sorted(about.known.values())} if about.known.values() else {}
        _write(json.dumps({"path": str(path), **found.to_json(), **used}, ensure_ascii=False))
    else:
        _write(f"{path}\t{found.top}\trisk {found.risk:.3f}\t{found.outcome} ({found.reason})")
    return found


def _say_together(lesion: str, found: Together, *, jsonl: bool) -> None:
    if jsonl:
        _write(json.dumps({"lesion": lesion, **found.to_json()}, ensure_ascii=False))
    else:
        _write(f"lesion {lesion}\t{found.top}\trisk {found.risk:.3f}\t{found.photos} photos together")


def _refuse(path: Path, reason: str, *, jsonl: bool) -> None:
    _say(f"{path}: {reason}")
    if jsonl:
        _write(json.dumps({"path": str(path), "error": reason}, ensure_ascii=False))


def _evaluate(args: argparse.Namespace) -> int:
    from vision.evaluate import evaluate
    from vision.evaluation_page import markdown, write
    from vision.predict import Predictor

    result = evaluate(
        Predictor.load(args.model, threads=args.threads),
        images=Path(args.images),
        labels=Path(args.labels),
        split=args.split,
        source=args.source,
        rounds=args.rounds,
        worsened=args.robustness,
        overlap=args.leakage,
        log=_say_timed,
    )
    if args.out:
        _say(f"written: {args.out}: {', '.join(write(result, Path(args.out)))}")
    sys.stdout.write(markdown(result))
    return 1 if result["left_out_unreadable"] else 0


def _minutes(args: argparse.Namespace) -> float | None:
    if args.until is None:
        return float(args.minutes) if args.minutes is not None else None
    now = datetime.now(UTC)
    try:
        end = datetime.combine(now.date(), datetime.strptime(args.until, "%H:%M").time(), UTC)  # noqa: DTZ007 - joined with UTC
    except ValueError:
        raise DataError(f"--until {args.until}: not a time like 18:30 (UTC)") from None
    return ((end if end > now else end + timedelta(days=1)) - now).total_seconds() / 60.0


def _train(args: argparse.Namespace) -> int:
    from vision.train import Options, Recipe, going_on, run

    options = Options(out=Path(args.out), minutes=_minutes(args), steps=args.steps, threads=args.threads)
    recipe = going_on(args.begin, args.seed) if args.begin else Recipe(seed=args.seed)
    path = run(recipe, options, _say_timed)
    _write(str(path))
    return 0


def _export(args: argparse.Namespace) -> int:
    from vision.build import build

    build(
        Path(args.checkpoint),
        MODELS / args.name,
        data_dir() / "skin",
        version=args.version,
        average=not args.last,
        voters=tuple(args.voters),
        views=tuple(args.views) if args.views else None,
        threads=args.threads,
        log=_say_timed,
    )
    _write(str(MODELS / args.name))
    return 0


def _measure(args: argparse.Namespace) -> int:
    from vision.measure import measure

    measure(args.model, data_dir(), threads=args.threads, log=_say_timed)
    return 0


def _bench(args: argparse.Namespace) -> int:
    from vision.bench import bench

    sys.stdout.write(bench(args.model, rounds=args.rounds))
    return 0


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of at least 1")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m vision", description="Skin-lesion pictures in, predictions out."
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: object, text: str, *, threads: int = 1) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument(
            "--threads", type=_count, default=threads, help="threads of the network (default %(default)s)"
        )
        sub.set_defaults(run=run)
        return sub

    predict = command("predict", _predict, "Read pictures.")
    predict.add_argument("paths", nargs="+", metavar="PATH", help="picture files or folders of pictures")
    predict.add_argument("--jsonl", action="store_true", help="one JSON object a line")
    predict.add_argument(
        "--metadata",
        metavar="CSV",
        help="what is known of the pictures: image_id or path, and any of age, sex, site (or localization), lesion_id; "
        "pictures of one lesion are also read together",
    )
    predict.add_argument("--model", help="name of a model, or its folder")

    evaluate = command("evaluate", _evaluate, "Measure a model on labelled pictures.")
    evaluate.add_argument("--images", required=True, help="folder of <image_id>.jpg")
    evaluate.add_argument(
        "--labels", required=True, help="CSV with image_id and dx (and split_hint, lesion_id, age …)"
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
    evaluate.add_argument("--out", help="folder for evaluation.json, evaluation.md and plots")

    train = command("train", _train, "Train a network; killed, it goes on where it was.", threads=2)
    train.add_argument("--out", default=str(ROOT / "instance" / "training" / "run"), help="folder of the run")
    budget = train.add_mutually_exclusive_group(required=True)
    budget.add_argument("--minutes", type=float, help="wall-clock budget; the schedule follows the clock")
    budget.add_argument("--until", metavar="HH:MM", help="end at this time (UTC)")
    budget.add_argument("--steps", type=_count, help="exactly so many steps: repeatable by seed")
    train.add_argument("--seed", type=int, default=7)
    train.add_argument("--from", dest="begin", metavar="MODEL", help="go on from a model in vision/models")

    export = command("export", _export, "Make a model folder from a checkpoint.", threads=2)
    export.add_argument("--checkpoint", required=True)
    export.add_argument("--name", required=True, help="name of the folder under vision/models")
    export.add_argument("--version", default="1")
    export.add_argument(
        "--with", dest="voters", nargs="+", default=[], metavar="MODEL", help="models that vote beside it"
    )
    export.add_argument("--views", nargs="+", help="views of the photo (default: chosen on validation)")
    export.add_argument(
        "--last", action="store_true", help="the last weights instead of their moving average"
    )

    measure = command(
        "measure", _measure, "Measure a model folder on the test pictures: metrics.json, MODEL_CARD.md."
    )
    measure.add_argument("--model", help="name of a model, or its folder")

    bench = command("bench", _bench, "Time a twelve-megapixel photo from bytes to prediction.")
    bench.add_argument("--model", help="name of a model, or its folder")
    bench.add_argument("--rounds", type=_count, default=50)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 if all went well, 1 with a line that says what is wrong, 2 if misused."""
    args = _parser().parse_args(argv)
    try:
        return int(args.run(args))
    except (DataError, ModelError, ValueError) as error:
        _say(f"vision: {error}")
    except OSError as error:
        _say(f"vision: {error.filename or ''}: {error.strerror or error}")
    except ModuleNotFoundError as error:
        _say(f"vision: package {error.name} is missing; training and export need requirements/train.txt")
    except KeyboardInterrupt:
        _say("vision: stopped")
    except BrokenPipeError:
        os._exit(1)
    return 1
