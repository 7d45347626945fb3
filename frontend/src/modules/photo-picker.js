// photo-picker: first a photo from afar, then one from close by, then whatever else there is; by the live camera or from
// files. Each is sent at once by itself and goes on where it broke off (lib/send.js); what has not arrived is kept in this
// browser (lib/kept.js). The server's word on quality comes back with it.
// Mark-up and the expected answers: templates/components/photos.html. Events: `salpim:photos` on the picker (detail:
// {count, waiting}).
import { csrfToken, emit, make } from "../lib/dom.js";
import { keeper } from "../lib/kept.js";
import { Refused, send } from "../lib/send.js";

const PREVIEWABLE = /^image\/(jpeg|png|webp|gif)$/;
const VIEWS = ["overview", "closeup"];
// Answers after which sending the same once more would change nothing. After others (signed out, too fast) it may.
const LASTING = [404, 410, 413, 422];

export default function photoPicker(picker) {
  const list = picker.querySelector(".photos__list");
  const say = picker.querySelector(".photos__say");
  const dialog = picker.querySelector("[data-camera]");
  const words = picker.dataset;
  const maxPhotos = Number(words.maxPhotos);
  const maxBytes = Number(words.maxMb) * 1024 * 1024;
  const form = picker.closest("form");
  const skipped = new Set();
  const kept = keeper(words.case, words.keepKey).catch(() => null);
  let waiting = 0;
  let wanted = null;

  picker.classList.add("is-enhanced");
  for (const element of picker.querySelectorAll("[data-js-only]")) element.hidden = false;

  // What was refused is shown with its reason, but takes no place.
  const good = () => [...list.querySelectorAll(".photo:not(.photo--bad)")];
  const count = () => good().length;
  const has = (view) => good().some((item) => item.dataset.view === view);

  /** What should be photographed next: a view, null for whatever there is, undefined when there is room for no more. */
  function next() {
    if (count() >= maxPhotos) return undefined;
    if (good().some((item) => !item.dataset.view)) return null; // whoever brings their own photos is asked no more
    return VIEWS.find((view) => !has(view) && !skipped.has(view)) ?? null;
  }

  function step() {
    const now = next() ?? "more";
    for (const shot of picker.querySelectorAll("[data-step]")) shot.classList.toggle("is-now", shot.dataset.step === now);
  }

  function changed() {
    step();
    emit(picker, "salpim:photos", { count: count(), waiting });
  }

  function take(chosen, named) {
    say.textContent = "";
    // Of several at once nobody has said which is which.
    const view = named ?? (chosen.length === 1 ? next() : null);
    for (const file of chosen) {
      if (count() >= maxPhotos) {
        say.textContent = words.textMany;
        break;
      }
      add(file, view ?? "");
    }
  }

  function row(file, view) {
    const name = words[`text${view[0]?.toUpperCase() ?? ""}${view.slice(1)}`] ?? "";
    const alt = `${words.textPhoto} ${count() + 1}${view ? `: ${name}` : ""}`;
    const image = make("img", { class: "photo__image", alt, width: 96, height: 96, hidden: true });
    if (PREVIEWABLE.test(file.type)) {
      const address = URL.createObjectURL(file);
      image.addEventListener("load", () => URL.revokeObjectURL(address), { once: true });
      image.addEventListener("error", () => (image.hidden = true));
      picture(image, address);
    }
    const text = make("div", { class: "photo__text" });
    const state = make("div", { "aria-live": "polite" });
    if (view) text.append(make("p", { class: "photo__view" }, name));
    text.append(state);
    const item = make("li", { class: "photo", "data-view": view }, image, text);
    return { item, image, state, view };
  }

  // HEIC and the like cannot be shown here; their picture comes with the server's answer.
  function picture(image, address) {
    image.hidden = false;
    image.src = address;
  }

  async function add(file, view, keptId = null) {
    document.querySelector("[data-until-photo]")?.remove();
    const parts = row(file, view);
    list.append(parts.item);
    if (file.size > maxBytes) {
      refuse(parts, [words.textBig]);
      return changed();
    }
    parts.kept = keptId;
    deliver(file, parts);
  }

  async function deliver(file, parts) {
    const off = new AbortController();
    const progress = make("progress", { max: 100, value: 0, "aria-label": words.textSending });
    const percent = make("span", { "aria-hidden": "true" });
    const label = make("p", {}, make("span", {}, words.textSending), " ", percent);
    const now = button(words.textNow, "secondary", () => state.now?.());
    const state = {
      view: parts.view,
      signal: off.signal,
      onProgress(share) {
        progress.value = share * 100;
        percent.textContent = share < 1 ? `${Math.floor(share * 100)} %` : "";
        const said = share < 1 ? words.textSending : words.textChecking;
        if (label.firstChild.textContent !== said) label.firstChild.textContent = said;
        if (share >= 1) progress.removeAttribute("value");
      },
      onHold(held) {
        parts.item.classList.toggle("photo--held", held);
        label.firstChild.textContent = held ? words.textHeld : words.textSending;
        if (held) progress.after(now);
        else now.remove();
      },
    };
    parts.state.replaceChildren(label, progress);
    const stop = button(words.textStop, "text", () => off.abort());
    parts.item.append(stop);
    waiting += 1;
    changed();
    const store = await kept;
    let done = true;
    try {
      parts.kept ??= await store?.keep(file, parts.view);
      const answer = await send(file, words.uploadUrl, state);
      if (answer) accept(parts, answer);
      else remove(parts.item);
    } catch (error) {
      if (!(error instanceof Refused)) console.error("photo-picker", error);
      done = LASTING.includes(error.status);
      refuse(parts, error.words?.length ? error.words : [words.textFailed], done ? null : () => deliver(file, parts));
    }
    stop.remove();
    parts.item.classList.remove("photo--held");
    if (done) store?.forget(parts.kept);
    waiting -= 1;
    changed();
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
    parts.state.replaceChildren(...lines);
    parts.item.classList.toggle("photo--doubt", !quality.ok);
    parts.item.append(make("input", { type: "hidden", name: "photo_id", value: answer.id }), removal(parts.item, answer.remove));
  }

  function refuse(parts, messages, again = null) {
    parts.item.classList.add("photo--bad");
    parts.state.replaceChildren(...messages.map((message) => state("is-bad", message)));
    const away = removal(parts.item, null, parts);
    if (!again) return parts.item.append(away);
    const retry = button(words.textRetry, "secondary", () => {
      parts.item.classList.remove("photo--bad");
      retry.remove();
      away.remove();
      again();
    });
    parts.item.append(retry, away);
  }

  function state(kind, message) {
    return make("p", { class: `photo__state ${kind}` }, message);
  }

  function button(text, kind, act) {
    const made = make("button", { type: "button", class: `krds-btn ${kind} medium` }, text);
    made.addEventListener("click", act);
    return made;
  }

  function removal(item, address, parts = null) {
    const made = button(words.textRemove, "text", () => {
      kept.then((store) => store?.forget(parts?.kept));
      drop(item, address);
    });
    made.dataset.remove = "";
    return made;
  }

  function remove(item) {
    item.remove();
    say.textContent = "";
    picker.querySelector("[data-files]").focus();
  }

  async function drop(item, address) {
    if (address) {
      const answer = await fetch(address, { method: "POST", headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" } }).catch(() => null);
      if (!answer?.ok) {
        say.textContent = words.textFailed;
        return;
      }
    }
    remove(item);
    changed();
  }

  async function shoot() {
    say.textContent = "";
    const { default: openCamera, NoCamera } = await import("./camera.js");
    try {
      await openCamera(dialog, {
        view: next,
        use: (blob, view) => add(new File([blob], "photo.jpg", { type: blob.type || "image/jpeg" }), view ?? ""),
        skip,
      });
      picker.querySelector("[data-open-camera]").focus();
    } catch (error) {
      if (!(error instanceof NoCamera)) throw error;
      withoutCamera(error.message);
    }
  }

  /** The phone's own camera app, or files, can still be used. */
  function withoutCamera(reason) {
    say.textContent = words[`textCamera${reason[0].toUpperCase()}${reason.slice(1)}`];
    picker.querySelector("[data-open-camera]").hidden = true;
    picker.querySelector("[data-own-camera]").hidden = false;
    picker.querySelector("[data-own-camera] input").focus();
  }

  function skip(view) {
    if (view) skipped.add(view);
    step();
  }

  for (const input of picker.querySelectorAll('input[type="file"]')) {
    input.addEventListener("change", () => {
      // The plain fields, which say themselves what they are for, are used until this script has arrived.
      take([...input.files], VIEWS.includes(input.name) ? input.name : undefined);
      // Sent one by one: must not travel a second time with the form.
      input.value = "";
    });
    // Chosen before this script had arrived (a slow line).
    if (input.files.length) input.dispatchEvent(new Event("change"));
  }
  for (const made of list.querySelectorAll("button[data-remove]")) {
    made.addEventListener("click", (event) => {
      event.preventDefault();
      drop(made.closest(".photo"), made.getAttribute("formaction"));
    });
  }
  for (const made of picker.querySelectorAll("[data-skip]")) {
    made.addEventListener("click", () => {
      skip(made.dataset.skip);
      picker.querySelector(".shot.is-now .shot__title").focus();
    });
  }
  picker.querySelector("[data-open-camera]").addEventListener("click", shoot);
  picker.addEventListener("dragover", (event) => {
    event.preventDefault();
    picker.classList.add("is-dragging");
  });
  for (const name of ["dragleave", "drop"]) picker.addEventListener(name, () => picker.classList.remove("is-dragging"));
  picker.addEventListener("drop", (event) => {
    event.preventDefault();
    take([...event.dataTransfer.files]);
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

  step();
  // What was on its way when this page was last closed goes on by itself.
  kept.then((store) => store?.left()).then((left = []) => {
    if (!left?.length) return;
    say.textContent = words.textResumed;
    for (const { file, view, id } of left) add(file, view, id);
  }).catch(() => null);
}
