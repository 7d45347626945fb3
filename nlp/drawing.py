"""All pictures of a report, drawn by as many processes as there are cores."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Literal, Self

from nlp.apps import Lang
from nlp.clouds import Polarity
from nlp.model import Report

#: The clouds by name: which side of the owner's view, and its words by what.
CLOUDS: dict[str, tuple[Polarity, Literal["weight", "frequency"]]] = {
    "cloud_high_tfidf": ("high", "weight"),
    "cloud_high_frequency": ("high", "frequency"),
    "cloud_low_tfidf": ("low", "weight"),
    "cloud_low_frequency": ("low", "frequency"),
}
#: Thirteen pictures are not worth more processes.
MOST = 4


class Studio:
    """Processes that draw. They start at once, so that they are ready when there is something to draw.

    processes: as many as cores unless given, at most ``MOST``; with one, the caller's own process draws.
    """

    def __init__(self, processes: int | None = None) -> None:
        self._count = processes or min(MOST, len(os.sched_getaffinity(0)))
        self._pool: ProcessPoolExecutor | None = None
        if self._count > 1:
            # Spawned, not forked: the caller may have threads.
            self._pool = ProcessPoolExecutor(self._count, get_context("spawn"))
            self._ready = [self._pool.submit(_make_ready) for _ in range(self._count)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def wait(self) -> None:
        """Return when the processes are ready: only a benchmark wants to know."""
        if self._pool is not None:
            for future in self._ready:
                future.result()

    def pictures(self, report: Report, lang: Lang = "ko") -> dict[str, bytes]:
        """File name → content of every cloud and chart as PNG and SVG; the same bytes whoever draws.

        Raises ``FontMissing``.
        """
        from nlp.charts import NAMES

        tasks = [*CLOUDS, *NAMES]
        if self._pool is None:
            return _drawn(report, lang, tasks)
        shares = [
            self._pool.submit(_drawn, report, lang, tasks[i :: self._count]) for i in range(self._count)
        ]
        found = {name: content for share in shares for name, content in share.result().items()}
        return dict(sorted(found.items()))

    def clouds(self, sides: Mapping[Polarity, Mapping[str, float]]) -> list[bytes]:
        """The cloud of each side as PNG, in the order given; ``sides``: word → weight. Raises ``FontMissing``."""
        if self._pool is None:
            return [_cloud(weights, side) for side, weights in sides.items()]
        drawn = [self._pool.submit(_cloud, weights, side) for side, weights in sides.items()]
        return [future.result() for future in drawn]


def _drawn(report: Report, lang: Lang, tasks: Sequence[str]) -> dict[str, bytes]:
    from nlp import charts, clouds

    files: dict[str, bytes] = {}
    for name in tasks:
        if name in CLOUDS:
            side, by = CLOUDS[name]
            owner = report.contrast.owner
            cloud = clouds.draw((owner.high if side == "high" else owner.low).weights(by), polarity=side)
            files |= {f"{name}.png": cloud.png(), f"{name}.svg": cloud.svg()}
    return files | charts.charts(report, lang, [name for name in tasks if name in charts.NAMES])


def _cloud(weights: Mapping[str, float], side: Polarity) -> bytes:
    from nlp.clouds import cloud_png

    return cloud_png(weights, polarity=side)


def _make_ready() -> None:
    """Import and load what drawing needs, by drawing something."""
    from nlp import clouds
    from nlp.charts import make_ready

    clouds.draw({"살핌": 1.0}, width=60, height=40, polarity="high").svg()
    make_ready()
