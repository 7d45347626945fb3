"""The work that every review needs, done chunk by chunk: a map over chunks and a merge of what they give.

Nothing here looks at more than one chunk, so that any engine which can call ``map_chunk`` somewhere and hand
its ``Part`` to ``merge`` runs the same functions; here two processes of this machine do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from nlp.apps import own_names
from nlp.aspects import KEYS
from nlp.model import POLARITIES
from nlp.reading import Reader, Reading
from nlp.reviews import Review
from nlp.tokenize import Tokenizer, make_tokenizer
from nlp.words import Word, word_runs

CHUNK = 2000
#: From so many reviews on, starting a second process costs less than it saves.
PARALLEL_FROM = 6000
#: Chunks that wait to be read or merged: the bound on memory.
WAITING = 2
BREAK = -1


@dataclass(frozen=True)
class Part:
    """What the reviews of one chunk say; n reviews, in order.

    vocabulary: the words in order of first appearance; columns: int32, indexes into it in reading order,
    ``BREAK`` between sentences; ends: int64 (n + 1,); probability: float32 (n,); polarity: int8 (n,) into
    ``POLARITIES``; aspects, blamed, praised: uint16 (n,), a bit per key of ``KEYS``.
    """

    vocabulary: tuple[Word, ...]
    columns: NDArray[np.int32]
    ends: NDArray[np.int64]
    probability: NDArray[np.float32]
    polarity: NDArray[np.int8]
    aspects: NDArray[np.uint16]
    blamed: NDArray[np.uint16]
    praised: NDArray[np.uint16]


def map_chunk(reviews: Sequence[Review], tokenizer: Tokenizer, reader: Reader) -> Part:
    """Tokenise and read one chunk."""
    vocabulary: dict[Word, int] = {}
    columns: list[int] = []
    ends = [0]
    for review in reviews:
        # A line end is a sentence end, which cleaning would make a space of.
        morphs = tokenizer.morphs(review.body.replace("\n", " . "))
        for run in word_runs(morphs, own_names(review.app)):
            columns.extend(vocabulary.setdefault(word, len(vocabulary)) for word in run)
            columns.append(BREAK)
        ends.append(len(columns))
    readings = reader.read(reviews)
    return Part(
        tuple(vocabulary),
        np.array(columns, dtype=np.int32),
        np.array(ends, dtype=np.int64),
        np.array([reading.complaint_probability for reading in readings], dtype=np.float32),
        np.array([POLARITIES.index(reading.polarity) for reading in readings], dtype=np.int8),
        _bits(readings, ("pos", "neg", "mixed", "neutral")),
        _bits(readings, ("neg", "mixed")),
        _bits(readings, ("pos", "mixed")),
    )


def _bits(readings: Sequence[Reading], polarities: tuple[str, ...]) -> NDArray[np.uint16]:
    return np.array(
        [
            sum(1 << KEYS.index(m.aspect) for m in reading.mentions if m.polarity in polarities)
            for reading in readings
        ],
        dtype=np.uint16,
    )


def merge(parts: Sequence[Part]) -> Part:
    """Parts one after the other, their words in one vocabulary in alphabetical order.

    Associative, and the same however the reviews were cut into chunks.
    """
    vocabulary = sorted({word for part in parts for word in part.vocabulary})
    number = {word: i for i, word in enumerate(vocabulary)}
    columns, ends, last = [], [np.zeros(1, dtype=np.int64)], 0
    for part in parts:
        # The last place stands for BREAK, which −1 picks.
        renumbered = np.array([*(number[word] for word in part.vocabulary), BREAK], dtype=np.int32)
        columns.append(renumbered[part.columns])
        ends.append(part.ends[1:] + last)
        last += int(part.ends[-1])
    return Part(
        tuple(vocabulary),
        np.concatenate([np.zeros(0, dtype=np.int32), *columns]),
        np.concatenate(ends),
        np.concatenate([np.zeros(0, dtype=np.float32), *(part.probability for part in parts)]),
        np.concatenate([np.zeros(0, dtype=np.int8), *(part.polarity for part in parts)]),
        *(
            np.concatenate([np.zeros(0, dtype=np.uint16), *(getattr(part, name) for part in parts)])
            for name in ("aspects", "blamed", "praised")
        ),
    )


def read_all(
    reviews: Sequence[Review],
    tokenizer: Tokenizer,
    reader: Reader,
    *,
    workers: int | None = None,
    progress: Callable[[float], None],
) -> Part:
    """Map over chunks and merge; ``progress`` gets the share done, 0–1.

    ``workers``: processes; unless given, as many as there are cores if the reviews are many and the
    tokenizer can be made anew elsewhere (Mecab), else none but this one.
    """
    if workers is None:
        many = len(reviews) >= PARALLEL_FROM and tokenizer.name == "mecab"
        workers = min(8, len(os.sched_getaffinity(0))) if many else 1
    chunks = (reviews[start : start + CHUNK] for start in range(0, len(reviews), CHUNK))
    parts: list[Part] = []
    results = (
        _spread(chunks, workers) if workers > 1 else (map_chunk(chunk, tokenizer, reader) for chunk in chunks)
    )
    for part in results:
        parts.append(part)
        progress(min(1.0, len(parts) * CHUNK / max(1, len(reviews))))
    return merge(parts)


def _spread(chunks: Iterator[Sequence[Review]], workers: int) -> Iterator[Part]:
    """The chunks' parts in order, made by ``workers`` processes; few chunks are under way at a time."""
    # Spawned, not forked: the caller may have threads.
    with ProcessPoolExecutor(workers, get_context("spawn"), _start) as pool:
        waiting: list[Future[Part]] = [
            pool.submit(_map_here, chunk) for chunk in islice(chunks, workers + WAITING)
        ]
        while waiting:
            part = waiting.pop(0).result()
            waiting.extend(pool.submit(_map_here, chunk) for chunk in islice(chunks, 1))
            yield part


_tools: list[tuple[Tokenizer, Reader]] = []


def _start() -> None:
    """In each process once: its own tokenizer and reader."""
    _tools[:] = [(make_tokenizer("mecab"), Reader.load())]


def _map_here(reviews: Sequence[Review]) -> Part:
    return map_chunk(reviews, *_tools[0])
