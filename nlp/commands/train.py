"""``python -m nlp train``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from nlp.commands.data import corpora_folder, telling


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    text = "Fits the sentiment model on the shared corpora, measures it and writes model, metrics and card."
    train = commands.add_parser("train", help="train the sentiment model", description=text)
    default = Path(__file__).resolve().parents[1] / "sentiment"
    train.add_argument("--out", default=str(default), metavar="DIR", help="where to write (the library)")
    train.add_argument("--data", metavar="DIR", help="folder of the corpora (default: SALPIM_DATA/reviews)")
    train.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Train and write."""
    from nlp.sentiment.train import train

    try:
        metrics = train(corpora_folder(options.data), Path(options.out), telling())
    except OSError as error:
        sys.stderr.write(f"nlp: {error.filename or ''}: {error.strerror or error}\n")
        return 1
    sys.stdout.write(json.dumps(metrics, ensure_ascii=False, indent=1) + "\n")
    return 0
