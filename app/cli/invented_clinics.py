"""A register of clinics that do not exist, spread over the country like the real ones, for measuring and trying out."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator

from pyproj import Transformer

from app.regions.areas import Area, areas, districts, provinces

HEADER = (
    "번호",
    "관리번호",
    "영업상태명",
    "소재지전화",
    "소재지전체주소",
    "도로명전체주소",
    "사업장명",
    "좌표정보(X)",
    "좌표정보(Y)",
    "의료기관종별명",
    "진료과목내용명",
)
WEIGHTS = {"11": 26, "31": 24, "21": 7, "22": 5, "23": 5, "24": 3, "25": 3, "26": 2, "29": 1}
"""How many of a hundred stand in a province; two in each of the others, nearly."""
KINDS = (
    ("의원", "의원", 50),
    ("치과의원", "치과의원", 25),
    ("한의원", "한의원", 18),
    ("병원", "병원", 3),
    ("요양병원", "요양병원(일반요양병원)", 2),
    ("종합병원", "종합병원", 1),
    ("보건지소", "보건지소", 1),
)
WORDS = ("가람", "나래", "다솜", "라온", "마루", "바른", "새봄", "아름", "자연", "하늘", "푸른", "고운")
DEPARTMENTS = ("내과", "피부과", "정형외과", "이비인후과", "소아청소년과", "가정의학과", "안과")
SPREAD_METRES = 5_000


def rows(count: int, *, seed: int = 7) -> Iterator[tuple[str, ...]]:
    """Yield the header and `count` rows in the shape of LOCALDATA (metres of EPSG:5174). The same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - invented on purpose
    to_metres = Transformer.from_crs(4326, 5174, always_xy=True)
    middles = {one.code: to_metres.transform(one.longitude, one.latitude) for one in areas().values()}
    where = [one.code for one in provinces()]
    weights = [WEIGHTS.get(code, 3) for code in where]
    yield HEADER
    for number in range(1, count + 1):
        province = chance.choices(where, weights)[0]
        yield _row(chance, number, chance.choice(districts(province)), middles)


def _row(
    chance: random.Random, number: int, district: Area, middles: dict[str, tuple[float, float]]
) -> tuple[str, ...]:
    ending, kind, _ = chance.choices(KINDS, [weight for _, _, weight in KINDS])[0]
    east, north = (value + chance.gauss(0, SPREAD_METRES) for value in middles[district.code])
    skin = "피부과" if ending == "의원" and chance.random() < 0.05 else ""
    seen = ", ".join(chance.sample(DEPARTMENTS, chance.randint(1, 3))) if ending in ("의원", "병원") else ""
    address = f"{district.full_name()} 지어낸로 {number}"
    position = ("", "") if chance.random() < 0.02 else (f"{east:.4f}", f"{north:.4f}")
    return (
        str(number),
        f"INVENTED-{number:07d}",
        "폐업" if chance.random() < 0.01 else "영업/정상",
        f"0{chance.randint(2, 64)}-555-{number % 10000:04d}",
        address,
        address,
        f"지어낸{chance.choice(WORDS)}{number}{skin}{ending}",
        *position,
        kind,
        f"{seen}, 피부과" if skin else seen,
    )


def file(count: int, *, seed: int = 7, encoding: str = "cp949") -> bytes:
    """Return such a register as a CSV file."""
    text = io.StringIO()
    csv.writer(text).writerows(rows(count, seed=seed))
    return text.getvalue().encode(encoding)
