"""The report as data: frozen, versioned, and the same to the byte for the same reviews."""

from __future__ import annotations

import json
import types
import typing
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any

#: Version of the JSON. A reader refuses another major number.
VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class CreatedFrom:
    """What went in. ``sha256`` names the set of reviews, whatever order they came in."""

    reviews: int
    apps: int
    first: str | None
    last: str | None
    sha256: str
    tokenizer: str
    nlp: str


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of reviews by app id, star (``'1'``…``'5'``), year and month (``'2023-09'``, Korean time)."""

    reviews: int
    by_app: dict[str, int]
    by_star: dict[str, int]
    by_year: dict[str, int]
    by_month: dict[str, int]
    without_words: int


@dataclass(frozen=True, slots=True)
class AppRow:
    """One app: ``stars`` are the counts of 1★ … 5★; ``first`` and ``last`` are days in Korean time."""

    app: str
    name_ko: str
    name_en: str
    verified: bool
    reviews: int
    mean_star: float
    stars: tuple[int, ...]
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class WordRow:
    """A word of one side: uses, reviews that use it, mean TF-IDF weight (0–1) over the side's reviews."""

    word: str
    pos: str
    count: int
    reviews: int
    weight: float


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the owner's view: its size, and its words by frequency and by TF-IDF weight."""

    reviews: int
    words: int
    by_frequency: tuple[WordRow, ...]
    by_weight: tuple[WordRow, ...]

    def weights(self, by: typing.Literal["frequency", "weight"] = "weight") -> dict[str, float]:
        """What ``nlp.clouds.cloud_png`` draws; a word with two parts of speech is one word in a picture."""
        out: dict[str, float] = {}
        for row in self.by_frequency if by == "frequency" else self.by_weight:
            out[row.word] = out.get(row.word, 0.0) + (float(row.count) if by == "frequency" else row.weight)
        return out


@dataclass(frozen=True, slots=True)
class OwnerView:
    """``high``: ≥3★, ``low``: ≤3★. The ``shared`` 3★ reviews are in both, as the owner asked."""

    high: Side
    low: Side
    shared: int


@dataclass(frozen=True, slots=True)
class KeyWord:
    """A word that one side uses more: counts on both sides, log-odds ratio and its z-score (> 0 for ≥4★)."""

    word: str
    pos: str
    high_count: int
    low_count: int
    log_odds: float
    z: float


@dataclass(frozen=True, slots=True)
class Keyness:
    """≥4★ against ≤2★, nothing shared. ``prior``: pseudo-words of the background (Monroe 2008);
    0 and no words where one side has no reviews.
    """

    high_reviews: int
    low_reviews: int
    prior: float
    high: tuple[KeyWord, ...]
    low: tuple[KeyWord, ...]


@dataclass(frozen=True, slots=True)
class Contrast:
    """The owner's view, exactly, and beside it the statistically sound one."""

    owner: OwnerView
    keyness: Keyness


@dataclass(frozen=True, slots=True)
class Sample:
    """A typical review of its side. ``centrality``: cosine to the side's mean TF-IDF vector, 0–1."""

    key: str
    app: str
    star: int
    at: str
    title: str
    text: str
    centrality: float


@dataclass(frozen=True, slots=True)
class Samples:
    """Typical reviews of ≥4★ (``high``) and ≤2★ (``low``), the most typical first."""

    high: tuple[Sample, ...]
    low: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Burst:
    """A promotion is likely: ``reviews`` of ``of`` fell in these days, ``praise`` (0–1) of them 4–5★."""

    app: str
    name_ko: str
    name_en: str
    first: str
    last: str
    days: int
    reviews: int
    of: int
    praise: float
    complaints_ever: int


@dataclass(frozen=True, slots=True)
class Study:
    """The 2023 study's figures on these reviews.

    ``above3`` and ``not_above3``: >3★ and not. ``length_r``: Pearson r between length in characters and
    (0: not, 1: above), ``None`` if undefined. ``busiest_month``: of all years together, e.g. ``'12'``.
    """

    reviews: int
    above3: int
    not_above3: int
    by_year: dict[str, int]
    by_calendar_month: dict[str, int]
    busiest_month: str | None
    length_r: float | None


@dataclass(frozen=True)
class Report:
    """All that was found in a set of reviews."""

    version: str
    created_from: CreatedFrom
    totals: Totals
    apps: tuple[AppRow, ...]
    contrast: Contrast
    samples: Samples
    bursts: tuple[Burst, ...]
    study: Study

    def to_json(self) -> str:
        """UTF-8-safe JSON; the same bytes for the same reviews, tokenizer and version."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, s: str) -> Report:
        """The report that ``to_json`` wrote. Raises ``ValueError`` for anything else."""
        try:
            data = json.loads(s)
            major = str(data["version"]).split(".")[0]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError("not a report") from error
        if major != VERSION.split(".")[0]:
            raise ValueError(f"report version {data['version']}, expected {VERSION}")
        try:
            return typing.cast(Report, _load(cls, data))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a report: {error!r}") from error


def _load(kind: Any, value: Any) -> Any:
    """``value``, as JSON gives it, as the type ``kind`` that a field declares."""
    if is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        return kind(**{f.name: _load(hints[f.name], value[f.name]) for f in fields(kind)})
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return tuple(_load(arguments[0], item) for item in _expect(value, list))
    if origin is dict:
        return dict(_expect(value, dict))
    if origin is types.UnionType:
        return None if value is None else _load(arguments[0], value)
    if kind is float:
        return float(_expect(value, (int, float)))
    return _expect(value, kind)


def _expect(value: Any, kind: Any) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{value!r:.40} is no {kind}")
    return value
