"""``python -m nlp bench``."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from nlp.commands.data import corpora_folder
from nlp.commands.numbers import whole

REVIEWS = 2000
SIZES = (1_000, 10_000, 100_000, 1_000_000)


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    bench = commands.add_parser("bench", help="measure speed beside the study's way")
    bench.add_argument("csv", nargs="*", metavar="CSV", help="reviews (default: those of the shared data)")
    bench.add_argument(
        "--reviews",
        type=whole(1, SIZES[-1]),
        default=REVIEWS,
        metavar="N",
        help="size of the report (default %(default)s)",
    )
    bench.add_argument(
        "--up-to",
        type=whole(SIZES[0], SIZES[-1]),
        default=10_000,
        metavar="N",
        help=f"largest set for the growth ({SIZES[0]} to {SIZES[-1]})",
    )
    bench.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    from nlp import bench
    from nlp.cli import failure
    from nlp.reviews import Review, UnreadableFile, read_file

    sources = [Path(name) for name in options.csv] or sorted(corpora_folder().glob("appstore_*.csv"))
    real: list[Review] = []
    for source in sources:
        try:
            real.extend(read_file(source).reviews)
        except (UnreadableFile, OSError) as error:
            sys.stderr.write(f"nlp: {source}: {failure(error, 'en')}\n")
            return 1
    if not real:
        sys.stderr.write("nlp: no reviews to measure with: name CSV files, or set SALPIM_DATA\n")
        return 1
    some = bench.resampled(real, options.reviews)
    # In a process of its own: Java's memory is not ours, and stays until the process ends.
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        for line in pool.submit(bench.side_by_side, some).result():
            _write(line)
    _write(bench.whole_report(some))
    _write("")
    bench.growth(real, [size for size in SIZES if size <= options.up_to], _write)
    return 0


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
