// htmx under a strict policy: no inline styles, no eval (see <meta name="htmx-config"> in the layout).
// Every request that changes something carries the form token in X-CSRFToken.
import htmx from "htmx.org/dist/htmx.esm.js";
import { csrfToken, emit } from "./lib/dom.js";

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = csrfToken();
  // A page that refreshes itself is no sign of someone sitting in front of it (automatic sign-out).
  if (event.detail.triggeringEvent?.type === "salpim:live") event.detail.headers["X-Background"] = "1";
});

// The network is gone or the answer is unusable: say so where messages stand.
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => emit(document, "salpim:offline", { cause: event.type }));
}

document.addEventListener("salpim:offline", () => {
  const box = document.getElementById("messages");
  const text = document.body.dataset.textOffline;
  if (!box || !text || box.querySelector(".is-offline")) return;
  const note = document.createElement("div");
  note.className = "alert alert--warning is-offline";
  note.textContent = text;
  box.append(note);
});
document.addEventListener("htmx:afterOnLoad", () => document.querySelector(".is-offline")?.remove());

export default htmx;
