// Sends one file by the tus protocol: what has arrived is never sent again, whether the line broke, the page was closed
// or the portal restarted. Goes on by itself until the file is there or the portal says no.
import { Upload } from "tus-js-client";
import { csrfToken } from "./dom.js";

const CHUNK = 512 * 1024;
const RETRIES = [0, 1000, 3000, 5000];
const SILENCE_MS = 30_000; // no byte for so long: the line is dead, though nobody said so
const TRY_AGAIN_MS = 20_000;

const headers = () => ({ Accept: "application/json", "X-CSRFToken": csrfToken() });

/** The portal's answer that it will not take the file; `words` are what it says. */
export class Refused extends Error {
  constructor(status, body) {
    super(`refused: ${status}`);
    this.status = status;
    const error = body?.error;
    this.words = [error?.title ?? body?.message, error?.advice].filter(Boolean);
  }
}

class LineBroken extends Error {}

function bodyOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const passing = (status) => status === 0 || status === 409 || status === 423 || status >= 500;

/** Says nothing of the file or of whose it is: a hash over where it goes and its bytes. */
async function fingerprint(file, { endpoint }) {
  if (!crypto?.subtle) return null;
  const place = new TextEncoder().encode(endpoint);
  const hash = await crypto.subtle.digest("SHA-256", await new Blob([place, file]).arrayBuffer());
  return `salpim-${[...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** One attempt with its few quick retries. */
function attempt(upload, state) {
  return new Promise((resolve, reject) => {
    let silence = 0;
    const lost = () => finish(() => upload.abort().catch(() => null).then(() => reject(new LineBroken())));
    const finish = (then) => {
      clearTimeout(silence);
      removeEventListener("offline", lost);
      state.signal?.removeEventListener("abort", lost);
      then();
    };
    const alive = () => {
      clearTimeout(silence);
      silence = setTimeout(lost, SILENCE_MS);
    };
    upload.options.onProgress = (sent, total) => {
      alive();
      state.onProgress(total ? sent / total : 1);
    };
    upload.options.onSuccess = () => finish(resolve);
    upload.options.onError = (error) => finish(() => {
      const answer = error.originalResponse;
      const status = answer?.getStatus() ?? 0;
      // Without a request it was the file itself that could not be read: no line will mend that.
      if (error.originalRequest && passing(status)) reject(new LineBroken());
      else reject(new Refused(status, bodyOf(answer?.getBody())));
    });
    addEventListener("offline", lost);
    state.signal?.addEventListener("abort", lost);
    alive();
    upload.start();
  });
}

/** What became of a file that has arrived. */
async function outcome(address) {
  const answer = await fetch(`${address}/photo`, { method: "POST", headers: headers() }).catch(() => null);
  if (!answer || passing(answer.status)) throw new LineBroken();
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw new Refused(answer.status, body);
  return body;
}

/** Until the line is said to be back, the page is looked at again, somebody asks, or some time has passed. */
function better(state) {
  return new Promise((resolve) => {
    const go = () => {
      clearTimeout(timer);
      removeEventListener("online", go);
      document.removeEventListener("visibilitychange", seen);
      state.signal?.removeEventListener("abort", go);
      state.now = null;
      resolve();
    };
    const seen = () => document.visibilityState === "visible" && go();
    const timer = setTimeout(go, TRY_AGAIN_MS);
    addEventListener("online", go);
    document.addEventListener("visibilitychange", seen);
    state.signal?.addEventListener("abort", go);
    state.now = go;
  });
}

/**
 * Send `file`. state: {view, onProgress(share), onHold(held), signal}; `state.now()`, while it waits, tries at once.
 * Resolves to the portal's answer, null if it was called off; rejects with Refused.
 */
export async function send(file, endpoint, state) {
  const upload = new Upload(file, {
    endpoint,
    chunkSize: CHUNK,
    retryDelays: RETRIES,
    metadata: state.view ? { view: state.view } : {},
    headers: headers(),
    fingerprint,
    removeFingerprintOnSuccess: true,
    onShouldRetry: (error) => navigator.onLine && passing(error.originalResponse?.getStatus() ?? 0),
  });
  const [before] = await upload.findPreviousUploads().catch(() => []);
  if (before) upload.resumeFromPreviousUpload(before);
  let arrived = false;
  for (;;) {
    if (state.signal?.aborted) {
      if (upload.url) upload.abort(true).catch(() => null);
      return null;
    }
    try {
      if (!arrived) await attempt(upload, state);
      arrived = true;
      state.onProgress(1);
      return await outcome(upload.url);
    } catch (error) {
      if (!(error instanceof LineBroken)) throw error;
      if (state.signal?.aborted) continue;
      state.onHold(true);
      await better(state);
      state.onHold(false);
    }
  }
}
