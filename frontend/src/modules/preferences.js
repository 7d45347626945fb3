// preferences: text size, colours and contrast take effect at once, without loading the page again, so that nothing
// typed into a form is lost. The server stores the choice as the plain form would.
import { html } from "../lib/dom.js";

const ATTRIBUTES = { theme: "theme", text: "text", contrast: "contrast" };

export default function preferences(form) {
  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    const attribute = ATTRIBUTES[button?.name];
    if (!attribute) return;
    event.preventDefault();
    const body = new FormData(form);
    body.set(button.name, button.value);
    html.dataset[attribute] = button.value;
    for (const other of form.querySelectorAll(`button[name="${button.name}"]`)) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    const switched = document.querySelector(".large-type__button");
    if (attribute === "text" && switched) {
      const large = button.value === "xlarge";
      switched.value = large ? "normal" : "xlarge";
      switched.setAttribute("aria-pressed", String(large));
    }
    // keepalive: whoever taps a link at once leaves the page before the answer is there.
    const answer = await fetch(form.action, { method: "POST", body, redirect: "manual", keepalive: true }).catch(() => null);
    if (!answer || (answer.type !== "opaqueredirect" && !answer.ok)) form.dispatchEvent(new CustomEvent("salpim:offline", { bubbles: true }));
  });
}
