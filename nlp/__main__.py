"""``python -m nlp``: the library from a shell."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence

from nlp.apps import Lang
from nlp.commands import COMMANDS
from nlp.texts import texts


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, 1 if some input or all was unreadable, 130 if interrupted."""
    options = _parser().parse_args(arguments)
    # What openpyxl remarks on the styles of a workbook is nothing to whoever wants its rows.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"openpyxl\.")
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        lang: Lang = getattr(options, "lang", "ko")
        print(texts(lang)["cli_stopped"], file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has left. Nothing may be flushed to them at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m nlp", description="Store reviews in, a report out.")
    commands = parser.add_subparsers(dest="command", required=True)
    for command in COMMANDS:
        command.register(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
