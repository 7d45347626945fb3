// What is measured of pictures whose answer is known, and which hint follows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LIMITS, calm, greyOf, hintFor, lightOf, motionOf, sharpnessOf, spotShare } from "../../../frontend/src/lib/measure.js";

const SKIN = [214, 170, 140];
const MOLE = [92, 58, 42];

function painted(side, colourAt) {
  const data = new Uint8ClampedArray(side * side * 4);
  for (let y = 0; y < side; y += 1) for (let x = 0; x < side; x += 1) data.set([...colourAt(x, y), 255], (y * side + x) * 4);
  return { data, width: side, height: side };
}
const spot = (side, radius, colour = MOLE, skin = SKIN) =>
  painted(side, (x, y) => (Math.hypot(x - side / 2, y - side / 2) < radius ? colour : skin));
const GOOD = { ...lightOf(spot(96, 25)), motion: 1, sharp: 100, share: 0.2 };

test("light is the mean luminance, and colours are told in octaves", () => {
  const grey = lightOf(painted(8, () => [100, 100, 100]));
  assert.ok(Math.abs(grey.light - 100) < 1e-6);
  assert.deepEqual([grey.warmth, grey.tint, grey.clipped], [0, 0, 0]);
  const warm = lightOf(painted(8, () => [203, 101, 50]));
  assert.ok(Math.abs(warm.warmth - 2) < 1e-6);
  assert.equal(lightOf(painted(8, (x) => (x < 4 ? [255, 255, 255] : [90, 90, 90]))).clipped, 0.5);
});

test("movement is the difference between two looks", () => {
  const one = greyOf(painted(16, () => [50, 50, 50]));
  const two = greyOf(painted(16, () => [62, 62, 62]));
  assert.equal(motionOf(one, null), 0);
  assert.equal(motionOf(one, one), 0);
  assert.ok(Math.abs(motionOf(one, two) - 12) < 1e-3);
});

test("a fine pattern is sharper than the same one smeared, and a plain wall is not sharp at all", () => {
  const wall = greyOf(painted(64, () => SKIN));
  const fine = greyOf(painted(64, (x, y) => ((x >> 2) + (y >> 2)) % 2 ? [150, 150, 150] : [130, 130, 130]));
  const soft = fine.map((_, i) => (fine[i - 2] + fine[i - 1] + fine[i] + fine[i + 1] + fine[i + 2]) / 5 || fine[i]);
  assert.ok(sharpnessOf(wall, 64, 64) < 1e-6);
  assert.ok(sharpnessOf(fine, 64, 64) > 2 * sharpnessOf(soft, 64, 64));
});

test("the share of a spot is its area over the frame's", () => {
  for (const radius of [8, 16, 30]) {
    const share = spotShare(spot(96, radius));
    assert.ok(Math.abs(share - (Math.PI * radius ** 2) / 96 ** 2) < 0.01, `${radius}: ${share}`);
  }
  assert.equal(spotShare(painted(96, () => SKIN)), 0);
});

test("a spot stands out on dark skin and is not made of scattered hairs", () => {
  assert.ok(spotShare(spot(96, 20, [38, 22, 18], [98, 66, 50])) > 0.1);
  const hairs = painted(96, (x, y) => (x % 12 === 0 && y % 9 < 4 ? MOLE : SKIN));
  assert.ok(spotShare(hairs) < LIMITS.small);
});

test("one hint at a time: light before movement, movement before distance, distance before sharpness", () => {
  const bad = { light: 20, clipped: 0, warmth: 5, tint: 0, motion: 90, share: 0, sharp: 0 };
  const steps = [["dark", { light: 120 }], ["colour", { warmth: 0.6 }], ["still", { motion: 0 }], ["find", { share: 0.01 }], ["closer", { share: 0.9 }], ["farther", { share: 0.3 }], ["blurry", { sharp: 99 }], ["good", {}]];
  let measured = bad;
  for (const [hint, better] of steps) {
    assert.equal(hintFor(measured, "closeup"), hint);
    measured = { ...measured, ...better };
  }
  assert.equal(hintFor({ ...GOOD, light: 250 }, "closeup"), "bright");
  assert.equal(hintFor({ ...GOOD, clipped: 0.5 }, "closeup"), "bright");
});

test("an overview is not told to come closer", () => {
  assert.equal(hintFor({ ...GOOD, share: 0 }, "overview"), "good");
  assert.equal(hintFor({ ...GOOD, share: 0 }, null), "find");
});

test("hints do not chatter", () => {
  const say = calm(1200);
  assert.equal(say("dark", 0), null, "meant once is not enough");
  assert.equal(say("dark", 300), "dark");
  assert.equal(say("dark", 600), null, "said already");
  assert.equal(say("closer", 900), null);
  assert.equal(say("closer", 1200), null, "too soon after the last");
  assert.equal(say("closer", 1500), "closer");
  const torn = calm(0);
  const said = ["dark", "good", "dark", "good", "dark"].map((hint, turn) => torn(hint, turn * 5000));
  assert.deepEqual(said, [null, null, null, null, null], "between two it says nothing");
});
