// body-map: says in words what was tapped on the drawing, marks it there, and turns to the side where it is drawn.
// The tap itself needs no script: the parts are labels of the radio buttons in the list.
import { emit } from "../lib/dom.js";

export default function bodyMap(map) {
  const chosen = map.querySelector("[data-chosen]");
  const radios = [...map.querySelectorAll(`input[name="${map.dataset.name}"]`)];
  const views = [...map.querySelectorAll("[data-view]")];
  const parts = [...map.querySelectorAll("[data-site]")];

  function show({ turn }) {
    const radio = radios.find((candidate) => candidate.checked);
    for (const part of parts) part.classList.toggle("is-chosen", part.dataset.site === radio?.value);
    chosen.hidden = !radio;
    if (!radio) return;
    const words = radio.closest("label").textContent.trim();
    chosen.textContent = `${chosen.dataset.text}: ${words}`;
    if (turn) turnTo(radio.value);
    emit(map, "salpim:body-site", { key: radio.value });
  }

  // The label's own click would move the focus to the list, and the page with it: away from what was tapped.
  function tap(event, part) {
    const radio = radios.find((candidate) => candidate.id === part.htmlFor);
    if (!radio) return;
    event.preventDefault();
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
    radio.focus({ preventScroll: true });
  }

  function turnTo(key) {
    const here = views.find((view) => view.checked)?.value;
    const sides = parts.filter((part) => part.dataset.site === key).map((part) => (part.closest(".body-figure--front") ? "front" : "back"));
    if (!sides.length || sides.includes(here)) return;
    const view = views.find((candidate) => candidate.value === sides[0]);
    if (view) view.checked = true;
  }

  for (const part of parts) part.addEventListener("click", (event) => tap(event, part));
  for (const radio of radios) {
    radio.addEventListener("change", () => show({ turn: true }));
    radio.addEventListener("focus", () => mark(radio.matches(":focus-visible") ? radio.value : ""));
    radio.addEventListener("blur", () => mark(""));
  }

  function mark(key) {
    for (const part of parts) part.classList.toggle("is-focused", part.dataset.site === key);
  }

  addEventListener("pageshow", () => show({ turn: false }));
  show({ turn: false });
}
