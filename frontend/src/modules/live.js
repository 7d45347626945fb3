// live: keeps a part of a page up to date.
//   <div data-module="live" data-live-url="/…/events?after=ID" data-live-events="case.analysed case.signed"
//        hx-get="/…/fragment" hx-trigger="salpim:live" hx-swap="innerHTML">…</div>
// On each of the named server-sent events the element sends `salpim:live` (detail: {kind, data}); htmx then fetches
// the part again (or a script listens). The browser resumes by itself with Last-Event-ID. Where events are blocked
// (three failures in a row, or the server has no free place) `salpim:live` is sent every data-live-poll seconds
// (default 10) with kind "poll", and the stream is tried again once a minute.
// Once the server answers that nobody is signed in (401) the element asks no more: the answer says what to do.
// data-live-until: a selector; when it matches inside the element the stream is closed (nothing more will change).
import { emit } from "../lib/dom.js";

const FAILURES = 3;
const RETRY_SECONDS = 60;

export default function live(element) {
  const { liveUrl, liveEvents = "message", liveUntil } = element.dataset;
  const pollSeconds = Number(element.dataset.livePoll ?? 10);
  let source = null;
  let failures = 0;
  let polling = 0;
  let retry = 0;
  let last = "";
  let signedOut = false;

  const finished = () => signedOut || !element.isConnected || (liveUntil && element.querySelector(liveUntil));

  function stop() {
    source?.close();
    source = null;
    clearInterval(polling);
    clearTimeout(retry);
    polling = 0;
  }

  function tell(kind, data) {
    if (finished()) return stop();
    emit(element, "salpim:live", { kind, data });
  }

  function received(event) {
    failures = 0;
    last = event.lastEventId || last;
    let data = null;
    try {
      data = JSON.parse(event.data);
    } catch {
      data = event.data;
    }
    tell(event.type, data);
  }

  function connect() {
    if (finished()) return stop();
    clearInterval(polling);
    polling = 0;
    const address = new URL(liveUrl, location.href);
    if (last) address.searchParams.set("after", last);
    source = new EventSource(address);
    for (const name of liveEvents.split(/[\s,]+/)) source.addEventListener(name, received);
    source.addEventListener("open", () => (failures = 0));
    source.addEventListener("error", failed);
  }

  function failed() {
    failures += 1;
    // CLOSED: the server refused for good (busy, signed out), the browser will not try again by itself.
    if (source?.readyState !== EventSource.CLOSED && failures < FAILURES) return;
    source?.close();
    source = null;
    if (!polling) {
      polling = setInterval(() => tell("poll", null), pollSeconds * 1000);
      tell("poll", null); // something may have happened while the stream was failing
    }
    clearTimeout(retry);
    retry = setTimeout(connect, RETRY_SECONDS * 1000);
  }

  element.addEventListener("htmx:responseError", (event) => {
    if (event.detail.elt !== element || event.detail.xhr.status !== 401) return;
    signedOut = true;
    stop();
  });
  element.addEventListener("htmx:beforeRequest", (event) => {
    if (signedOut && event.detail.elt === element) event.preventDefault();
  });
  element.addEventListener("htmx:afterSettle", () => finished() && stop());
  addEventListener("pagehide", stop);
  // A phone that was asleep, or the back button: look at once, then listen again.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    tell("poll", null);
    connect();
  });
  if (typeof EventSource === "undefined") failed();
  else connect();
}
