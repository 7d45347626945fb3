"""The report as data: frozen, versioned, and the same to the byte for the same reviews."""

from __future__ import annotations

import json
import types
import typing
from dataclasses import MISSING, asdict, dataclass, fields, is_dataclass
from typing import Any, Literal

#: Version of the JSON. A reader refuses another major number. From 2.2 the index that comes with a report knows
#: the versions of the apps and the days.
VERSION = "2.2"


Polarity = Literal["pos", "neg", "mixed", "neutral"]
POLARITIES: tuple[Polarity, ...] = ("pos", "neg", "mixed", "neutral")


@dataclass(frozen=True, slots=True)
class CreatedFrom:
    """What went in. ``sha256`` names the set of reviews, whatever order they came in; ``sentiment`` and
    ``aspects`` name the version of the sentiment model (its sha256) and the date of the aspects' data; ``stores``:
    those of the reviews, sorted, with ``''`` for some of which nobody knows.
    """

    reviews: int
    apps: int
    first: str | None
    last: str | None
    sha256: str
    tokenizer: str
    nlp: str
    sentiment: str
    aspects: str
    stores: tuple[str, ...] = ()


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
    high_phrases: tuple[KeyWord, ...]
    low_phrases: tuple[KeyWord, ...]


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

    ``above3`` and ``not_above3``: >3★ and not; ``from3`` and ``to3``: ≥3★ and ≤3★. ``length_r``: Pearson r
    between length in characters and (0: not, 1: above), ``None`` if undefined.
    ``busiest_month``: of all years together, e.g. ``'12'``.
    """

    reviews: int
    above3: int
    not_above3: int
    from3: int
    to3: int
    by_year: dict[str, int]
    by_calendar_month: dict[str, int]
    busiest_month: str | None
    length_r: float | None


@dataclass(frozen=True, slots=True)
class Share:
    """``count`` of ``of``, as a share 0–1 with its 95 % Wilson interval; ``None`` where ``of`` is 0."""

    count: int
    of: int
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Quote:
    """A review chosen for quoting; ``about`` is the sentence that says it, where one was picked out."""

    key: str
    app: str
    star: int
    at: str
    title: str
    text: str
    about: str
    complaint_probability: float
    polarity: Polarity


@dataclass(frozen=True, slots=True)
class Sentiment:
    """What the words say, beside the stars.

    ``complaints``: reviews whose complaint probability is 0.5 or more; ``by_polarity`` counts reviews.
    ``praised_but_complains``: 4–5★ whose words complain; ``blamed_but_praises``: 1–2★ whose words praise.
    ``disagree``: those reviews, the surest first: the ones worth reading.
    """

    complaints: Share
    by_polarity: dict[str, int]
    by_app: dict[str, Share]
    praised_but_complains: Share
    blamed_but_praises: Share
    disagree: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Period:
    """One month (``'2023-09'``, Korean time): reviews that speak of something, and how many blame it."""

    month: str
    reviews: int
    negative: int


@dataclass(frozen=True, slots=True)
class Change:
    """Share of the last ``months`` months against the ``months`` before: difference with 95 % interval."""

    months: int
    before: Share
    now: Share
    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class AspectRow:
    """One aspect over all reviews: how many speak of it, what they think of it, where and when.

    ``share``: of all reviews; ``negative``: of the reviews that speak of it. ``by_app`` maps an app to its
    own share; ``negative_by_app`` to the share of blame among those. ``change`` compares the last six
    months with the six before, ``None`` where either has fewer than 30 reviews in all.
    """

    key: str
    name_ko: str
    name_en: str
    share: Share
    mean_star: float | None
    negative: Share
    by_app: dict[str, Share]
    negative_by_app: dict[str, Share]
    by_month: tuple[Period, ...]
    change: Change | None
    complaints: tuple[Quote, ...]
    praise: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic found without being asked for: its heaviest words, and the reviews in which it is the main one.

    ``label`` is made of its words. ``coherence``: NPMI of its ten heaviest words, −1…1 (Bouma 2009).
    """

    number: int
    label: str
    words: tuple[str, ...]
    weights: tuple[float, ...]
    coherence: float
    reviews: int
    share: float
    mean_star: float | None
    negative: Share
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Topics:
    """NMF on TF-IDF of morphemes; ``tried`` maps each number of topics tried to its mean coherence.

    ``agreement``: how well topics from other seeds match these (mean best cosine, 0–1). No topics where
    there are too few reviews.
    """

    method: str
    tried: dict[str, float]
    agreement: float | None
    topics: tuple[Topic, ...]


@dataclass(frozen=True, slots=True)
class TrendRow:
    """Reviews of one app in one month: their number, mean star and how many complain."""

    app: str
    month: str
    reviews: int
    mean_star: float
    complaints: int


@dataclass(frozen=True, slots=True)
class VersionRow:
    """Reviews of one version of an app, where the store names it."""

    app: str
    version: str
    first: str
    reviews: int
    mean_star: float
    complaints: Share


@dataclass(frozen=True, slots=True)
class Trends:
    """By app and month, and by app and version; ``undated_versions``: reviews that name no version."""

    by_app_month: tuple[TrendRow, ...]
    by_version: tuple[VersionRow, ...]
    undated_versions: int


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One claim of the 2023 study, tested anew.

    ``key``: ``A`` (2020 had the most reviews), ``B`` (December has the most), ``C`` (complaints are
    longer). ``effect`` with its 95 % interval is what ``measure`` names; ``p``: of the permutation or
    count-model test that ``test`` names. ``verdict``: ``supported``, ``refuted`` or ``undecided``.
    ``note_ko``, ``note_en``: one sentence each. ``without_bursts``: the same, promotions left out.
    """

    key: str
    test: str
    measure: str
    effect: float | None
    low: float | None
    high: float | None
    p: float | None
    verdict: Literal["supported", "refuted", "undecided"]
    note_ko: str
    note_en: str
    figures: dict[str, float]
    without_bursts: Hypothesis | None


@dataclass(frozen=True, slots=True)
class Insight:
    """A card: a claim with its evidence, and what a service should change.

    ``rank``: 1 is what to read first. ``finding``: ``'study'`` for the five findings of the 2023 study,
    else ``'found'``. ``holds``: whether the data bear the claim out. ``metric``: the figure of our own
    portal that would show that a change worked.
    """

    rank: int
    key: str
    finding: Literal["study", "found"]
    holds: bool
    claim_ko: str
    claim_en: str
    evidence: Share
    compared: Share | None
    apps: tuple[str, ...]
    first: str | None
    last: str | None
    change: Change | None
    quotes: tuple[Quote, ...]
    suggestion_ko: str
    suggestion_en: str
    metric_ko: str
    metric_en: str


@dataclass(frozen=True)
class Report:
    """All that was found in a set of reviews.

    ``left_out``: the bursts whose reviews were left out of everything else here; ``bursts``: those among the
    reviews that are in it.
    """

    version: str
    created_from: CreatedFrom
    totals: Totals
    apps: tuple[AppRow, ...]
    contrast: Contrast
    samples: Samples
    sentiment: Sentiment
    aspects: tuple[AspectRow, ...]
    topics: Topics
    trends: Trends
    bursts: tuple[Burst, ...]
    study: Study
    hypotheses: tuple[Hypothesis, ...]
    insights: tuple[Insight, ...]
    left_out: tuple[Burst, ...] = ()

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
        # What has a default came with a later minor version: a report from before does without.
        given = [f for f in fields(kind) if f.name in value or f.default is MISSING]
        return kind(**{f.name: _load(hints[f.name], value[f.name]) for f in given})
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return tuple(_load(arguments[0], item) for item in _expect(value, list))
    if origin is dict:
        return {key: _load(arguments[1], item) for key, item in _expect(value, dict).items()}
    if origin is types.UnionType:
        return None if value is None else _load(arguments[0], value)
    if origin is Literal:
        if value not in arguments:
            raise TypeError(f"{value!r:.40} is none of {arguments}")
        return value
    if kind is float:
        return float(_expect(value, (int, float)))
    return _expect(value, kind)


def _expect(value: Any, kind: Any) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{value!r:.40} is no {kind}")
    return value
