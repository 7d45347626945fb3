"""For old eyes and fingers: at twice the type nothing is lost on a phone, and everything to press is large enough."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.e2e import story
from tests.e2e.conftest import DESKTOP, PHONE
from tests.e2e.looking import AXE, BURSTING, NEXT_FRAME, OPEN_ALL, TOO_WIDE, Eyes
from tests.e2e.pages import ACCOUNT, PATIENT, PUBLIC, SIGN_IN
from tests.e2e.site import FAILING, Site, serve

pytestmark = pytest.mark.browser

LOOKS = [
    look
    for look in (*PUBLIC, *SIGN_IN, *ACCOUNT, *PATIENT)
    if not look.empty
    and look.who not in ("operator", "doctor", "secured")
    and not look.state.endswith("wrong")
    and look.endpoint not in (FAILING, "doctor.home")
]
"""What patients and visitors see; a form that came back with errors is the form again."""
SOME = frozenset(
    {"public.landing", "public.clinics-near", "account.settings", "patient.home", "patient.case-amended"}
)
"""Looked at in English as well: its words are longer."""

LARGEST = "document.documentElement.dataset.text = 'xlarge'"

WORDS = """const words = (within = document.body) => {  // every text that is seen, with the places of its lines
  const found = [], walker = document.createTreeWalker(within, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, box = node.parentElement;
    if (!node.textContent.trim() || box.closest("svg, script, style, template, option, .skip-link, .visually-hidden")) continue;
    if (!box.checkVisibility({checkVisibilityCSS: true, checkOpacity: true})) continue;
    let hidden = false;
    for (let up = box; up && !hidden; up = up.parentElement) hidden = getComputedStyle(up).clipPath !== "none";
    if (hidden) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    found.push({node, box, lines: [...range.getClientRects()].filter(line => line.width > 1 && line.height > 1)});
  }
  return found;
};
const name = e => `${e.tagName.toLowerCase()}.${[...e.classList].join(".")} “${e.textContent.trim().slice(0, 30)}”`;
"""
CUT_OFF = f"""() => {{
  {WORDS}
  const out = [];
  for (const {{box, lines}} of words()) {{
    for (let up = box; up && up !== document.body; up = up.parentElement) {{
      const style = getComputedStyle(up), edge = up.getBoundingClientRect();
      if (/auto|scroll/.test(style.overflowX + style.overflowY)) break;
      if (!/hidden|clip/.test(style.overflowX + style.overflowY)) continue;
      const beside = l => l.left < edge.left - 1 || l.right > edge.right + 1;
      if (lines.some(l => beside(l) || l.top < edge.top - 2 || l.bottom > edge.bottom + 2))
        out.push(`${{name(box)}} in ${{name(up)}}`);
    }}
  }}
  return out.slice(0, 6);
}}"""
ON_EACH_OTHER = f"""() => {{
  {WORDS}
  const floats = e => {{  // what is meant to lie over the page, on a ground of its own
    for (let up = e; up; up = up.parentElement) if (/fixed|sticky/.test(getComputedStyle(up).position)) return true;
    return e.closest("dialog, .menu__panel, .zoom__tools");
  }};
  const seen = words().filter(({{box}}) => !floats(box));
  const lines = seen.flatMap(({{box, lines}}) => lines.map(line => ({{box, line}}))).sort((a, b) => a.line.top - b.line.top);
  const out = [];
  for (let i = 0; i < lines.length; i++) for (let j = i + 1; j < lines.length && lines[j].line.top < lines[i].line.bottom; j++) {{
    const a = lines[i], b = lines[j];
    const high = Math.min(a.line.bottom, b.line.bottom) - Math.max(a.line.top, b.line.top);
    const wide = Math.min(a.line.right, b.line.right) - Math.max(a.line.left, b.line.left);
    // The lines of large letters reach a little into each other's white: only more than a third is an overlap.
    if (a.box !== b.box && wide > 2 && high > Math.min(a.line.height, b.line.height) / 3)
      out.push(`${{name(a.box)}} and ${{name(b.box)}}`);
  }}
  return out.slice(0, 6);
}}"""
UNDER_THE_BAR = """() => {
  const bar = document.querySelector(".portal-nav");
  if (!bar || getComputedStyle(bar).position !== "fixed" || !bar.checkVisibility()) return [];
  const out = [], top = bar.getBoundingClientRect().top;
  if (innerHeight - top > innerHeight / 5) out.push(`the bar is ${Math.round(innerHeight - top)} px high`);
  scrollTo(0, document.scrollingElement.scrollHeight);
  const end = document.querySelector(".site-footer").getBoundingClientRect().bottom;
  if (end > top + 1) out.push(`the end of the page is ${Math.round(end - top)} px under the bar`);
  return out;
}"""
OUT_OF_REACH = f"""() => {{
  {WORDS}
  const out = [];
  for (const button of document.querySelectorAll("main .krds-btn, main .choice, .portal-nav a")) {{
    if (!button.checkVisibility({{checkVisibilityCSS: true}}) || button.closest("dialog")) continue;
    button.scrollIntoView({{block: "center", behavior: "instant"}});
    const place = button.getBoundingClientRect();
    const down = Math.min(place.height / 2, innerHeight / 3);
    const hit = document.elementFromPoint(place.left + place.width / 2, place.top + down);
    if (!hit || !(button.contains(hit) || hit.contains(button)))
      out.push(`${{name(button)}} is under ${{hit ? name(hit) : "nothing"}}`);
  }}
  scrollTo(0, 0);
  return out.slice(0, 6);
}}"""
SIZES = f"""() => {{
  {WORDS}
  window.sizesBefore = words().map(({{node, box}}) => [node, parseFloat(getComputedStyle(box).fontSize)]);
}}"""
NOT_TWICE = f"""([enough, inTheBar]) => {{
  {WORDS}
  return [...new Set(window.sizesBefore.filter(([node, before]) => node.isConnected).map(([node, before]) => {{
    const now = parseFloat(getComputedStyle(node.parentElement).fontSize);
    const limit = node.parentElement.closest(".portal-nav") ? inTheBar : enough;
    return now < Math.min(2 * before, limit) - 0.1 ? `${{before}} px becomes ${{now}} px: ${{name(node.parentElement)}}` : "";
  }}))].filter(Boolean).slice(0, 6);
}}"""
SMALL_TARGETS = f"""smallest => {{
  {WORDS}
  const seen = e => e.checkVisibility({{checkVisibilityCSS: true, checkOpacity: true}});
  const flowing = e => {{  // a link within a sentence (WCAG 2.5.8 leaves it out)
    if (e.tagName !== "A" || getComputedStyle(e).display !== "inline") return false;
    let block = e.parentElement;
    while (getComputedStyle(block).display.startsWith("inline")) block = block.parentElement;
    return block.textContent.trim().length > e.textContent.trim().length;
  }};
  const out = new Set();
  for (const e of document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), select, textarea")) {{
    if (e.disabled || e.closest("[inert], dialog:not([open])") || e.classList.contains("skip-link") || flowing(e)) continue;
    const label = e.labels && ["checkbox", "radio", "file"].includes(e.type) ? e.labels[0] : null;
    const held = e.closest(".card--link .card__title") ? e.closest(".card--link") : label || e;
    if (!seen(held)) continue;
    const place = held.getBoundingClientRect(), own = e.getBoundingClientRect();
    const width = Math.max(place.width, own.width), height = Math.max(place.height, own.height);
    if (width < smallest - 0.5 || height < smallest - 0.5) out.add(`${{Math.round(width)}}×${{Math.round(height)}} ${{name(e)}}`);
  }}
  return [...out].slice(0, 8);
}}"""
TARGET = 48
"""CSS pixels, in ordinary type."""
ENOUGH = 40
"""CSS pixels. What is large already (a heading of 28 px) need not become twice as large, but may not end below this."""
ENOUGH_IN_THE_BAR = 25
"""CSS pixels: English labels of the bar at the bottom, which stand beside each other under their icons."""


@pytest.fixture(scope="module")
def house(all_databases: Any, secrets: dict[str, str], tmp_path_factory: Any) -> Iterator[Site]:
    """A portal in full swing."""
    folder = tmp_path_factory.mktemp("house")
    with serve(all_databases.url("sqlite", folder), folder / "instance", secrets) as site:
        with site.app.app_context():
            story.full_house(site)
        yield site


@pytest.fixture(scope="module")
def eyes(browser: Browser) -> Iterator[Eyes]:
    """One window of a phone's width."""
    assert AXE.exists(), f"{AXE} is missing: run `python frontend/build.py --dev`"
    context = browser.new_context(viewport=PHONE, locale="ko-KR", color_scheme="light")
    yield Eyes.opened(context)
    context.close()


def faults(eyes: Eyes) -> list[str]:
    """What is wrong with the open page for old fingers, and for old eyes once the type is twice as large."""
    page = eyes.page
    page.evaluate(OPEN_ALL)
    found = [f"small to press: {what}" for what in page.evaluate(SMALL_TARGETS, TARGET)]
    page.evaluate(SIZES)
    page.evaluate(LARGEST)
    page.evaluate(NEXT_FRAME)
    found += [f"not twice as large: {what}" for what in page.evaluate(NOT_TWICE, [ENOUGH, ENOUGH_IN_THE_BAR])]
    for what, look in (
        ("too wide", TOO_WIDE),
        ("outside its box", BURSTING),
        ("cut off", CUT_OFF),
        ("on each other", ON_EACH_OTHER),
        ("out of reach", OUT_OF_REACH),
        ("under the bar", UNDER_THE_BAR),
    ):
        found += [f"{what}: {fault}" for fault in page.evaluate(look)]
    page.set_viewport_size(DESKTOP)
    page.evaluate(NEXT_FRAME)
    for what, look in (("too wide on a desk", TOO_WIDE), ("on each other on a desk", ON_EACH_OTHER)):
        found += [f"{what}: {fault}" for fault in page.evaluate(look)]
    return found


@pytest.mark.parametrize("language", ["ko", "en"])
def test_nothing_is_lost_at_twice_the_type_and_all_can_be_pressed(
    house: Site, eyes: Eyes, language: str
) -> None:
    found: dict[str, list[str]] = {}
    for look in LOOKS:
        if language == "ko" or look.name in SOME:
            assert eyes.open(house, look, language) == look.status, look.name
            for fault in faults(eyes):
                found.setdefault(fault, []).append(look.name)
    assert not found, "\n".join(f"{fault}   ({len(pages)}: {pages[0]})" for fault, pages in found.items())
