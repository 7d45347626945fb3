"""The shipped model is the measured one, small, and says what a person would."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.sentiment.features import BITS, features, negated
from nlp.sentiment.model import BLANK, SHIPPED, ModelDamaged, SentimentModel, packed
from nlp.sentiment.polarity import polarity
from nlp.sentiment.sentences import sentences
from nlp.text import composed

METRICS = json.loads(SHIPPED.with_name("metrics.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def model() -> SentimentModel:
    return SentimentModel.load()


@pytest.mark.parametrize(
    "text",
    [
        "로그인이 안 돼서 쓸 수가 없어요",
        "최악입니다 환불해 주세요",
        "업데이트하고 나서 계속 튕겨요 짜증나네요",
        "고객센터는 전화도 안 받고 답도 없습니다",
        "약이 사흘째 안 와요",
        "갑자기 유료라니 어이가 없네요",
    ],
)
def test_complaints(model: SentimentModel, text: str) -> None:
    assert model.probabilities([text])[0] > 0.5


@pytest.mark.parametrize(
    "text",
    [
        "정말 편하고 좋아요",
        "집에서 진료 받으니 너무 편리합니다 추천해요",
        "선생님이 친절하게 설명해 주셨어요",
        "약 배송이 빨라서 만족합니다",
        "강추합니다 최고예요",
    ],
)
def test_praise(model: SentimentModel, text: str) -> None:
    assert model.probabilities([text])[0] < 0.5


def test_a_text_gets_the_same_whatever_stands_beside_it(model: SentimentModel) -> None:
    texts = ["좋아요", "안 돼요", "", "병원 예약이 편해요"] * 3
    whole = model.probabilities(texts)
    alone = np.array([model.probabilities([text])[0] for text in texts])
    assert whole.tolist() == pytest.approx(alone.tolist(), abs=1e-12)
    assert model.probabilities(list(reversed(texts)))[::-1].tolist() == pytest.approx(
        whole.tolist(), abs=1e-12
    )


@pytest.mark.parametrize("text", ["", " \n", "\x00\x01", "\u200b", "\ud800"])
def test_what_cannot_be_read_is_neither(model: SentimentModel, text: str) -> None:
    assert model.probabilities([text])[0] == BLANK


@pytest.mark.parametrize(
    "text", ["ㅋㅋㅠㅠ" * 3, "가" * 100_000, "👍👍", "a\x00b", "\u1100\u1161", "안 " * 9999]
)
def test_anything_else_gets_a_probability(model: SentimentModel, text: str) -> None:
    assert 0 <= model.probabilities([text])[0] <= 1


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=5))
def test_features_are_unit_rows_in_the_texts_order(texts: list[str]) -> None:
    rows = features(texts) if texts else features([""])
    assert rows.shape == (max(1, len(texts)), 1 << BITS)
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    assert np.all((np.abs(lengths - 1) < 1e-4) | (lengths == 0))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=120))
def test_sentences_lose_nothing_but_space_and_commas(text: str) -> None:
    def letters(part: str) -> str:
        return "".join(c for c in part if not c.isspace() and c != ",")

    pieces = sentences(text)
    assert all(pieces)
    assert letters("".join(pieces)) == letters(composed(text))


@pytest.mark.parametrize(
    "text, pieces",
    [
        ("편하긴 한데 병원이 없어요", ["편하긴 한데", "병원이 없어요"]),
        ("좋아요! 그런데 느려요", ["좋아요!", "그런데 느려요"]),
        ("친절하지만 오래 걸립니다 다음엔 글쎄요", ["친절하지만", "오래 걸립니다", "다음엔 글쎄요"]),
        ("버전 1.2.3 좋아요", ["버전 1.2.3 좋아요"]),
        ("", []),
    ],
)
def test_sentences(text: str, pieces: list[str]) -> None:
    assert sentences(text) == pieces


@pytest.mark.parametrize(
    "whole, parts, word",
    [
        (0.95, [0.95], "neg"),
        (0.02, [0.02, 0.05], "pos"),
        (0.6, [0.02, 0.98], "mixed"),
        (0.2, [0.01, 0.97], "mixed"),
        (0.5, [0.5], "neutral"),
        (0.5, [], "neutral"),
        (0.5, [0.5, 0.96], "neg"),
    ],
)
def test_polarity(whole: float, parts: list[float], word: str) -> None:
    assert polarity(whole, parts) == word


def test_the_shipped_file_is_the_measured_one_and_small() -> None:
    content = SHIPPED.read_bytes()
    assert hashlib.sha256(content).hexdigest() == METRICS["model"]["sha256"]
    assert len(content) < 5_000_000


def test_the_gate() -> None:
    gate = METRICS["gate"]
    assert gate["reviews"] >= 1800
    assert gate["ece"] <= 0.03
    assert gate["macro_f1"]["value"] > gate["baseline"]["macro_f1"]["value"]
    assert gate["over_baseline"]["p"] < 0.05


def test_a_model_survives_its_file_and_a_broken_one_is_named(tmp_path: Path) -> None:
    weights = np.zeros(1 << BITS, dtype=np.float32)
    weights[[5, 70_000, 1 << 19]] = [1.27, -0.5, 0.01]
    path = tmp_path / "model.npz"
    path.write_bytes(packed(weights, 0.1, 1.5, -0.2, {"on": "today"}))
    read = SentimentModel.load(path)
    assert read.weights[[5, 70_000, 1 << 19]].tolist() == pytest.approx([1.27, -0.5, 0.01])
    assert (read.offset, read.slope, read.shift) == (0.1, 1.5, -0.2)
    (tmp_path / "broken.npz").write_bytes(b"PK no")
    for name in ("broken.npz", "missing.npz"):
        with pytest.raises(ModelDamaged):
            SentimentModel.load(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "complains"),
    [
        ("좋아요", False),
        ("안 좋아요", True),
        ("안좋아요", True),
        ("좋지 않아요", True),
        ("안 친절해요", True),
        ("친절하지 않아요", True),
        ("추천하지 않아요", True),
        ("기다리지 않아서 좋아요", False),
        ("병원에 안 가도 돼서 편해요", False),
        ("안내가 친절해요", False),
    ],
)
def test_a_negation_turns_what_it_stands_with(text: str, complains: bool) -> None:
    assert (SentimentModel.load().probabilities([text])[0] > 0.5) == complains


def test_what_is_negated_has_letters_of_its_own() -> None:
    for text in ("안 좋아요", "좋지 않아요", "못 쓰겠어요"):
        assert negated(text) != text
        assert len(negated(text)) == len(text)
    for text in ("안내가 좋아요", "안전해요", "안녕하세요", "지하철에서 좋아요"):
        assert negated(text) == text
