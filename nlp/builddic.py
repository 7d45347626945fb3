"""Run as a program in a folder with ``words.csv`` and ``dic``: writes ``user.dic`` there.

A program of its own because the builder prints, splits its arguments at spaces and exits on an error.
"""

from __future__ import annotations

from fugashi import build_dictionary  # type: ignore[import-untyped]

if __name__ == "__main__":
    build_dictionary("build -d dic -u user.dic -f utf-8 -t utf-8 words.csv")
