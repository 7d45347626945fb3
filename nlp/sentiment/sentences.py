"""Cuts what people write into pieces that each say one thing."""

from __future__ import annotations

import re

from nlp.text import composed

#: A sentence ends at a line end, after its mark, after ㅋㅋ or ㅠㅠ, after 요 or 다 that a space follows, and
#: before or after a turn: "-지만", "-는데", "하지만" …
_CUTS = re.compile(
    r"\n+"
    r"|(?<=[.!?…~。！？])\s*(?![.!?…~。！？\d])"
    r"|(?<=[ㅋㅎㅠㅜ])\s+"
    r"|(?<=[가-힣]요)\s+(?=[가-힣])"
    r"|(?<=니다)\s+|(?<=네여)\s+|(?<=어여)\s+"
    r"|(?<=지만)[\s,]*|(?<=는데요)[\s,]+|(?<=는데)[\s,]+|(?<=은데)[\s,]+|(?<=[긴인한던]데)[\s,]+|(?<=으나)[\s,]+"
    r"|(?<![\s,])[\s,]+(?=하지만|그런데|그러나|근데|다만|단지|반면|그래도|아쉬운|단점)"
)


def sentences(text: str) -> list[str]:
    """The pieces of ``text`` (as ``composed``) in order, without the white space and commas between them.

    A text without a readable character has none.
    """
    pieces = (piece.strip(" \t\r\n,") for piece in _CUTS.split(composed(text)))
    return [piece for piece in pieces if piece]
