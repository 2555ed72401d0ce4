// node --test: numbers and results in words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { describeSettings, describeSimilarity, describeTraining, formatNumber, formatPositive, formatPowerOfTen } from "../../../resnet_lib/widgets/gradient_lab/descriptions.mjs";
import { PRESETS, createPair, findPreset } from "../../../resnet_lib/widgets/gradient_lab/settings.mjs";

const spec = (changes = {}) => ({ depth: 20, ...PRESETS[1991], seed: 0, ...changes });

test("numbers in a sentence", () => {
  const said = {
    0.034: "0.034", 0.0024: "0.0024", 45.2: "45", 999: "1000", 4.2e4: "4·10⁴", 1e-13: "10⁻¹³", 9.7e-5: "10⁻⁴",
  };
  for (const [value, words] of Object.entries(said)) assert.equal(formatPositive(Number(value)), words);
  assert.equal(formatPowerOfTen(-46), "10⁻⁴⁶");
  assert.equal(formatNumber(0), "0");
  assert.equal(formatNumber(NaN), "not a finite number");
});

test("what a training has come to", () => {
  const say = (plain, skip, ...rest) => describeTraining({ plain, skip }, ...rest);
  assert.equal(say([0.69, 0.691, 0.69], [0.7, 0.1, 0.004], 20),
    "Plain: loss 0.69 → 0.69, it has not moved. With skip: loss 0.7 → 0.004.");
  assert.equal(say([0.69, 0.9, 0.69], [1, 2, 3], 20),
    "Plain: loss 0.69 → 0.69, back where it began. With skip: loss 1 → 3, it has grown.");
  assert.equal(say([0.69, 0.23, 0.69], [1, 0, 3], 20),
    "Plain: loss 0.69 → 0.69, fell to 0.23 at its lowest, then back where it began. " +
    "With skip: loss 1 → 3, fell to 0 at its lowest, then grew.");
  assert.equal(say([2, 1], [5e11, NaN], 20), "Plain: loss 2 → 1. With skip: loss 5·10¹¹, not a number from step 1.");
  assert.equal(say([NaN], [1, 0], 20), "Plain: the loss is not a number from the start. With skip: loss 1 → 0.");
  assert.match(say([2, 1], [2, 1], 20, true), /^Stopped at step 1\. Plain/);
  assert.match(say([2, 1], [2, 1], 2), /below three layers there is nothing to skip\.$/);
});

test("presets, pairs and the note", () => {
  for (const name of Object.keys(PRESETS)) assert.equal(findPreset(spec({ ...PRESETS[name], depth: 7, seed: 9 })), name);
  assert.equal(findPreset(spec({ skip: "scaled" })), undefined);
  assert.deepEqual(createPair(spec()).skip, spec({ skip: "identity" }));
  assert.deepEqual(createPair(spec({ skip: "scaled" })), { plain: spec(), skip: spec({ skip: "scaled" }) });
  assert.match(describeSettings(spec({ seed: 7 })), /Width 32, 64 points .* learning rate 0.02, momentum 0.9, float64, seed 7/);
  assert.match(describeSettings(spec({ seed: 7 }), true), /^Width 32, 256 points on the line, float64, seed 7\. Everything/);
  assert.deepEqual([0.8, 0.5, 0.1, -0.9].map(describeSimilarity), ["smooth", "rough", "like white noise", "like white noise"]);
});
