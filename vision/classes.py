"""The seven classes of lesion, in the order of the network's outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Group = Literal["malignant", "premalignant", "benign"]
Urgency = Literal["soon", "weeks", "none"]
"""How soon a doctor should see a lesion that is one: within days, within weeks, or not on its account."""
_URGENCY: dict[str, Urgency] = {"mel": "soon", "bcc": "weeks", "akiec": "weeks"}


@dataclass(frozen=True)
class LesionClass:
    """One class: its key in data and JSON, its names, its group and a sentence in plain words."""

    key: str
    name_ko: str
    name_en: str
    group: Group
    plain_ko: str
    plain_en: str

    @property
    def urgency(self) -> Urgency:
        """How soon a doctor should see it."""
        return _URGENCY.get(self.key, "none")

    def to_json(self) -> dict[str, str]:
        """Names, group, urgency and plain words, for ``json.dumps``."""
        return {
            "ko": self.name_ko,
            "en": self.name_en,
            "group": self.group,
            "urgency": self.urgency,
            "plain_ko": self.plain_ko,
            "plain_en": self.plain_en,
        }


CLASSES: tuple[LesionClass, ...] = (
    LesionClass(
        "akiec",
        "광선각화증·편평세포암 계열",
        "Actinic keratosis and squamous cell carcinoma",
        "premalignant",
        "햇빛을 오래 받은 피부에 생기는 거친 반점에서 편평세포암까지를 아우르는 종류입니다. "
        "암이 되기 전 단계일 수도, 이미 암일 수도 있어 의사의 진찰이 필요합니다.",
        "A range from rough patches on sun-worn skin to squamous cell carcinoma. "
        "It may be a stage before cancer or already a cancer, so a doctor should examine it.",
    ),
    LesionClass(
        "bcc",
        "기저세포암",
        "Basal cell carcinoma",
        "malignant",
        "가장 흔한 피부암입니다. 천천히 자라고 다른 곳으로 퍼지는 일은 드물지만 치료가 필요합니다.",
        "The most common skin cancer. It grows slowly and rarely spreads, but it needs treatment.",
    ),
    LesionClass(
        "bkl",
        "양성 각화성 병변",
        "Benign keratosis",
        "benign",
        "검버섯이나 지루각화증처럼 나이가 들며 생기는 양성 병변입니다. 대개 치료하지 않아도 됩니다.",
        "Harmless growths that come with age, such as seborrhoeic keratosis or sun spots. "
        "They usually need no treatment.",
    ),
    LesionClass(
        "df",
        "피부섬유종",
        "Dermatofibroma",
        "benign",
        "피부 속에 만져지는 작고 단단한 양성 혹입니다. 대개 그대로 두어도 괜찮습니다.",
        "A small, firm, harmless lump in the skin. It can usually be left alone.",
    ),
    LesionClass(
        "mel",
        "흑색종",
        "Melanoma",
        "malignant",
        "색소를 만드는 세포에서 생기는 피부암입니다. "
        "일찍 발견하면 치료가 잘 되므로 빨리 진료를 받아야 합니다.",
        "A cancer of the cells that make pigment. Found early it can be treated well, "
        "so it should be seen by a doctor soon.",
    ),
    LesionClass(
        "nv",
        "점(모반)",
        "Mole (naevus)",
        "benign",
        "흔히 점이라고 부르는 양성 병변입니다. 모양이나 색, 크기가 달라지면 다시 보여 주세요.",
        "An ordinary mole. Show it again if its shape, colour or size changes.",
    ),
    LesionClass(
        "vasc",
        "혈관 병변",
        "Vascular lesion",
        "benign",
        "혈관종처럼 작은 혈관이 모여 생긴 붉은 병변입니다. 대개 해롭지 않습니다.",
        "A red spot made of small blood vessels, such as a haemangioma. It is usually harmless.",
    ),
)

KEYS: tuple[str, ...] = tuple(c.key for c in CLASSES)
RISKY: tuple[bool, ...] = tuple(c.group != "benign" for c in CLASSES)
"""Which classes count towards ``Prediction.risk``: malignant or premalignant."""

MERGED: dict[str, str] = {"scc": "akiec"}
"""Labels of the data that are read as another class: scc is the invasive end of akiec's spectrum."""
