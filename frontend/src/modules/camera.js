// The live camera view: a frame as large as the spot should be, one hint at a time, a large shutter. Loaded when it is
// opened. Hints advise; they never keep anyone from taking the picture. Mark-up: templates/components/camera.html.
import { calm, greyOf, hintFor, lightOf, motionOf, sharpnessOf, spotShare } from "../lib/measure.js";

const LOOK_MS = 300;
const SAY_MS = 1200;
const FRAME = 0.6; // of the shorter side of the stage, as in capture.css
const WIDE = 96; // pixels across, for light and movement
const FRAMED = 200; // pixels across, for the frame
const TAKE_MS = 4000;
const QUALITY = 0.92;

/** Why there is no live view: "insecure", "denied", "none" (no camera, or none that can be used). */
export class NoCamera extends Error {}

async function stream(deviceId) {
  if (!navigator.mediaDevices?.getUserMedia) throw new NoCamera("insecure");
  const still = typeof ImageCapture === "function"; // takes its own picture: the view need not be as fine
  const [width, height] = still ? [1920, 1080] : [3840, 2160];
  const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: { ideal: "environment" } };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: false, video: { ...which, width: { ideal: width }, height: { ideal: height } } });
  } catch (error) {
    throw new NoCamera(error.name === "NotAllowedError" || error.name === "SecurityError" ? "denied" : "none");
  }
}

function within(promise, milliseconds) {
  return Promise.race([promise, new Promise((_, reject) => setTimeout(() => reject(new Error("too slow")), milliseconds))]);
}

/** The picture at the camera's full resolution where it can give it, else as large as the view. */
async function picture(video, track) {
  if (typeof ImageCapture === "function") {
    try {
      const capture = new ImageCapture(track);
      const able = await within(capture.getPhotoCapabilities(), TAKE_MS).catch(() => ({}));
      const size = able.imageWidth?.max ? { imageWidth: able.imageWidth.max, imageHeight: able.imageHeight.max } : {};
      const taken = await within(capture.takePhoto(size), TAKE_MS);
      if (taken.size) return taken;
    } catch {
      // Some phones promise it and cannot: the view itself is good enough.
    }
  }
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/jpeg", QUALITY));
}

/** The part of the video that lies within the frame on the screen (the view covers its stage: object-fit). */
function framedPart(video) {
  const scale = Math.max(video.clientWidth / video.videoWidth, video.clientHeight / video.videoHeight) || 1;
  const shown = Math.min(video.clientWidth, video.clientHeight) || Math.min(video.videoWidth, video.videoHeight);
  const side = Math.min((FRAME * shown) / scale, video.videoWidth, video.videoHeight);
  return [(video.videoWidth - side) / 2, (video.videoHeight - side) / 2, side, side];
}

/** Looks at the live view and says how it is. */
function looker(video) {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let before = null;

  const drawn = (part, width, height) => {
    [canvas.width, canvas.height] = [width, height];
    context.drawImage(video, ...part, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
  };
  return () => {
    const { videoWidth, videoHeight } = video;
    const whole = drawn([0, 0, videoWidth, videoHeight], WIDE, Math.max(1, Math.round((WIDE * videoHeight) / videoWidth)));
    const grey = greyOf(whole);
    const motion = motionOf(grey, before);
    before = grey;
    const part = framedPart(video);
    const framed = greyOf(drawn(part, FRAMED, FRAMED));
    return { ...lightOf(whole), motion, sharp: sharpnessOf(framed, FRAMED, FRAMED), share: spotShare(drawn(part, WIDE, WIDE)) };
  };
}

/**
 * Open the dialog. asked: {view(): "overview" | "closeup" | null, or undefined when enough was taken; use(blob, view);
 * skip(view)}. Resolves when it is closed; rejects with NoCamera before anything was shown.
 */
export default async function openCamera(dialog, asked) {
  const words = dialog.dataset;
  const part = (name) => dialog.querySelector(`[data-${name}]`);
  const [video, live, taken, hint, title, told, shot] = ["video", "live", "taken", "hint", "title", "told", "shot"].map(part);
  let media = await stream();
  let view = asked.view();
  let blob = null, timer = 0, closed = false;
  const look = looker(video);
  let tell = calm(SAY_MS);

  const track = () => media?.getVideoTracks()[0];

  async function show() {
    video.srcObject = media;
    await video.play().catch(() => null); // interrupted by closing
    part("torch").hidden = !track()?.getCapabilities?.().torch;
    part("torch").setAttribute("aria-pressed", "false");
    const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    part("switch").hidden = devices.filter((device) => device.kind === "videoinput").length < 2;
  }

  function stop() {
    clearInterval(timer);
    for (const each of media?.getTracks() ?? []) each.stop();
    media = null;
    video.srcObject = null;
  }

  function watch() {
    clearInterval(timer);
    tell = calm(SAY_MS);
    timer = setInterval(() => {
      if (!video.videoWidth || document.hidden) return;
      const key = hintFor(look(), view);
      const now = tell(key, performance.now());
      if (!now) return;
      hint.textContent = words[`hint${now[0].toUpperCase()}${now.slice(1)}`];
      dialog.dataset.state = now;
    }, LOOK_MS);
  }

  function ready() {
    view = asked.view();
    if (view === undefined) return dialog.close();
    const kind = view === "overview" ? "Overview" : "Closeup";
    title.textContent = words[`title${kind}`];
    told.textContent = words[`told${kind}`];
    dialog.dataset.view = view ?? "closeup";
    part("skip-shot").hidden = !view;
    hint.textContent = "";
    delete dialog.dataset.state;
    live.hidden = false;
    taken.hidden = true;
    blob = null;
    watch();
    title.focus();
  }

  async function take() {
    const button = part("shutter");
    if (button.getAttribute("aria-disabled") === "true" || !video.videoWidth) return;
    button.setAttribute("aria-disabled", "true");
    try {
      blob = await picture(video, track());
      if (closed) return;
      clearInterval(timer);
      shot.src = URL.createObjectURL(blob);
      live.hidden = true;
      taken.hidden = false;
      part("taken-title").focus();
    } catch {
      hint.textContent = words.textFailed;
    } finally {
      button.removeAttribute("aria-disabled");
    }
  }

  function forgetShot() {
    if (shot.src) URL.revokeObjectURL(shot.src);
    shot.removeAttribute("src");
  }

  async function other() {
    const devices = (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "videoinput");
    const now = devices.findIndex((device) => device.deviceId === track()?.getSettings().deviceId);
    const next = devices[(now + 1) % devices.length];
    stop();
    await restart(next?.deviceId);
  }

  async function restart(deviceId) {
    try {
      media = await stream(deviceId);
    } catch {
      hint.textContent = words.textFailed;
      return;
    }
    if (closed) return stop();
    await show();
    watch();
  }

  async function torch() {
    const button = part("torch");
    const on = button.getAttribute("aria-pressed") !== "true";
    try {
      await track().applyConstraints({ advanced: [{ torch: on }] });
      button.setAttribute("aria-pressed", String(on));
    } catch {
      button.hidden = true;
    }
  }

  const actions = {
    shutter: take,
    switch: other,
    torch,
    close: () => dialog.close(),
    again: () => {
      forgetShot();
      ready();
    },
    use: () => {
      const [used, as] = [blob, view];
      forgetShot();
      asked.use(used, as);
      ready();
    },
    skip: () => {
      asked.skip(view);
      ready();
    },
  };

  // In a pocket, or behind another app, the camera is off.
  function seen() {
    if (document.hidden) stop();
    else if (!media) restart();
  }
  function press(event) {
    const name = event.target.closest("[data-do]")?.dataset.do;
    if (name) actions[name]();
  }
  // A phone whose camera is taken away by a call.
  const until = new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  dialog.addEventListener("click", press);
  document.addEventListener("visibilitychange", seen);
  try {
    dialog.showModal();
    document.documentElement.classList.add("has-camera");
    await show();
    if (dialog.open) ready();
    await until;
  } finally {
    closed = true;
    stop();
    forgetShot();
    dialog.removeEventListener("click", press);
    document.removeEventListener("visibilitychange", seen);
    document.documentElement.classList.remove("has-camera");
  }
}
