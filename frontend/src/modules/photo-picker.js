// photo-picker: camera or files, previews, upload of each photo at once with progress, the server's word on quality.
// Mark-up and the expected answers: templates/components/photos.html. Without data-upload-url it only shows previews
// and the photos travel with the form. Events: `salpim:photos` on the picker (detail: {count, waiting}).
import { csrfToken, emit, make } from "../lib/dom.js";

const PREVIEWABLE = /^image\/(jpeg|png|webp|gif)$/;

export default function photoPicker(picker) {
  const list = picker.querySelector(".photos__list");
  const say = picker.querySelector(".photos__say");
  const words = picker.dataset;
  const maxPhotos = Number(words.maxPhotos ?? 6);
  const maxBytes = Number(words.maxMb ?? 25) * 1024 * 1024;
  const files = picker.querySelector("[data-files]");
  const form = picker.closest("form");
  let waiting = 0;
  let wanted = null;

  picker.classList.add("is-enhanced");
  for (const element of picker.querySelectorAll("[data-js-only]")) element.hidden = !words.uploadUrl;

  // What was refused is shown with its reason, but takes no place.
  const count = () => list.querySelectorAll(".photo:not(.photo--bad)").length;
  const changed = () => emit(picker, "salpim:photos", { count: count(), waiting });

  function take(chosen) {
    say.textContent = "";
    if (!words.uploadUrl) return preview(chosen);
    for (const file of chosen) {
      if (count() >= maxPhotos) {
        say.textContent = words.textMany;
        break;
      }
      add(file);
    }
  }

  function preview(chosen) {
    list.replaceChildren();
    for (const file of [...chosen].slice(0, maxPhotos)) list.append(row(file).item);
    if (chosen.length > maxPhotos) say.textContent = words.textMany;
    changed();
  }

  function row(file) {
    const number = count() + 1;
    const image = make("img", { class: "photo__image", alt: `${words.textPhoto} ${number}`, width: 96, height: 96, hidden: true });
    if (PREVIEWABLE.test(file.type)) {
      const address = URL.createObjectURL(file);
      image.addEventListener("load", () => URL.revokeObjectURL(address), { once: true });
      image.addEventListener("error", () => (image.hidden = true));
      picture(image, address);
    }
    const text = make("div", { class: "photo__text", "aria-live": "polite" });
    const item = make("li", { class: "photo" }, image, text);
    return { item, image, text };
  }

  // HEIC and the like cannot be shown here; their picture comes with the server's answer.
  function picture(image, address) {
    image.hidden = false;
    image.src = address;
  }

  function add(file) {
    const parts = row(file);
    list.append(parts.item);
    if (file.size > maxBytes) {
      refuse(parts, [words.textBig], null);
      return changed();
    }
    send(file, parts);
  }

  function send(file, parts) {
    const progress = make("progress", { max: 100, value: 0, "aria-label": words.textSending });
    const label = make("p", {}, words.textSending);
    parts.text.replaceChildren(label, progress);
    parts.item.classList.remove("photo--bad");
    parts.item.querySelector("[data-retry]")?.remove();
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("csrf_token", csrfToken());
    body.append("photo", file, file.name);
    request.open("POST", words.uploadUrl);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress.value = (event.loaded / event.total) * 100;
    });
    request.upload.addEventListener("load", () => {
      label.textContent = words.textChecking;
      progress.removeAttribute("value");
    });
    request.addEventListener("load", () => {
      const answer = request.response;
      if (request.status >= 200 && request.status < 300 && answer?.id) accept(parts, answer);
      else refuse(parts, reasons(answer), request.status >= 500 || request.status === 0 ? () => send(file, parts) : null);
    });
    request.addEventListener("error", () => refuse(parts, [words.textFailed], () => send(file, parts)));
    request.addEventListener("loadend", () => {
      waiting -= 1;
      changed();
    });
    waiting += 1;
    changed();
    request.send(body);
  }

  function reasons(answer) {
    const error = answer?.error;
    const found = [error?.title ?? answer?.message, error?.advice].filter(Boolean);
    return found.length ? found : [words.textFailed];
  }

  function accept(parts, answer) {
    if (list.querySelector(`input[name="photo_id"][value="${CSS.escape(answer.id)}"]`)) {
      parts.item.remove();
      say.textContent = words.textTwice;
      return;
    }
    const quality = answer.quality ?? { ok: true, messages: [] };
    if (answer.thumbnail) picture(parts.image, answer.thumbnail);
    const lines = quality.ok ? [state("is-good", words.textGood)] : [...quality.messages.map((message) => state("is-doubt", message)), make("p", { class: "small" }, words.textKeep)];
    parts.text.replaceChildren(...lines);
    parts.item.classList.toggle("photo--doubt", !quality.ok);
    parts.item.append(make("input", { type: "hidden", name: "photo_id", value: answer.id }), removal(parts.item, answer.remove));
  }

  function refuse(parts, messages, again) {
    parts.item.classList.add("photo--bad");
    parts.text.replaceChildren(...messages.map((message) => state("is-bad", message)));
    parts.item.querySelector("[data-remove]")?.remove();
    if (again) {
      const button = make("button", { type: "button", class: "krds-btn secondary medium", "data-retry": true }, words.textRetry);
      button.addEventListener("click", again);
      parts.item.append(button);
    }
    parts.item.append(removal(parts.item, null));
  }

  function state(kind, message) {
    return make("p", { class: `photo__state ${kind}` }, message);
  }

  function removal(item, address) {
    const button = make("button", { type: "button", class: "krds-btn text medium", "data-remove": true }, words.textRemove);
    button.addEventListener("click", () => drop(item, address));
    return button;
  }

  async function drop(item, address) {
    if (address) {
      const answer = await fetch(address, { method: "POST", headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" } }).catch(() => null);
      if (!answer?.ok) {
        say.textContent = words.textFailed;
        return;
      }
    }
    item.remove();
    say.textContent = "";
    picker.querySelector("[data-files]").focus();
    changed();
  }

  for (const input of picker.querySelectorAll("[data-files], [data-camera]")) {
    input.addEventListener("change", () => {
      take([...input.files]);
      // Sent one by one, or the camera's own input: must not travel a second time with the form.
      if (words.uploadUrl) input.value = "";
    });
    // Chosen before this script had arrived (a slow line).
    if (input.files.length) input.dispatchEvent(new Event("change"));
  }
  for (const button of list.querySelectorAll("button[data-remove]")) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      drop(button.closest(".photo"), button.getAttribute("formaction"));
    });
  }
  picker.addEventListener("dragover", (event) => {
    event.preventDefault();
    picker.classList.add("is-dragging");
  });
  for (const name of ["dragleave", "drop"]) picker.addEventListener(name, () => picker.classList.remove("is-dragging"));
  picker.addEventListener("drop", (event) => {
    event.preventDefault();
    if (words.uploadUrl) take([...event.dataTransfer.files]);
    else {
      files.files = event.dataTransfer.files;
      preview(files.files);
    }
  });
  // A photo that is still on its way would be missing from the case: go on once all have arrived, unless the
  // server had something to say about one of them.
  form?.addEventListener("submit", (event) => {
    if (!waiting) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    wanted = event.submitter;
    say.textContent = words.textSending;
  }, true);
  picker.addEventListener("salpim:photos", () => {
    if (waiting || !wanted) return;
    const submitter = wanted;
    wanted = null;
    say.textContent = "";
    if (!list.querySelector(".photo--bad, .photo--doubt")) form.requestSubmit(submitter);
  });
}
