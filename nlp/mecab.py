"""konlpy's Mecab on packaged wheels: no Java, no compiler, ready in milliseconds."""

from __future__ import annotations

import importlib.util
import shlex
import threading
from functools import lru_cache
from pathlib import Path

from nlp.lexicon import domain_words
from nlp.text import clean
from nlp.tokenize import Morph, Pos, TokenizerUnavailable, nouns_of
from nlp.userdic import user_dictionary

# mecab-ko-dic's tags: the Sejong set with a few of its own. A root (XR, 깔끔 of 깔끔하다) counts as a noun.
_POS = {
    "NNG": Pos.NOUN, "NNP": Pos.NOUN, "NNB": Pos.AFFIX, "NNBC": Pos.AFFIX, "NR": Pos.NUMBER,
    "NP": Pos.PRONOUN,
    "VV": Pos.VERB, "VA": Pos.ADJECTIVE, "VX": Pos.AUXILIARY, "VCP": Pos.AFFIX, "VCN": Pos.NEGATION,
    "MM": Pos.DETERMINER, "MAG": Pos.ADVERB, "MAJ": Pos.ADVERB, "IC": Pos.INTERJECTION,
    "JKS": Pos.PARTICLE, "JKC": Pos.PARTICLE, "JKG": Pos.PARTICLE, "JKO": Pos.PARTICLE, "JKB": Pos.PARTICLE,
    "JKV": Pos.PARTICLE, "JKQ": Pos.PARTICLE, "JX": Pos.PARTICLE, "JC": Pos.PARTICLE,
    "EP": Pos.ENDING, "EF": Pos.ENDING, "EC": Pos.ENDING, "ETN": Pos.ENDING, "ETM": Pos.ENDING,
    "XPN": Pos.AFFIX, "XSN": Pos.AFFIX, "XSV": Pos.AFFIX, "XSA": Pos.AFFIX, "XR": Pos.NOUN,
    "SL": Pos.FOREIGN, "SH": Pos.FOREIGN, "SN": Pos.NUMBER,
}  # fmt: skip
_PREDICATES = frozenset({"VV", "VA", "VX", "VCN"})
_NEGATIONS = frozenset({"안", "못", "않", "못하", "말"})
_JAMO = frozenset(map(chr, range(0x3131, 0x318F)))


class MecabTokenizer:
    """konlpy's ``Mecab`` with mecab-ko-dic and our domain words."""

    name = "mecab"

    def __init__(self) -> None:
        try:
            from konlpy.tag import Mecab
        except ImportError as error:
            raise _missing(error.name or "konlpy") from error
        found = importlib.util.find_spec("mecab_ko_dic")
        if found is None or found.origin is None:
            raise _missing("python-mecab-ko-dic")
        system = Path(found.origin).parent / "dictionary"
        self._domain = domain_words()
        user = user_dictionary(self._domain.words, system)
        # konlpy passes the path on as MeCab's argument string, which has room for more options.
        options = f"{shlex.quote(str(system))} -r /dev/null -u {shlex.quote(str(user))}"
        try:
            self._tagger = Mecab(dicpath=options).tagger
        except Exception as error:  # konlpy raises the bare class
            raise TokenizerUnavailable("Mecab을 시작할 수 없습니다.", "Mecab does not start.") from error
        self._lock = threading.Lock()  # a MeCab tagger holds one lattice

    def morphs(self, text: str) -> list[Morph]:
        """See ``Tokenizer``."""
        text = self._domain.unite(clean(text))
        if not text:
            return []
        with self._lock:
            parsed: str = self._tagger.parse(text)
        return [_morph(line) for line in parsed.split("\n") if "\t" in line]

    def nouns(self, text: str) -> list[str]:
        """See ``Tokenizer``."""
        return nouns_of(self.morphs(text))


def _missing(package: str) -> TokenizerUnavailable:
    return TokenizerUnavailable(
        f"형태소 분석기 패키지가 없습니다: {package}", f"A package of the tokenizer is missing: {package}"
    )


@lru_cache(maxsize=1 << 15)
def _morph(line: str) -> Morph:
    """What one line of MeCab's output says. A few thousand lines make up nearly all that people write."""
    surface, _, feature = line.partition("\t")
    features = feature.split(",")
    tag, _, rest = features[0].partition("+")
    stem = surface
    # An inflected token, 돼요 = 되/VV/*+어요/EC/*, names its parts in the eighth feature.
    if rest and len(features) > 7 and "/" in features[7]:
        stem = features[7].partition("/")[0]
    if stem in _NEGATIONS and tag in {"MAG", "VX"}:
        return Morph(surface, stem, Pos.NEGATION)
    if tag in _PREDICATES:
        return Morph(surface, stem + "다", _POS[tag])
    pos = _POS.get(tag, Pos.SYMBOL)
    if tag == "UNKNOWN" or pos in (Pos.INTERJECTION, Pos.SYMBOL):
        if _JAMO.issuperset(surface):
            pos = Pos.JAMO
        elif tag == "UNKNOWN":
            pos = Pos.UNKNOWN
    return Morph(surface, surface, pos)
