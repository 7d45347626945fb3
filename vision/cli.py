"""What ``python -m vision`` does. Only training and export import torch, in their own modules."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vision.arguments import MINUTES, parser
from vision.data import data_dir
from vision.output import say, say_timed, write
from vision.registry import MODELS, ModelError, folder_of, folder_to_make
from vision.tables import DataError


def _predict(args: argparse.Namespace) -> int:
    from vision.predict_files import predict_files

    return predict_files(args)


def _evaluate(args: argparse.Namespace) -> int:
    from vision.evaluate import evaluate
    from vision.evaluation_page import markdown
    from vision.evaluation_page import write as write_report
    from vision.foreign import ordinary_halves
    from vision.predict import Predictor

    if args.strangers and not ordinary_halves(Path(args.strangers))[1]:
        raise DataError(
            f"--strangers {args.strangers}: no folder with two photos or more (.jpg, .jpeg or .png)"
        )
    result = evaluate(
        Predictor.load(args.model, threads=args.threads),
        images=Path(args.images),
        labels=Path(args.labels),
        split=args.split,
        source=args.source,
        rounds=args.rounds,
        worsened=args.robustness,
        overlap=args.leakage,
        strangers=Path(args.strangers) if args.strangers else None,
        log=say_timed,
    )
    if args.out:
        say(f"written: {args.out}: {', '.join(write_report(result, Path(args.out)))}")
    sys.stdout.write(markdown(result))
    return 1 if result["left_out_unreadable"] else 0


def _until(text: str, now: datetime) -> datetime:
    """When it is next HH:MM. Raises DataError for no such time, and for one that was less than an hour ago."""
    try:
        end = datetime.combine(now.date(), datetime.strptime(text, "%H:%M").time(), UTC)  # noqa: DTZ007 - joined with UTC
    except ValueError:
        raise DataError(f"--until {text}: not a time like 18:30 (UTC)") from None
    past = (now - end) % timedelta(days=1)
    if past < timedelta(hours=1):
        raise DataError(
            f"--until {text}: was {past.total_seconds() // 60:.0f} minutes ago, it is {now:%H:%M} UTC"
        )
    return now - past + timedelta(days=1)


def _train(args: argparse.Namespace) -> int:
    from vision.recipe import Recipe, going_on, larger, taught_by, without
    from vision.train import Options, run

    if (args.begin or args.taught_by) and args.without:
        raise ValueError(
            "--without with --from or --taught-by: what it goes on from, or learns from, may have seen them; begin anew instead"
        )
    folder = _to_make(args.export, "1", replacing=args.replace) if args.export is not None else None
    until = _until(args.until, datetime.now(UTC)) if args.until else None
    minutes = MINUTES if (args.minutes, args.until, args.steps) == (None, None, None) else args.minutes
    options = Options(
        out=Path(args.out), minutes=minutes, until=until, steps=args.steps, threads=args.threads
    )
    base = None
    if args.begin and Path(args.begin).is_file():
        from vision.export import load_checkpoint, named

        base = Path(args.begin)
        recipe = going_on(named(base), load_checkpoint(base)[0].variant, args.seed)
    elif args.begin:
        from vision.export import network_of

        recipe = going_on(args.begin, network_of(args.begin)[1], args.seed)
    else:
        recipe = larger(args.seed) if args.variant == "lite2" else Recipe(seed=args.seed)
    recipe = taught_by(without(recipe, args.without), args.taught_by)
    path = run(recipe, options, say_timed, base=base)
    write(str(path))
    if folder:
        _make_model(path, folder, args.threads)
    return 0


def _to_make(name: str, version: str, *, replacing: bool) -> Path:
    folder = folder_to_make(name, version, replacing=replacing)
    if folder.exists():
        say(f"{folder} will be replaced")
    return folder


def _make_model(checkpoint: Path, folder: Path, threads: int) -> None:
    from vision.build import build
    from vision.measure import measure

    build((checkpoint,), folder, data_dir() / "skin", version="1", threads=threads, log=say_timed)
    measure(str(folder), data_dir(), threads=threads, log=say_timed)
    say(f"the model is {folder}; to use it, write {folder.name} into {MODELS / 'default'}")
    write(str(folder))


def _export(args: argparse.Namespace) -> int:
    from vision.build import build

    folder = _to_make(args.name, args.version, replacing=args.replace)
    build(
        tuple(map(Path, args.checkpoint)),
        folder,
        data_dir() / "skin",
        version=args.version,
        average=not args.last,
        voters=tuple(args.voters),
        votes=tuple(args.votes),
        views=tuple(args.views) if args.views else None,
        whole_numbers=args.int8,
        threads=args.threads,
        log=say_timed,
    )
    write(str(folder))
    return 0


def _compare(args: argparse.Namespace) -> int:
    from vision.compare import compare

    mixtures = [_mixture(text) for text in args.mixtures]
    sys.stdout.write(
        compare(mixtures, data_dir() / "skin", views=args.views, threads=args.threads, log=say_timed)
    )
    return 0


def _mixture(text: str) -> dict[str, float]:
    """NETWORK=VOTE,NETWORK=VOTE as a dictionary; a single network needs no vote."""
    from vision.export import checkpoints_of

    votes: dict[str, float] = {}
    for part in text.split(","):
        # The last "=": there may be others in the path of a checkpoint.
        name, equals, vote = part.rpartition("=") if not checkpoints_of(part) else (part, "", "")
        name = name if equals else part
        if not name or name in votes or not _is_vote(vote if equals else "1"):
            raise ValueError(
                f"{text}: networks, each once, and a vote above 0 for each, as in MODEL=0.7,FILE=0.3"
            )
        votes[name] = float(vote) if equals else 1.0
    return votes


def _is_vote(text: str) -> bool:
    try:
        return 0 < float(text) < float("inf")
    except ValueError:
        return False


def _folds(args: argparse.Namespace) -> int:
    from vision.card import FOLDS
    from vision.folds import record, run_folds, said

    found = run_folds(
        Path(args.base),
        data_dir() / "skin",
        Path(args.out),
        steps=args.steps,
        seed=args.seed,
        threads=args.threads,
        log=say_timed,
    )
    if args.record:
        record(found, FOLDS)
    sys.stdout.write(said(found))
    return 0


def _fit(args: argparse.Namespace) -> int:
    from vision.build import refit

    folder = folder_of(args.model)
    refit(
        folder,
        data_dir() / "skin",
        version=args.version,
        views=tuple(args.views) if args.views else None,
        threads=args.threads,
        log=say_timed,
    )
    write(str(folder))
    return 0


def _measure(args: argparse.Namespace) -> int:
    from vision.measure import measure

    measure(args.model, data_dir(), threads=args.threads, log=say_timed)
    return 0


def _bench(args: argparse.Namespace) -> int:
    from vision.bench import bench

    photo = Path(args.photo).read_bytes() if args.photo else None
    sys.stdout.write(bench(args.model, rounds=args.rounds, photo=photo))
    return 0


COMMANDS = {
    "predict": _predict,
    "evaluate": _evaluate,
    "train": _train,
    "export": _export,
    "compare": _compare,
    "folds": _folds,
    "fit": _fit,
    "measure": _measure,
    "bench": _bench,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 if all went well, 1 with a line that says what is wrong, 2 if misused."""
    args = parser(COMMANDS).parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file's name may be more than the terminal can write.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = int(args.run(args))
        sys.stdout.flush()
        return code
    except (DataError, ModelError, ValueError) as error:
        say(f"vision: {error}")
    except BrokenPipeError:
        os._exit(1)
    except OSError as error:
        say(f"vision: {error.filename or ''}: {error.strerror or error}")
    except ModuleNotFoundError as error:
        say(f"vision: package {error.name} is missing; training and export need requirements/train.txt")
    except KeyboardInterrupt:
        say("vision: stopped")
    return 1
