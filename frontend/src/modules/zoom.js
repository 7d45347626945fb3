// zoom: look into a photo. Wheel, pinch, drag, double tap; + − 0 and the arrow keys; buttons [data-zoom="in|out|reset|overlay"].
// Event: `salpim:zoom` (detail: {scale, x, y}; x and y as shares of the viewer's size). `salpim:zoom-to` with such a
// detail makes this viewer follow another, without saying so again.
import { emit } from "../lib/dom.js";

const MAX = 12;
const STEP = 1.4;
const PAN = 60;

export default function zoom(viewer) {
  const stage = viewer.querySelector("[data-stage]");
  const layer = viewer.querySelector("[data-link]");
  const scaleText = viewer.querySelector("[data-scale]");
  const overlay = viewer.querySelector("[data-overlay]");
  const pointers = new Map();
  let view = { scale: 1, x: 0, y: 0 };
  let lastTap = 0;

  viewer.querySelector("[data-js-only]").hidden = false;
  stage.tabIndex = 0;
  layer.removeAttribute("href"); // the picture is here already; a drag must not open it

  function draw({ silent = false } = {}) {
    const { width, height } = stage.getBoundingClientRect();
    view.scale = Math.min(Math.max(view.scale, 1), MAX);
    view.x = Math.min(0, Math.max(width * (1 - view.scale), view.x));
    view.y = Math.min(0, Math.max(height * (1 - view.scale), view.y));
    layer.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
    if (scaleText) scaleText.textContent = `${Math.round(view.scale * 100)}%`;
    if (!silent) emit(viewer, "salpim:zoom", { scale: view.scale, x: view.x / width, y: view.y / height });
  }

  function zoomAt(factor, clientX, clientY) {
    const box = stage.getBoundingClientRect();
    const px = (clientX ?? box.left + box.width / 2) - box.left;
    const py = (clientY ?? box.top + box.height / 2) - box.top;
    const scale = Math.min(Math.max(view.scale * factor, 1), MAX);
    const ratio = scale / view.scale;
    view = { scale, x: px - (px - view.x) * ratio, y: py - (py - view.y) * ratio };
    draw();
  }

  function reset() {
    view = { scale: 1, x: 0, y: 0 };
    draw();
  }

  function toggleOverlay(button) {
    overlay.hidden = !overlay.hidden;
    button.setAttribute("aria-pressed", String(!overlay.hidden));
  }

  stage.addEventListener(
    "wheel",
    (event) => {
      // At full view an ordinary scroll goes on scrolling the page; Ctrl or being zoomed in means the photo.
      if (!event.ctrlKey && view.scale === 1 && event.deltaY > 0) return;
      event.preventDefault();
      zoomAt(Math.exp(-event.deltaY * 0.0016), event.clientX, event.clientY);
    },
    { passive: false },
  );

  stage.addEventListener("pointerdown", (event) => {
    pointers.set(event.pointerId, event);
    stage.setPointerCapture(event.pointerId);
    stage.classList.add("is-dragging");
  });

  stage.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    if (pointers.size === 2) pinch(event, before);
    else {
      view.x += event.clientX - before.clientX;
      view.y += event.clientY - before.clientY;
      draw();
    }
    pointers.set(event.pointerId, event);
  });

  function pinch(now, before) {
    const other = [...pointers.values()].find((pointer) => pointer.pointerId !== now.pointerId);
    const distance = (a, b) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1;
    view.x += (now.clientX - before.clientX) / 2;
    view.y += (now.clientY - before.clientY) / 2;
    zoomAt(distance(now, other) / distance(before, other), (now.clientX + other.clientX) / 2, (now.clientY + other.clientY) / 2);
  }

  function lift(event) {
    const start = pointers.get(event.pointerId);
    pointers.delete(event.pointerId);
    if (!pointers.size) stage.classList.remove("is-dragging");
    if (event.type !== "pointerup" || event.pointerType === "mouse" || !start || pointers.size) return;
    if (event.timeStamp - lastTap < 300) view.scale > 1 ? reset() : zoomAt(3, event.clientX, event.clientY);
    lastTap = event.timeStamp;
  }
  stage.addEventListener("pointerup", lift);
  stage.addEventListener("pointercancel", lift);
  stage.addEventListener("dblclick", (event) => (view.scale > 1 ? reset() : zoomAt(3, event.clientX, event.clientY)));

  const keys = {
    "+": () => zoomAt(STEP),
    "=": () => zoomAt(STEP),
    "-": () => zoomAt(1 / STEP),
    0: reset,
    ArrowLeft: () => (view.x += PAN),
    ArrowRight: () => (view.x -= PAN),
    ArrowUp: () => (view.y += PAN),
    ArrowDown: () => (view.y -= PAN),
  };
  stage.addEventListener("keydown", (event) => {
    const action = keys[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.startsWith("Arrow") && view.scale === 1) return;
    event.preventDefault();
    action();
    draw();
  });

  viewer.addEventListener("click", (event) => {
    const button = event.target.closest("[data-zoom]");
    if (!button) return;
    const what = button.dataset.zoom;
    if (what === "in") zoomAt(STEP);
    else if (what === "out") zoomAt(1 / STEP);
    else if (what === "reset") reset();
    else if (overlay) toggleOverlay(button);
  });
  viewer.addEventListener("salpim:zoom-to", ({ detail }) => {
    const { width, height } = stage.getBoundingClientRect();
    view = { scale: detail.scale, x: detail.x * width, y: detail.y * height };
    draw({ silent: true });
  });
  addEventListener("resize", () => draw({ silent: true }));
}
