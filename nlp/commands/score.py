"""``python -m nlp score``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from nlp.texts import texts

CHUNK = 2000
COLUMNS = ("complaint_probability", "polarity", "aspects")
_TEXT = (
    "Adds complaint_probability (0–1; 0.5 is the decision), polarity (pos, neg, mixed, neutral) and aspects "
    "(keys joined by |) to every row. Rows stay in the input's order and none is dropped; a row without text "
    "is neutral and has no aspects. Stars are not looked at."
)


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    score = commands.add_parser("score", help="add what each review says to a table", description=_TEXT)
    score.add_argument("csv", metavar="CSV", help="table with a column of texts (CSV, TSV, Excel or JSON)")
    score.add_argument("--out", required=True, metavar="CSV", help="file to write (UTF-8 with a BOM)")
    score.add_argument("--lang", choices=("ko", "en"), default="ko", help="language of messages")
    score.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Read, score, write."""
    from nlp.cli import Progress, failure
    from nlp.reading import Reader, joined
    from nlp.reviews import UnreadableFile
    from nlp.table import read_table, write_table

    say, source, target = texts(options.lang), Path(options.csv), Path(options.out)
    try:
        table = read_table(source)
    except (UnreadableFile, OSError) as error:
        sys.stderr.write(
            say["cli_unreadable"].format(path=source, reason=failure(error, options.lang)) + "\n"
        )
        return 1
    if table.sheets_left:
        left = ", ".join(table.sheets_left)
        sys.stderr.write(say["cli_sheet"].format(path=source, sheet=table.sheet, left=left) + "\n")
    if table.text_at is None:
        seen = ", ".join(name.strip() or "?" for name in table.columns[:12])[:200]
        sys.stderr.write(say["cli_titles_alone"].format(path=source, columns=seen) + "\n")
    reader, progress = Reader.load(), Progress(sys.stderr, options.lang)
    values: list[tuple[str, ...]] = []
    try:
        for start in range(0, len(table.rows), CHUNK):
            rows = table.rows[start : start + CHUNK]
            for reading in reader.read_texts([(table.title(row), table.text(row)) for row in rows]):
                probability = f"{reading.complaint_probability:.4f}"
                values.append((probability, reading.polarity, joined(reading.aspects)))
            progress("score", len(values) / len(table.rows))
    finally:
        progress.close()
    try:
        write_table(target, table, COLUMNS, values)
    except OSError as error:
        sys.stderr.write(say["cli_cannot_write"].format(out=target, reason=error.strerror or error) + "\n")
        return 1
    sys.stderr.write(say["cli_scored"].format(out=target, rows=len(values)) + "\n")
    return 0
