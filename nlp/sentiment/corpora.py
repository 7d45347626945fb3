"""What the sentiment model learns from: reviews with stars, and our own sentences. Texts stay in the shared data."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nlp.reviews import Review, read_file

Source = Literal["telemedicine", "fitness", "films", "sentences"]
#: Ratings of films (NSMC, 1–10) that count as a complaint and as praise; what lies between says neither.
BAD_FILM, GOOD_FILM = 4, 8
EXAMPLES = Path(__file__).with_name("examples.tsv")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text that complains (1) or does not (0), or half of both (0.5); ``app``: of a telemedicine review."""

    text: str
    label: float
    source: Source
    app: str = ""


def telemedicine(folder: Path) -> list[Review]:
    """The reviews of the telemedicine apps, every one once."""
    found: dict[object, Review] = {}
    for path in sorted(folder.glob("appstore_*.csv")):
        for review in read_file(path).reviews:
            found.setdefault(review.identity, review)
    if not found:
        raise FileNotFoundError(2, "no appstore_<id>.csv there", str(folder))
    return list(found.values())


def of_stars(reviews: list[Review]) -> list[Labelled]:
    """≤2★ complain, ≥4★ do not; 3★ say neither and are left out."""
    return [
        Labelled(review.body, float(review.star <= 2), "telemedicine", review.app)
        for review in reviews
        if review.star != 3
    ]


def others(folder: Path) -> list[Labelled]:
    """Fitness apps, films and our own sentences."""
    return [*_fitness(folder), *_films(folder), *_sentences()]


def _fitness(folder: Path) -> Iterator[Labelled]:
    with (folder / "fitness_googleplay.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            text, score = row["content"].strip(), row["score"].strip()
            if text and score and float(score) != 3:
                yield Labelled(text, float(float(score) <= 2), "fitness")


def _films(folder: Path) -> Iterator[Labelled]:
    with (folder / "nsmc_sample_120k.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            text, rating = (row["document"] or "").strip(), int(row["rating"])
            if text and not BAD_FILM < rating < GOOD_FILM:
                yield Labelled(text, float(rating <= BAD_FILM), "films")


def _sentences() -> Iterator[Labelled]:
    labels = {"neg": 1.0, "pos": 0.0, "neutral": 0.5}
    for line in EXAMPLES.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            label, text = line.split("\t", 1)
            yield Labelled(text, labels[label], "sentences")
