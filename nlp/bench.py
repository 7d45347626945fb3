"""Speed, measured: the study's way beside ours, a whole report, and how the cost grows.

The study's way: konlpy's Okt, the nouns of one review after the other, counters, scikit-learn's TF-IDF, two
word clouds. Ours makes the same tables and clouds with the default tokenizer.
"""

from __future__ import annotations

import random
import resource
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Self

from nlp.clouds import Polarity
from nlp.drawing import Studio
from nlp.model import Side
from nlp.reviews import Review
from nlp.tokenize import Tokenizer, TokenizerUnavailable, make_tokenizer

_NOISE = ("ㅋㅋ", "ㅠㅠ", "!!", "~", " ㅎㅎ", "..", " 정말", " 진짜")


def resampled(reviews: Sequence[Review], count: int, seed: int = 7) -> list[Review]:
    """``count`` reviews drawn with replacement, each a little changed so that no two need be the same."""
    lot = random.Random(seed)  # noqa: S311 - noise, no secret
    out = []
    for number in range(count):
        review = lot.choice(reviews)
        text = review.text
        if len(text) > 4 and lot.random() < 0.5:
            at = lot.randrange(1, len(text) - 1)
            text = text[:at] + lot.choice(_NOISE) + text[at + (lot.random() < 0.5) :]
        at_time = review.at + timedelta(minutes=lot.randrange(-20_000, 20_000))
        out.append(replace(review, text=text, at=at_time, author=f"{number:012x}"))
    return out


def study_way(reviews: Sequence[Review], okt: Tokenizer, top: int = 50) -> list[list[tuple[str, float]]]:
    """Frequencies and TF-IDF weights of ≥3★ and ≤3★ and both clouds, as the 2023 study made them."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    from nlp.clouds import cloud_png

    tables = []
    sides: tuple[tuple[Polarity, range], ...] = (("high", range(3, 6)), ("low", range(1, 4)))
    for side, stars in sides:
        nouns = [okt.nouns(review.body) for review in reviews if review.star in stars]
        frequency = Counter(noun for own in nouns for noun in own if len(noun) > 1)
        vectorizer = TfidfVectorizer(analyzer=lambda own: [noun for noun in own if len(noun) > 1])
        weights = vectorizer.fit_transform(nouns).mean(axis=0).A1
        ranked = sorted(zip(vectorizer.get_feature_names_out(), weights, strict=True), key=lambda w: -w[1])
        tables += [[(w, float(c)) for w, c in frequency.most_common(top)], ranked[:top]]
        cloud_png(dict(ranked[:top]), polarity=side)
    return tables


def our_way(
    reviews: Sequence[Review], tokenizer: Tokenizer, studio: Studio, top: int = 50
) -> list[list[tuple[str, float]]]:
    """The same tables and clouds from the library's own functions."""
    import numpy as np

    from nlp.contrast import Counted
    from nlp.counting import count_matrix
    from nlp.words import content_words

    vocabulary: dict[object, int] = {}
    columns: list[int] = []
    ends = [0]
    for review in reviews:
        words = content_words(tokenizer.morphs(review.body))
        columns.extend(vocabulary.setdefault(word, len(vocabulary)) for word in words)
        ends.append(len(columns))
    counts = count_matrix(np.array(columns, dtype=np.int32), np.array(ends, dtype=np.int64), len(vocabulary))
    stars = np.array([review.star for review in reviews])
    owner = Counted(stars, tuple(vocabulary), counts).owner(top)  # type: ignore[arg-type]
    studio.clouds({"high": owner.high.weights(), "low": owner.low.weights()})
    return [table for side in (owner.high, owner.low) for table in _tables(side)]


def _tables(side: Side) -> Iterator[list[tuple[str, float]]]:
    yield [(row.word, float(row.count)) for row in side.by_frequency]
    yield [(row.word, row.weight) for row in side.by_weight]


def side_by_side(reviews: Sequence[Review]) -> list[str]:
    """Both ways on the same reviews, once each after a warm-up; the ratio is what counts."""
    try:
        okt, mecab = make_tokenizer("okt"), make_tokenizer("mecab")
    except TokenizerUnavailable as error:
        return [f"the study's way cannot run here: {error.reason_en}"]
    warm = reviews[:20]
    with Studio() as studio:
        studio.wait()
        our_way(warm, mecab, studio)
        study_way(warm, okt)
        slow = _timed(lambda: study_way(reviews, okt))
        quick = _timed(lambda: our_way(reviews, mecab, studio))
    return [
        f"the study's way, Okt: {len(reviews)} reviews to tables and clouds  {slow:8.2f} s",
        f"ours, Mecab: the same                                   {quick:8.2f} s  {slow / quick:.1f} x faster",
    ]


def whole_report(reviews: Sequence[Review]) -> str:
    """A whole report (topics, clouds, page and all) after start-up."""
    from nlp.cli import files_of
    from nlp.report import analyse

    tokenizer = make_tokenizer()
    with Studio() as studio:
        files_of(analyse(reviews[:20], tokenizer=tokenizer).report, lang="ko", studio=studio)
        studio.wait()
        begun = time.perf_counter()
        report = analyse(reviews, tokenizer=tokenizer).report
        analysed = time.perf_counter()
        files_of(report, lang="ko", studio=studio)
        ended = time.perf_counter()
    return (
        f"whole report of {len(reviews)} reviews, every file of it         {ended - begun:8.2f} s  "
        f"(analysis {analysed - begun:.2f}, drawing and tables {ended - analysed:.2f})"
    )


def growth(reviews: Sequence[Review], sizes: Sequence[int], tell: Callable[[str], None]) -> None:
    """The analysis of 10³ … reviews: seconds, microseconds a review, and the most memory taken at once."""
    from nlp.report import analyse

    tokenizer = make_tokenizer()
    for size in sizes:
        many = resampled(reviews, size)
        with _Memory() as memory:
            seconds = _timed(lambda many=many: analyse(many, tokenizer=tokenizer))  # type: ignore[misc]
        tell(
            f"{size:>9,} reviews  {seconds:8.1f} s  {1e6 * seconds / size:7.0f} µs a review  "
            f"{memory.own:6.0f} MB, with its other processes {memory.together:.0f} MB"
        )
        del many


class _Memory:
    """The most resident memory of this process, and of it with its children, looked at four times a second.

    ``getrusage`` would say of a child at least what this process had when it started it.
    """

    def __init__(self) -> None:
        self.own = self.together = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.25):
            own = _resident("self")
            children = {
                child for task in Path("/proc/self/task").glob("*/children") for child in _read(task).split()
            }
            self.own = max(self.own, own)
            self.together = max(self.together, own + sum(map(_resident, children)))


def _resident(process: str) -> float:
    """Megabytes; none for a process that has just ended."""
    pages = _read(Path("/proc") / process / "statm").split()
    return int(pages[1]) * resource.getpagesize() / 2**20 if pages else 0.0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
