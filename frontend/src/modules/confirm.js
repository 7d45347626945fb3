// confirm: a button with data-confirm="question" asks in a dialog before its form is sent.
// Optional: data-confirm-yes, data-confirm-no for the words on the buttons. Bound once for the whole document.
import { make } from "../lib/dom.js";

export default function confirmBefore(root) {
  root.addEventListener(
    "click",
    (event) => {
      const button = event.target.closest?.("button[data-confirm]");
      if (!button || !button.form || button.dataset.confirmed || typeof HTMLDialogElement === "undefined") return;
      event.preventDefault();
      event.stopImmediatePropagation();
      ask(button);
    },
    true,
  );
}

function ask(button) {
  const words = document.body.dataset;
  const yes = make("button", { class: "krds-btn primary medium", value: "yes" }, make("span", {}, button.dataset.confirmYes ?? words.textYes ?? button.textContent.trim()));
  const no = make("button", { class: "krds-btn tertiary medium", value: "no", autofocus: true }, make("span", {}, button.dataset.confirmNo ?? words.textNo ?? "×"));
  const question = make("p", { id: "confirm-question" }, button.dataset.confirm);
  const dialog = make("dialog", { class: "confirm", "aria-labelledby": "confirm-question" }, make("form", { method: "dialog" }, question, make("div", { class: "actions actions--row" }, no, yes)));
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    const agreed = dialog.returnValue === "yes";
    dialog.remove();
    button.focus();
    if (!agreed) return;
    button.dataset.confirmed = "true";
    button.click();
    delete button.dataset.confirmed;
  });
  dialog.showModal();
}
