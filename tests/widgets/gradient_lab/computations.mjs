// Helpers of the node tests: nets to compute, work in one go, and a comparison of numbers.
import assert from "node:assert/strict";
import { PRESETS } from "../../../resnet_lib/widgets/gradient_lab/settings.mjs";

/** A net of depth 20 with the preset of 1991, changed by `changes`. */
export const spec = (changes = {}) => ({ depth: 20, ...PRESETS[1991], seed: 0, ...changes });

/** Checks that two numbers are equal within a relative error. */
export const near = (value, expected, relative = 1e-9) =>
  assert.ok(Math.abs(value - expected) <= relative * Math.abs(expected), `${value} is not ${expected}`);

/** Does at once what a page does in slices. */
export function finish(work) {
  let step = work.next();
  while (!step.done) step = work.next();
  return step.value;
}
