"""A signed finding as a tagged PDF (PDF/UA-1), to print and take to a clinic.

Nothing of it is written to a file: template, photos and drawing are handed over in memory. What people wrote
goes in as data (JSON), never as mark-up.
"""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask_babel import force_locale
from PIL import Image

from app.accounts.models import User
from app.audit import service as audit
from app.cases import photos, policy, signing
from app.cases.errors import NoSuchCase
from app.cases.models import Case, CaseState
from app.infra import clock
from app.infra.storage import ObjectLost
from app.records import drawings, finding_data, fonts

TEMPLATE = Path(__file__).with_name("finding.typ")
PHOTO_SIDE = 1000
PHOTO_QUALITY = 85
STANDARD = "ua-1"


class NotGenuine(Exception):
    """The finding is not as it was signed: it must not leave the house."""


@dataclass(frozen=True)
class Document:
    """A PDF and the name under which it is saved."""

    data: bytes
    name: str


def finding_pdf(user: User, case: Case, *, locale: str, large: bool = False, address: str) -> Document:
    """Return the finding that holds, in `locale` (ko or en), and record that it left the house.

    large: in large print. address: where the same finding stands in the portal. Raises `NoSuchCase` without a
    signed finding, `NotGenuine`.
    """
    if case.state != CaseState.SIGNED or case.finding is None:
        raise NoSuchCase(case.public_id)
    if not signing.is_genuine(case.finding):
        raise NotGenuine
    with force_locale(locale):
        pictures = _pictures(case)
        files = dict(pictures)
        drawing = drawings.place_svg(case.lesion.body_site) if case.lesion is not None else None
        if drawing is not None:
            files["place.svg"] = drawing
        content = finding_data.of(
            case,
            address=address,
            photos=list(pictures),
            drawn=drawing is not None,
            with_opinion=policy.can_see_opinion(user, case),
        )
        name = finding_data.file_name(case)
    content |= {"lang": locale, "large": large}
    data = compile_pdf(content, files)
    audit.record("finding.exported", f"finding:{case.finding.public_id}", patient_id=case.patient_id)
    return Document(data, name)


def _pictures(case: Case) -> dict[str, bytes]:
    """Return the case's photos in a size for paper, by file name; one that is lost is left out."""
    found = {}
    for number, photo in enumerate(case.photos, start=1):
        try:
            found[f"photo{number}.svg"] = _for_paper(photos.read(photo))
        except ObjectLost:
            continue
    return found


def _for_paper(jpeg: bytes) -> bytes:
    picture = Image.open(io.BytesIO(jpeg))
    picture.draft("RGB", (PHOTO_SIDE * 2, PHOTO_SIDE * 2))
    picture.thumbnail((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.convert("RGB").save(out, "JPEG", quality=PHOTO_QUALITY)
    # The compiler takes files in memory only as text; a drawing may carry a photo.
    width, height = picture.size
    data = base64.b64encode(out.getvalue()).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
        f'<image width="{width}" height="{height}" href="data:image/jpeg;base64,{data}"/></svg>'
    ).encode()


def compile_pdf(content: dict[str, Any], files: dict[str, bytes]) -> bytes:
    """Set `content` by finding.typ. The compiler itself refuses what PDF/UA-1 does not allow."""
    # Imported here: the worker never prints, and need not hold the compiler.
    import typst

    made = typst.compile(  # type: ignore[call-overload]  # its stubs do not know of files in memory
        {"main.typ": TEMPLATE.read_bytes(), **files},
        sys_inputs={"data": json.dumps(fonts.printable(content), ensure_ascii=False)},
        font_paths=[str(fonts.folder())],
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards=STANDARD,
        timestamp=int(clock.now().timestamp()),
    )
    return bytes(made)
