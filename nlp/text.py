"""What happens to every text before anything reads it: masking on import, cleaning before tokenizing."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

#: Longest text that is tokenized, in characters. App Store reviews end at 6,000.
MAX_CHARS = 6_000
#: A space is put after so many characters without one: Okt is quadratic in the length of an unspaced run.
MAX_RUN = 40

_EMAIL = re.compile(r"(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,63}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}", re.ASCII)
_RESIDENT = re.compile(r"(?<!\d)\d{6}[-–][1-8]\d{6}(?!\d)")
_GAP = r"[-–. ]?"
_PHONE = re.compile(
    r"(?<![\d-])(?:"
    rf"(?:\+?82{_GAP}\(?0?\)?|0)1[016-9]{_GAP}\d{{3,4}}{_GAP}\d{{4}}"  # mobile
    rf"|(?:\+?82{_GAP}|0)(?:2|[3-6][1-5]|70|50\d)[-–.) ]{{1,2}}\d{{3,4}}[-–. ]\d{{4}}"  # all others
    r"|1[568]\d{2}[-–]\d{4}"  # nationwide service numbers
    r")(?![\d-])"
)


def mask(text: str) -> str:
    """``text`` with e-mail addresses, telephone and resident registration numbers replaced by labels.

    Masking what is masked changes nothing.
    """
    if "@" in text:
        text = _EMAIL.sub("[이메일]", text)
    text = _RESIDENT.sub("[주민등록번호]", text)
    return _PHONE.sub("[전화번호]", text)


_SURROGATE = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """``text`` without NUL and lone surrogates, which neither UTF-8 nor PostgreSQL can hold."""
    return _SURROGATE.sub("", text.replace("\x00", ""))


_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e0fff]"
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MARK = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
_MARKS = re.compile(f"({_MARK}{{3}}){_MARK}+")
_REPEAT = re.compile(r"([^\s\d])\1{2,}")  # not digits: 10000원 is not 100원
_REPEAT_GROUP = re.compile(r"([^\s\d]{2,4}?)\1{3,}")
_SPACES = re.compile(r"\s+")
_RUN = re.compile(rf"\S{{{MAX_RUN}}}(?=\S)")


def clean(text: str) -> str:
    """``text`` as every tokenizer may safely read it; ``''`` if nothing readable is left.

    NFC; no control characters, NUL, lone surrogates or invisible joiners; a character repeated three times
    or more is kept twice (``ㅋㅋㅋㅋ`` → ``ㅋㅋ``), a group of 2–4 repeated four times or more likewise;
    single spaces, one after each 40 unspaced characters; at most 6,000 characters. Never raises, and the
    work is linear in the input's length up to the cap.
    """
    return _cleaned_often(text) if len(text) <= _SHORT else _cleaned(text)


def _cleaned(text: str) -> str:
    # A decomposed syllable is up to three code points, so this cut loses nothing the last one would keep.
    text = _SURROGATE.sub("", text[: 3 * MAX_CHARS])
    text = _INVISIBLE.sub("", _CONTROL.sub(" ", text))
    # Before NFC: putting a long run of combining marks in order is quadratic.
    text = unicodedata.normalize("NFC", _MARKS.sub(r"\1", text))
    text = _REPEAT_GROUP.sub(r"\1\1", _REPEAT.sub(r"\1\1", text))
    text = _SPACES.sub(" ", text).strip()
    return _RUN.sub(r"\g<0> ", text)[:MAX_CHARS].rstrip()


def composed(text: str) -> str:
    """``text`` in NFC without invisible joiners, lines and all else as they are; the first 18,000 characters."""
    return unicodedata.normalize("NFC", _MARKS.sub(r"\1", _INVISIBLE.sub("", text[: 3 * MAX_CHARS])))


#: A review and each of its sentences are cleaned by whoever reads them: short ones are kept at hand.
_SHORT = 160
_cleaned_often = lru_cache(maxsize=1 << 14)(_cleaned)
