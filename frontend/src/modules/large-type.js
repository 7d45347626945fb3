// large-type: the switch of the header takes effect at once, without loading the page again, so that nothing typed is
// lost. The server stores the choice as the plain form would; the menu of text sizes shows the same.
import { html } from "../lib/dom.js";

export default function largeType(form) {
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    const chosen = button.value;
    const body = new FormData(form);
    body.set("text", chosen);
    html.dataset.text = chosen;
    const large = chosen === "xlarge";
    button.value = large ? "normal" : "xlarge";
    button.setAttribute("aria-pressed", String(large));
    for (const other of document.querySelectorAll('[data-preference="text"] button')) {
      other.setAttribute("aria-pressed", String(other.value === chosen));
    }
    const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => null);
    if (!answer || (answer.type !== "opaqueredirect" && !answer.ok)) form.dispatchEvent(new CustomEvent("salpim:offline", { bubbles: true }));
  });
}
