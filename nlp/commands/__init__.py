"""The commands of ``python -m nlp``, a module each: ``register`` adds its arguments, ``run`` does it."""

from __future__ import annotations

import argparse
from typing import Protocol

from nlp.commands import bench, collect, evaluate, report, score, train


class Command(Protocol):
    """What a module here offers."""

    def register(self, commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
        """Add the command to the parser; ``run`` is set to what takes its options and gives the exit code."""
        ...


COMMANDS: tuple[Command, ...] = (report, score, collect, train, evaluate, bench)
