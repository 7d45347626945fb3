// What a camera picture is like, measured on the device, and the one hint that follows. Numbers in, words' keys out: no
// page, no camera. A picture is {data, width, height} with four bytes a pixel, as ImageData has it.

// Light and colour are held against the same limits as the check that the portal makes after sending (a test compares
// them). Sharpness and movement have limits of their own: they are measured on what a live view shows.
export const LIMITS = {
  darkest: 48.5,
  brightest: 231.5,
  coldest: -0.3592,
  warmest: 1.6123,
  purplest: -1.0134,
  greenest: 0.4681,
  clipped: 0.35, // the share of pixels that are white through and through
  moving: 9, // mean difference between two looks, of 255
  sharp: 10, // variance of the Laplacian of the frame at 200 px: of 250 phone photos 2 % lie below, blurred by 1.5 px 95 %
  small: 0.06, // the share of the frame that a spot fills at least …
  large: 0.6, // … and at most
  seen: 0.002, // less than this is no spot but a speck
};

const RING = 0.15; // how wide the rim of the frame is that is taken for plain skin
const CONTRAST = 34; // how far (of 442) a colour must be from plain skin to belong to a spot

/** Luminance of each pixel, 0 … 255. */
export function greyOf({ data, width, height }) {
  const grey = new Float32Array(width * height);
  for (let i = 0, j = 0; i < grey.length; i += 1, j += 4) grey[i] = 0.299 * data[j] + 0.587 * data[j + 1] + 0.114 * data[j + 2];
  return grey;
}

/** Mean luminance (0 … 255), the share of pixels blown out to white, and the colour of the light in octaves. */
export function lightOf({ data, width, height }) {
  const count = width * height;
  let red = 0, green = 0, blue = 0, clipped = 0;
  for (let j = 0; j < count * 4; j += 4) {
    red += data[j];
    green += data[j + 1];
    blue += data[j + 2];
    if (data[j] > 250 && data[j + 1] > 250 && data[j + 2] > 250) clipped += 1;
  }
  [red, green, blue] = [red, green, blue].map((sum) => sum / count);
  return {
    light: 0.299 * red + 0.587 * green + 0.114 * blue,
    clipped: clipped / count,
    warmth: Math.log2((red + 1) / (blue + 1)),
    tint: Math.log2((green + 1) / Math.sqrt((red + 1) * (blue + 1))),
  };
}

/** How much two looks at the same size differ: mean absolute difference of luminance, 0 … 255. None before: 0. */
export function motionOf(grey, before) {
  if (!before || before.length !== grey.length) return 0;
  let sum = 0;
  for (let i = 0; i < grey.length; i += 1) sum += Math.abs(grey[i] - before[i]);
  return sum / grey.length;
}

/** Sharpness: the variance of the Laplacian (Pech-Pacheco et al. 2000). */
export function sharpnessOf(grey, width, height) {
  let count = 0, sum = 0, squares = 0;
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      const i = y * width + x;
      const edge = 4 * grey[i] - grey[i - 1] - grey[i + 1] - grey[i - width] - grey[i + width];
      count += 1;
      sum += edge;
      squares += edge * edge;
    }
  }
  return count ? squares / count - (sum / count) ** 2 : 0;
}

function median(values) {
  const sorted = values.slice().sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

/** The share of the picture (0 … 1) that the largest spot fills: what stands out from the skin at the rim. */
export function spotShare({ data, width, height }) {
  const rim = Math.max(1, Math.round(Math.min(width, height) * RING));
  const channels = [[], [], []];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (x >= rim && x < width - rim && y >= rim && y < height - rim) continue;
      for (let c = 0; c < 3; c += 1) channels[c].push(data[(y * width + x) * 4 + c]);
    }
  }
  const skin = channels.map(median);
  const standsOut = new Uint8Array(width * height);
  for (let i = 0; i < standsOut.length; i += 1) {
    standsOut[i] = Math.hypot(data[i * 4] - skin[0], data[i * 4 + 1] - skin[1], data[i * 4 + 2] - skin[2]) > CONTRAST ? 1 : 0;
  }
  return largestPatch(standsOut, width, height) / standsOut.length;
}

/** How many pixels the largest connected patch has. Empties `mask`. */
function largestPatch(mask, width, height) {
  let largest = 0;
  const stack = [];
  for (let start = 0; start < mask.length; start += 1) {
    if (!mask[start]) continue;
    let size = 0;
    mask[start] = 0;
    stack.push(start);
    while (stack.length) {
      const i = stack.pop();
      const x = i % width, y = (i - x) / width;
      size += 1;
      for (const [there, next] of [[x > 0, i - 1], [x < width - 1, i + 1], [y > 0, i - width], [y < height - 1, i + width]]) {
        if (!there || !mask[next]) continue;
        mask[next] = 0;
        stack.push(next);
      }
    }
    if (size > largest) largest = size;
  }
  return largest;
}

/** The one hint that matters most now. In the dark nothing else can be judged; while it moves nothing is sharp. */
export function hintFor(measured, view, limits = LIMITS) {
  if (measured.light < limits.darkest) return "dark";
  if (measured.light > limits.brightest || measured.clipped > limits.clipped) return "bright";
  const { warmth, tint } = measured;
  if (warmth < limits.coldest || warmth > limits.warmest || tint < limits.purplest || tint > limits.greenest) return "colour";
  if (measured.motion > limits.moving) return "still";
  if (view !== "overview") {
    if (measured.share < limits.seen) return "find";
    if (measured.share < limits.small) return "closer";
    if (measured.share > limits.large) return "farther";
  }
  if (measured.sharp < limits.sharp) return "blurry";
  return "good";
}

/**
 * Keeps hints from chattering: one is said when it has been meant twice in a row, and no sooner than `every`
 * milliseconds after the last. Returns what is to be said now, or null.
 */
export function calm(every) {
  let said = null, meant = null, at = -Infinity;
  return (hint, now) => {
    const again = hint === meant;
    meant = hint;
    if (!again || hint === said || now - at < every) return null;
    said = hint;
    at = now;
    return hint;
  };
}
