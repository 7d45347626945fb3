from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp import userdic
from nlp.lexicon import domain_words
from nlp.tokenize import Morph, Pos, Tokenizer, TokenizerUnavailable, make_tokenizer
from nlp.words import content_words

DOMAIN = ["비대면진료", "나만의닥터", "내원", "처방전", "약배송", "고객센터", "본인인증", "똑닥", "메디팡팡"]


@given(text=st.text(alphabet=st.characters(), max_size=300))
@settings(deadline=None)
def test_any_text_gives_morphemes_of_itself(mecab: Tokenizer, text: str) -> None:
    for morph in mecab.morphs(text):
        assert morph.surface
        assert morph.surface.encode()
        assert isinstance(morph.pos, Pos)


@given(
    parts=st.lists(
        st.sampled_from(
            [*DOMAIN, "👍🏽", "ㅋㅋㅠㅠ", "병원이", "안 돼요", "\x00", "\ud800", "GPS", "\u1112\u1161"]
        )
    )
)
@settings(deadline=None)
def test_words_and_noise_in_any_mix_do_not_break_it(mecab: Tokenizer, parts: list[str]) -> None:
    nouns = mecab.nouns(" ".join(parts))
    assert [n for n in nouns if n in DOMAIN] == [part for part in parts if part in DOMAIN]


@pytest.mark.parametrize("blank", ["", "   ", "\n\n", "\x00", "\ud800", "\ufeff"])
def test_blank_text_has_no_morphemes(mecab: Tokenizer, blank: str) -> None:
    mecab.morphs("앞의 글")
    assert mecab.morphs(blank) == []


@pytest.mark.parametrize("word", domain_words().words)
def test_every_domain_word_stays_whole(mecab: Tokenizer, word: str) -> None:
    assert word in mecab.nouns(f"어제 {word}")


@pytest.mark.parametrize(
    "sentence, word",
    [
        ("비대면진료를 신청했는데 내원하라고 하네요", "비대면진료"),
        ("비대면진료를 신청했는데 내원하라고 하네요", "내원"),
        ("나만의닥터로 처방전을 받았어요", "나만의닥터"),
        ("나만의 닥터 좋아요", "나만의닥터"),
        ("약 배송이 안 와요", "약배송"),
        ("업뎃 후 안 됨", "업데이트"),
    ],
)
def test_domain_words_survive_particles_and_spaces(mecab: Tokenizer, sentence: str, word: str) -> None:
    assert word in mecab.nouns(sentence)


@pytest.mark.parametrize(
    "sentence, torn", [("안내원이 친절해요", "내원"), ("계약 배송", "약배송"), ("지방간이래요", "지방")]
)
def test_domain_words_are_not_torn_out_of_others(mecab: Tokenizer, sentence: str, torn: str) -> None:
    assert torn not in mecab.nouns(sentence)


@pytest.mark.parametrize("text", ["가" * 100_000, "병원예약" * 25_000, "😀" * 100_000, "a1" * 50_000])
def test_hundred_kilobytes_without_a_space_take_bounded_time(mecab: Tokenizer, text: str) -> None:
    start = time.process_time()
    mecab.morphs(text)
    assert time.process_time() - start < 3


def test_many_odd_texts_leave_nothing_behind(mecab: Tokenizer) -> None:
    """What is kept at hand (lines of MeCab, short cleaned texts) is bounded: memory does not grow with what is read."""
    lot = random.Random(7)
    odd = ["병원이", "안 돼요", "👍🏽", "ㅋㅋㅠㅠ", "\x00", "\ud800", "\u1112\u1161", "GPS", "나만의닥터"]

    def read(count: int) -> float:
        for _ in range(count):
            mecab.morphs("".join(lot.choice(odd) + chr(lot.randrange(0xAC00, 0xD7A4)) for _ in range(12)))
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    before = read(20_000)
    assert read(20_000) - before < 30


def test_inflected_words_get_their_dictionary_form(mecab: Tokenizer) -> None:
    lemmas = {morph.lemma for morph in mecab.morphs("편하고 좋았는데 안 돼요 써 봤어요")}
    assert {"편하다", "좋다", "되다", "쓰다"} <= lemmas


@pytest.mark.parametrize(
    "sentence, word",
    [
        ("업데이트가 안 돼요", "안 되다"),
        ("결제가 되지 않아요", "안 되다"),
        ("못 쓰겠어요", "못 쓰다"),
        ("병원이 없어요", "없다"),
    ],
)
def test_negation_is_kept(mecab: Tokenizer, sentence: str, word: str) -> None:
    assert word in [w.text for w in content_words(mecab.morphs(sentence))]


def test_an_app_s_own_name_says_nothing_about_it(mecab: Tokenizer) -> None:
    morphs = mecab.morphs("굿닥 병원 예약 앱")
    assert [w.text for w in content_words(morphs, {"굿닥"})] == ["병원", "예약"]


def test_threads_share_a_tokenizer(mecab: Tokenizer) -> None:
    texts = [f"{i}번 병원 예약이 안 돼요" for i in range(200)]
    alone = [mecab.morphs(text) for text in texts]
    together: dict[int, list[list[Morph]]] = {}

    def work(name: int) -> None:
        together[name] = [mecab.morphs(text) for text in texts]

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(result == alone for result in together.values())
    assert len(together) == 4


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="kkma"):
        make_tokenizer("kkma")  # type: ignore[arg-type]


def test_the_dictionary_is_built_once_and_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALPIM_CACHE", str(tmp_path / "캐시 폴더"))
    assert make_tokenizer("mecab").nouns("약배송이") == ["약배송"]
    (built,) = (tmp_path / "캐시 폴더" / "nlp").iterdir()
    stamp = built.stat().st_mtime_ns
    make_tokenizer("mecab")
    assert [file.stat().st_mtime_ns for file in built.parent.iterdir()] == [stamp]


def test_a_cache_that_cannot_be_written_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SALPIM_CACHE", str(tmp_path / "file"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "next"))
    assert make_tokenizer("mecab").nouns("약배송이") == ["약배송"]
    assert list((tmp_path / "next" / "salpim" / "nlp").glob("user-*.dic"))


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="file owners are a POSIX matter")
def test_a_cache_that_others_can_write_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared" / "nlp"
    shared.mkdir(parents=True)
    shared.chmod(0o777)
    monkeypatch.setenv("SALPIM_CACHE", str(shared.parent))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own"))
    assert make_tokenizer("mecab").nouns("약배송이") == ["약배송"]
    assert not list(shared.iterdir())


def test_processes_may_race_for_the_first_build(tmp_path: Path) -> None:
    environment = os.environ | {"SALPIM_CACHE": str(tmp_path)}
    code = "from nlp.tokenize import make_tokenizer; print(make_tokenizer('mecab').nouns('비대면진료를'))"
    racers = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [racer.communicate(timeout=60)[0].strip() for racer in racers] == ["['비대면진료']"] * 4
    assert len(list((tmp_path / "nlp").iterdir())) == 1


def test_a_failed_build_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALPIM_CACHE", str(tmp_path))
    (tmp_path / "builder.py").write_text("raise SystemExit('no builder')")
    monkeypatch.setattr(userdic, "_BUILDER", tmp_path / "builder.py")
    with pytest.raises(TokenizerUnavailable, match="no builder"):
        make_tokenizer("mecab")
