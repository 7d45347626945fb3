// submit-once: <form data-module="submit-once"> is sent once, however often the button is tapped. The button shows that
// it is working; when the page comes back (back button, page cache) or nothing has happened after 30 s it is free again.
// The server still has to hold a double submission for one: this only spares it.
const RELEASE_AFTER = 30_000;

export default function submitOnce(form) {
  let timer = 0;

  function release() {
    clearTimeout(timer);
    delete form.dataset.sending;
    form.removeAttribute("aria-busy");
    for (const button of form.querySelectorAll(".is-sending")) {
      button.classList.remove("is-sending");
      button.removeAttribute("aria-disabled");
    }
  }

  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    if (form.dataset.sending) {
      event.preventDefault();
      return;
    }
    form.dataset.sending = "true";
    form.setAttribute("aria-busy", "true");
    // Not `disabled`: that would drop the button's own name and value from what is sent.
    event.submitter?.classList.add("is-sending");
    event.submitter?.setAttribute("aria-disabled", "true");
    timer = setTimeout(release, RELEASE_AFTER);
  });
  form.addEventListener("htmx:afterRequest", release);
  addEventListener("pageshow", (event) => event.persisted && release());
}
