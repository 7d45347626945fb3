"""What the commands write: results to stdout, everything else to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime


def say(line: str) -> None:
    """A line to stderr."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def say_timed(line: str) -> None:
    """The same behind the time of day (UTC)."""
    say(f"{datetime.now(UTC):%H:%M:%S} {line}")


def write(line: str) -> None:
    """A line to stdout."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def write_json(row: Mapping[str, object]) -> None:
    """As it is read best; in ASCII where stdout cannot write that, for JSON knows no other escapes than its own."""
    line = json.dumps(row, ensure_ascii=False)
    try:
        line.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        line = json.dumps(row)
    write(line)
