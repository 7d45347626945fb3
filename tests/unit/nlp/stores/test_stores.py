"""The stores' clients against a server that speaks as they do, well and badly."""

from __future__ import annotations

import ast
import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nlp.stores
from nlp.reviews import KST
from nlp.stores import (
    Blocked,
    ChangedFormat,
    NoCursor,
    NoSuchApp,
    RateLimited,
    Settings,
    StoreError,
    Unreachable,
    appstore,
    collect,
    googleplay,
)
from tests.harness import stores
from tests.harness.stores import (
    Answer,
    feed,
    feed_entry,
    feed_place,
    play_page,
    play_review,
    play_token,
    serve,
)

KEY = b"k" * 32
APP = "517637141"


class Waiting:
    """A clock that moves only where somebody sleeps."""

    def __init__(self) -> None:
        self.now, self.slept = 0.0, [0.0]

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)


def quick(url: str, waiting: Waiting | None = None, **given: object) -> Settings:
    waiting = waiting or Waiting()
    base = Settings(base_url=url, clock=lambda: waiting.now, sleep=waiting.sleep, lot=lambda: 0.5)
    return replace(base, **given)  # type: ignore[arg-type]


def pages(many: int, per_page: int = 3) -> Callable[[str, str], Answer]:
    """A store of ``many`` pages; the most helpful ones are the newest turned round."""

    def answer(path: str, _body: str) -> Answer:
        page, _app, sort = feed_place(path)
        numbers = range((page - 1) * per_page, page * per_page) if page <= many else ()
        entries = [feed_entry(n) for n in numbers]
        return Answer(feed(entries if sort == "mostrecent" else entries[::-1]) if entries else feed(None))

    return answer


def test_every_page_newest_and_most_helpful_and_no_review_twice() -> None:
    with serve(pages(4)) as store:
        batches = list(collect("appstore", APP, author_key=KEY, settings=quick(store.url)))
    found = [item for batch in batches for item in batch.found]
    assert len({item.review.store_id for item in found}) == len(found) == 12
    assert sorted({feed_place(path)[2] for path in store.asked}) == ["mosthelpful", "mostrecent"]
    assert len(store.asked) == 20
    assert batches[-1].last
    review = found[0].review
    assert (review.app, review.store, review.version, review.likes) == (APP, "appstore", "3.2.1", 2)
    assert review.at == datetime(2023, 1, 11, 2, 0, tzinfo=KST)
    assert "사람" not in json.dumps([vars_of(item.review) for item in found], ensure_ascii=False)


def vars_of(review: object) -> dict[str, str]:
    return {name: str(getattr(review, name)) for name in review.__slots__}  # type: ignore[attr-defined]


def test_one_review_alone_an_app_entry_and_an_empty_page_in_the_middle() -> None:
    def answer(path: str, _body: str) -> Answer:
        page, _app, sort = feed_place(path)
        if sort == "mosthelpful":
            return Answer(feed(None))
        app = {"im:name": {"label": "앱"}, "title": {"label": "앱"}}
        return Answer(
            {1: feed([app, feed_entry(1)]), 2: feed(feed_entry(2)), 4: feed([feed_entry(4)])}.get(
                page, feed(None)
            )
        )

    with serve(answer) as store:
        found = [
            i for b in collect("appstore", APP, author_key=KEY, settings=quick(store.url)) for i in b.found
        ]
    assert [item.review.text for item in found] == ["내용 1", "내용 2", "내용 4"]


def test_ten_full_pages_are_all_that_the_store_shows() -> None:
    with serve(pages(10)) as store:
        batches = list(collect("appstore", APP, author_key=KEY, settings=quick(store.url)))
    assert (batches[-1].last, batches[-1].capped, batches[-1].done, batches[-1].total) == (True, True, 20, 20)


@pytest.mark.parametrize(
    "header, waits", [({"Retry-After": "40"}, 40.0), ({}, 2.0), ({"Retry-After": "tomorrow"}, 2.0)]
)
def test_after_429_we_wait_as_long_as_asked_and_go_on(header: dict[str, str], waits: float) -> None:
    refusals = iter([Answer(status=429, headers=header)])
    with serve(lambda path, body: next(refusals, None) or pages(1)(path, body)) as store:
        waiting = Waiting()
        first = next(collect("appstore", APP, author_key=KEY, settings=quick(store.url, waiting)))
    assert len(first.found) == 3
    assert waits in waiting.slept


def test_429_without_end_is_said_so() -> None:
    with (
        serve(lambda *_: Answer(status=429, headers={"Retry-After": "9000"})) as store,
        pytest.raises(RateLimited) as caught,
    ):
        next(collect("appstore", APP, author_key=KEY, settings=quick(store.url)))
    assert caught.value.retry_after == 9000
    assert len(store.asked) == 1, "nobody waits two hours"


def test_waits_grow_and_then_it_is_unreachable() -> None:
    with serve(lambda *_: Answer(status=503)) as store:
        waiting = Waiting()
        with pytest.raises(Unreachable):
            next(collect("appstore", APP, author_key=KEY, settings=quick(store.url, waiting, pause=0.0)))
    assert len(store.asked) == 5
    assert waiting.slept[1:] == [2.0, 4.0, 8.0, 16.0]


def test_a_date_to_come_again_and_an_overloaded_store_that_names_a_time() -> None:
    late = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    gone = "Wed, 21 Oct 2015 07:28:00 GMT"
    for status, header, kind, least in (
        (429, late, RateLimited, 7000),
        (503, "600", Unreachable, 600),
        (429, gone, RateLimited, None),
    ):
        answer = Answer(status=status, headers={"Retry-After": header})
        with serve(lambda *_, answer=answer: answer) as store, pytest.raises(kind) as caught:
            next(collect("appstore", APP, author_key=KEY, settings=quick(store.url, tries=2)))
        found = caught.value.retry_after
        assert found is None if least is None else found is not None and least <= found <= 7200
        assert len(store.asked) == (2 if least is None else 1)


def test_one_that_stands_twice_on_a_page_comes_once() -> None:
    twice = feed([feed_entry(1), feed_entry(2), feed_entry(1, text="고친 글")])
    with serve(lambda path, _body: Answer(twice if feed_place(path)[0] == 1 else feed(None))) as store:
        batches = collect("appstore", APP, author_key=KEY, settings=quick(store.url))
        found = [item.review for batch in batches for item in batch.found]
    assert [review.text for review in found] == ["고친 글", "내용 2"]


def test_no_most_helpful_ones_is_no_missing_app() -> None:
    def answer(path: str, body: str) -> Answer:
        return Answer(status=404) if feed_place(path)[2] == "mosthelpful" else pages(2)(path, body)

    with serve(answer) as store:
        batches = list(collect("appstore", APP, author_key=KEY, settings=quick(store.url)))
    assert sum(len(batch.found) for batch in batches) == 6
    assert batches[-1].last


def test_a_page_left_out_in_the_middle_is_not_passed_over_in_silence() -> None:
    def answer(path: str, body: str) -> Answer:
        page, _app, sort = feed_place(path)
        return Answer(feed(None)) if page == 2 or sort == "mosthelpful" else pages(4)(path, body)

    with serve(answer) as store:
        batches = list(collect("appstore", APP, author_key=KEY, settings=quick(store.url)))
    assert batches[-1].capped


@pytest.mark.parametrize(
    "cursor",
    ["{}x", "[]", '{"place": 1}', '{"sort": 7}', '{"page": 0}', '{"page": 1.5}', '{"page": "2"}', '{"token": 1}',
     '{"full": "no"}', "7", "", "[" * 100_000],
)  # fmt: skip
def test_a_cursor_that_is_none(cursor: str) -> None:
    """It is refused before anything is asked for."""
    with pytest.raises(NoCursor, match="cursor"):
        collect("appstore", APP, cursor=cursor, author_key=KEY, settings=quick("http://127.0.0.1:9"))


def test_google_play_that_has_forgotten_the_token_is_read_anew_and_not_called_whole() -> None:
    known = {"2": play_page([play_review(2)], "3"), "3": play_page([play_review(3)], None)}

    def answer(_path: str, body: str) -> Answer:
        token = play_token(body)
        return Answer(
            play_page([play_review(1)], "2") if token is None else known.get(token, play_page([], None))
        )

    with serve(answer) as store:
        batches = list(
            collect(
                "googleplay",
                "com.example",
                cursor='{"page": 9, "token": "old"}',
                author_key=KEY,
                settings=quick(store.url),
            )
        )
    assert [item.review.store_id for batch in batches for item in batch.found] == ["gp:1", "gp:2", "gp:3"]
    with serve(lambda *_: Answer(play_page([], None))) as store:
        (batch,) = collect(
            "googleplay",
            "com.example",
            cursor='{"page": 9, "token": "old"}',
            author_key=KEY,
            settings=quick(store.url),
        )
    assert batch.last


def test_google_play_that_shows_the_same_page_for_ever_ends() -> None:
    with serve(lambda *_: Answer(play_page([play_review(1)], "again"))) as store:
        batches = list(collect("googleplay", "com.example", author_key=KEY, settings=quick(store.url)))
    assert len(batches) == 2
    assert batches[-1].last


def test_between_requests_there_is_a_pause() -> None:
    with serve(pages(2)) as store:
        waiting = Waiting()
        list(collect("appstore", APP, author_key=KEY, settings=quick(store.url, waiting, pause=1.5)))
    assert waiting.slept.count(1.5) == 19


@pytest.mark.parametrize(
    "answer, kind",
    [
        (Answer(b"<!DOCTYPE html><html>are you a robot?</html>"), Blocked),
        (Answer(b"\xef\xbb\xbf  <!-- robot? --><HTML></HTML>"), Blocked),
        (Answer(b'<?xml version="1.0"?><feed/>'), ChangedFormat),
        (Answer(status=403), Blocked),
        (Answer(status=302, headers={"Location": "http://127.0.0.1:1/"}), Blocked),
        (Answer(status=404), NoSuchApp),
        (Answer(status=400), NoSuchApp),
        (Answer(b'{"feed": {"entry": [{"im:rating": 5}]}}'), ChangedFormat),
        (Answer(b'{"food": 1}'), ChangedFormat),
        (Answer(feed([feed_entry(1)])[:-40]), Unreachable),
        (Answer(feed([feed_entry(1)]), cut=50), Unreachable),
        (Answer(b"x" * 3000), Unreachable),
    ],
    ids=[
        "captcha", "captcha behind a comment", "xml", "403", "redirect",
        "404", "400", "other entry", "other feed", "truncated", "broken off", "long",
    ],
)  # fmt: skip
def test_what_goes_wrong_is_told_apart(answer: Answer, kind: type[StoreError]) -> None:
    with serve(lambda *_: answer) as store, pytest.raises(kind) as caught:
        next(collect("appstore", APP, author_key=KEY, settings=quick(store.url, longest=2500)))
    assert type(caught.value) is kind
    assert caught.value.reason_ko
    assert caught.value.reason_en


def test_a_slow_drip_ends_at_the_deadline() -> None:
    with serve(lambda *_: Answer(feed([feed_entry(1)]), drip=0.02)) as store:
        slow = Settings(base_url=store.url, deadline=0.3, tries=1, pause=0)
        with pytest.raises(Unreachable, match="slowly"):
            next(collect("appstore", APP, author_key=KEY, settings=slow))


def test_nobody_there() -> None:
    with pytest.raises(Unreachable):
        next(collect("appstore", APP, author_key=KEY, settings=quick("http://127.0.0.1:9", tries=2)))


def test_what_failed_on_page_four_goes_on_and_ends_as_if_nothing_had_been() -> None:
    whole = pages(6)
    with serve(whole) as store:
        undisturbed = {
            i.review
            for b in collect("appstore", APP, author_key=KEY, settings=quick(store.url))
            for i in b.found
        }
        store.answer = lambda path, body: (
            Answer(status=503) if feed_place(path)[0] == 4 else whole(path, body)
        )
        kept, cursor = set(), None
        batches = collect("appstore", APP, author_key=KEY, settings=quick(store.url))
        for batch in (next(batches) for _ in range(3)):
            kept |= {item.review for item in batch.found}
            cursor = batch.cursor
        with pytest.raises(Unreachable):
            next(batches)
        store.answer, store.asked = whole, []
        for batch in collect("appstore", APP, cursor=cursor, author_key=KEY, settings=quick(store.url)):
            kept |= {item.review for item in batch.found}
    assert kept == undisturbed
    assert feed_place(store.asked[0])[0] == 4


def test_google_play_page_by_page() -> None:
    def answer(path: str, body: str) -> Answer:
        token = play_token(body)
        start = int(token or 0)
        assert stores.query(path)["gl"] == ["kr"]
        last = start >= 4
        return Answer(
            play_page([play_review(n) for n in range(start, start + 2)], None if last else str(start + 2))
        )

    with serve(answer) as store:
        batches = list(collect("googleplay", "com.example", author_key=KEY, settings=quick(store.url)))
    found = [item for batch in batches for item in batch.found]
    assert [item.review.store_id for item in found] == [f"gp:{n}" for n in range(6)]
    assert (found[0].review.version, found[0].review.likes, found[0].review.star) == ("5.0.1", 3, 1)
    assert batches[-1].last


@pytest.mark.parametrize("body", [b')]}\'\n\n[["wrb.fr","UsvDTd",null]]', play_page([], None)])
def test_google_play_without_reviews(body: bytes) -> None:
    with serve(lambda *_: Answer(body)) as store:
        (batch,) = collect("googleplay", "com.example", author_key=KEY, settings=quick(store.url))
    assert batch.found == ()
    assert batch.last


def test_google_play_in_another_form() -> None:
    for body in (b')]}\'\n\n[["wrb.fr","Other","[]"]]', b')]}\'\n\n[["wrb.fr","UsvDTd","[[[1]]]"]]', b"{}"):
        with serve(lambda *_, body=body: Answer(body)) as store, pytest.raises(ChangedFormat):
            next(collect("googleplay", "com.example", author_key=KEY, settings=quick(store.url)))


@pytest.mark.parametrize(
    "updated", ["9999-12-31T23:00:00-07:00", "0001-01-01T00:00:00+14:00", "1023-05-06T10:00:00Z"]
)
def test_the_app_store_with_a_date_that_cannot_be(updated: str) -> None:
    with pytest.raises(ChangedFormat):
        appstore.entries(feed([feed_entry(1), feed_entry(2, updated=updated)]))


@pytest.mark.parametrize("seconds", [0, 253_402_300_799, 10**18, float("inf")])
def test_google_play_with_a_date_that_cannot_be(seconds: float) -> None:
    review = play_review(1)
    review[5][0] = seconds
    with pytest.raises(ChangedFormat):
        googleplay.page(play_page([play_review(0), review], None))


def test_an_edit_changes_the_digest_and_authors_and_numbers_are_hidden() -> None:
    entry = feed_entry(1, text="전화 010-1234-5678, a@example.org 로 주세요", author="홍길동")
    with serve(lambda *_: Answer(feed([entry]))) as store:
        one = next(collect("appstore", APP, author_key=KEY, settings=quick(store.url))).found[0]
        entry = feed_entry(1, text="고쳤습니다", author="홍길동")
        two = next(collect("appstore", APP, author_key=KEY, settings=quick(store.url))).found[0]
        other = next(collect("appstore", APP, author_key=b"another key", settings=quick(store.url))).found[0]
    assert one.digest != two.digest == other.digest
    assert one.review.author == two.review.author != other.review.author
    assert "홍길동" not in one.review.author
    assert one.review.text == "전화 [전화번호], [이메일] 로 주세요"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=8), inside, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_no_json_at_all_raises_anything_else(value: object) -> None:
    for content in (json.dumps(value).encode(), json.dumps({"feed": {"entry": value}}).encode()):
        with contextlib.suppress(ChangedFormat):
            appstore.entries(content)
    inner = json.dumps([["wrb.fr", "UsvDTd", json.dumps(value)]])
    for content in (json.dumps(value).encode(), f")]}}'\n\n{inner}".encode()):
        with contextlib.suppress(ChangedFormat):
            googleplay.page(content)


def test_tls_checks_cannot_be_switched_off() -> None:
    folder = Path(nlp.stores.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = {getattr(node, "id", ""), getattr(node, "attr", ""), getattr(node, "arg", "") or ""}
            assert not names & {
                "cert_reqs",
                "CERT_NONE",
                "assert_hostname",
                "verify",
                "_create_unverified_context",
            }, path
