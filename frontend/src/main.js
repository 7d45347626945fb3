// Starts htmx and binds the modules: an element with data-module="name" (several, separated by spaces) is handed
// to that module's default export once, also when htmx brings it into the page later. A module adds behaviour to
// mark-up that already works without it. What is only needed on some pages is loaded when such a page appears.
import "./htmx-setup.js";
import { html } from "./lib/dom.js";
import confirmBefore from "./modules/confirm.js";
import focusMe from "./modules/focus-me.js";
import install from "./modules/install.js";
import keepTyped from "./modules/keep-typed.js";
import largeType from "./modules/large-type.js";
import live from "./modules/live.js";
import menu from "./modules/menu.js";
import preferences from "./modules/preferences.js";
import sessionTimer from "./modules/session-timer.js";
import submitOnce from "./modules/submit-once.js";

const ready = {
  "focus-me": focusMe,
  install,
  "keep-typed": keepTyped,
  "large-type": largeType,
  live,
  menu,
  preferences,
  "session-timer": sessionTimer,
  "submit-once": submitOnce,
};

const later = {
  "body-map": () => import("./modules/body-map.js"),
  compare: () => import("./modules/compare.js"),
  chart: () => import("./modules/chart.js"),
  locate: () => import("./modules/locate.js"),
  "photo-picker": () => import("./modules/photo-picker.js"),
  zoom: () => import("./modules/zoom.js"),
};

const bound = new WeakMap();

function bind(root) {
  const found = [...root.querySelectorAll("[data-module]")];
  if (root.matches?.("[data-module]")) found.unshift(root);
  for (const element of found) {
    const done = bound.get(element) ?? new Set();
    bound.set(element, done);
    for (const name of element.dataset.module.split(/\s+/)) {
      if (done.has(name)) continue;
      done.add(name);
      start(name, element);
    }
  }
}

async function start(name, element) {
  try {
    const module = ready[name] ?? (await later[name]?.())?.default;
    module?.(element);
  } catch (error) {
    // The page works without the module; a person must not be left with half of it.
    console.error(`module ${name}`, error);
  }
}

html.classList.add("has-js");
// A form that came back with errors takes the address of the page it stands on. Without this the browser's "back" to
// it asks whether to send the form again, or shows nothing at all.
const { answeredForm } = document.body.dataset;
if (answeredForm !== undefined) history.replaceState(history.state, "", answeredForm + location.hash);
// On paper nothing can be opened: what is folded is printed open, and folded again.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details.fold:not([open])")];
  opened.forEach((fold) => { fold.open = true; });
});
addEventListener("afterprint", () => opened.splice(0).forEach((fold) => { fold.open = false; }));
confirmBefore(document);
addEventListener("load", () => navigator.serviceWorker?.register("/sw.js").catch(() => {}));  // without it all works, too
bind(document);
document.addEventListener("htmx:load", (event) => bind(event.detail.elt));
