"""The front-end build: what is taken from KRDS, how letters are shared among font files."""

from __future__ import annotations

from pathlib import Path

from frontend.tools import fonts, krds, sources

TOKENS = """
:root {
  --krds-color-light-gray-90: #111;
  --krds-color-dark-gray-5: #eee;
  --krds-light-color-text-basic: var(--krds-color-light-gray-90);
  --krds-high-contrast-color-text-basic: var(--krds-color-dark-gray-5);
  --krds-light-color-text-unused: var(--krds-color-light-gray-90);
}
"""
COMPONENTS = """
.krds-btn { --krds-button--fill: var(--krds-light-color-text-basic); --krds-button--spare: 1rem; }
.krds-btn.primary, .krds-btn.never-used { color: var(--krds-button--fill); }
@media (max-width: 767px) { .krds-btn.primary { height: 1rem; } .krds-modal { top: 0; } }
.krds-modal { position: fixed; }
"""


def _krds(folder: Path) -> Path:
    for name, text in (("token/krds_tokens.css", TOKENS), ("component/component.css", COMPONENTS)):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text)
    return folder


def test_only_reached_tokens_and_used_components_are_taken(tmp_path: Path) -> None:
    css = krds.style_sheet(_krds(tmp_path), "", {"krds-btn", "primary", "krds-modal"})
    assert "--krds-color-light-gray-90: #111" in css
    assert "text-unused" not in css
    assert ".krds-btn.primary {" in css
    assert "never-used" not in css
    assert "krds-modal" not in css
    assert "--krds-button--spare" not in css


def test_the_dark_theme_is_the_other_set_of_tokens(tmp_path: Path) -> None:
    css = krds.style_sheet(_krds(tmp_path), "p { color: var(--krds-light-color-text-basic); }", set())
    dark = css[css.index('[data-theme="dark"]') :]
    assert "--krds-light-color-text-basic: var(--krds-high-contrast-color-text-basic);" in dark
    assert "--krds-color-dark-gray-5: #eee" in css


def test_every_letter_is_asked_of_exactly_one_font_file() -> None:
    available = set(range(0x20, 0x250)) | set(range(0xAC00, 0xD7A4, 3))
    shell, pages = {0xAC00, 0xAC03, 0x41}, {0xAC03, 0xAC06, 0xD7A2}
    faces = fonts.faces(shell, pages, available)
    asked = [code for face in faces for code in face.range]
    assert len(asked) == len(set(asked))
    assert set(asked) == available
    assert all(face.range <= face.letters for face in faces)


def test_a_new_word_leaves_the_large_font_files_as_they_are() -> None:
    available = set(range(0xAC00, 0xD7A4))
    before = {face.name: face.letters for face in fonts.faces({0xAC00}, {0xAC01}, available)}
    after = {face.name: face.letters for face in fonts.faces({0xAC00}, {0xAC01, 0xC0B4}, available)}
    assert {name for name in before if before[name] != after[name]} == {"pages"}


def test_ranges_are_written_as_css() -> None:
    assert fonts.unicode_range({0x41, 0x42, 0x43, 0xAC00}) == "U+41-43,U+AC00"


def test_built_files_are_no_source_of_letters(tmp_path: Path) -> None:
    for name, text in (("app/web/static/dist/a.js", "닭"), ("app/web/a.html", "살핌")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert sources.letters(tmp_path, ("app",)) == {ord("살"), ord("핌")}
