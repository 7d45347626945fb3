"""``python -m nlp evaluate``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from nlp.commands.data import corpora_folder, telling


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    text = (
        "Measures the sentiment model by its gate (every app read by a model that has not seen it, pooled; "
        "beside the baseline), and aspects and polarity on the reviews labelled by reading."
    )
    evaluate = commands.add_parser("evaluate", help="measure sentiment and aspects", description=text)
    evaluate.add_argument("--out", metavar="DIR", help="also write evaluation.json and evaluation.md there")
    evaluate.add_argument(
        "--data", metavar="DIR", help="folder of the corpora (default: SALPIM_DATA/reviews)"
    )
    evaluate.add_argument("--skip-gate", action="store_true", help="aspects and polarity only (seconds)")
    evaluate.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure, print, write."""
    from nlp.evaluation import evaluate, markdown

    try:
        figures = evaluate(corpora_folder(options.data), telling(), gate=not options.skip_gate)
        page = markdown(figures)
        if options.out:
            out = Path(options.out)
            out.mkdir(parents=True, exist_ok=True)
            (out / "evaluation.json").write_text(
                json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
            )
            (out / "evaluation.md").write_text(page, encoding="utf-8")
    except (OSError, LookupError) as error:
        where = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
        sys.stderr.write(f"nlp: {where}\n")
        return 1
    sys.stdout.write(page)
    return 0
