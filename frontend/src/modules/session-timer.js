// session-timer: on a shared device, warns before the automatic sign-out and lets the person stay.
//   <div data-module="session-timer" data-idle-seconds="600" data-warn-seconds="60" data-keep-url="/…" data-leave-url="/…"
//        class="alert alert--warning session-warning" role="alertdialog" hidden>
//     text with <b data-remaining></b> seconds, <button data-keep>, …</div>
// Touching, typing or scrolling counts as being there and is told to the server (POST data-keep-url) at most once a
// minute. At the end the browser goes to data-leave-url; the server signs out by its own clock in any case.
import { csrfToken } from "../lib/dom.js";

const TELL_EVERY = 60_000;

export default function sessionTimer(box) {
  const idle = Number(box.dataset.idleSeconds) * 1000;
  const warn = Number(box.dataset.warnSeconds ?? 60) * 1000;
  const remaining = box.querySelector("[data-remaining]");
  let last = Date.now();
  let told = Date.now();

  async function keep() {
    last = Date.now();
    box.hidden = true;
    if (last - told < TELL_EVERY) return;
    told = last;
    await fetch(box.dataset.keepUrl, { method: "POST", headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" } }).catch(() => {});
  }

  function look() {
    const left = idle - (Date.now() - last);
    if (left <= 0) location.assign(box.dataset.leaveUrl);
    else if (left <= warn) {
      box.hidden = false;
      if (remaining) remaining.textContent = String(Math.ceil(left / 1000));
    }
  }

  for (const name of ["pointerdown", "keydown", "scroll"]) {
    addEventListener(name, () => box.hidden && keep(), { passive: true });
  }
  box.querySelector("[data-keep]")?.addEventListener("click", () => {
    told = 0;
    keep();
  });
  setInterval(look, 1000);
  document.addEventListener("visibilitychange", look);
}
