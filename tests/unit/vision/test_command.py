"""Training starts itself with another allocator; nothing else does, and nobody's own settings are overruled."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

from vision import __main__ as command


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was started in place of this process."""
    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr(os, "execve", lambda *given: calls.append(given))
    for name in command.ALLOCATOR:
        monkeypatch.delenv(name, raising=False)
    return calls


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's settings")
def test_training_starts_itself_once_more(started: list[tuple[Any, ...]]) -> None:
    command.with_allocator()
    ((program, arguments, environment),) = started
    assert program == sys.executable
    assert arguments[1:] == sys.orig_argv[1:]
    assert environment.items() >= command.ALLOCATOR.items()


def test_it_does_so_once_and_leaves_settings_alone(
    started: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALLOC_TOP_PAD_", "0")
    command.with_allocator()
    assert started == []
