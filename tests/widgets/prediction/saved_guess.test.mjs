// node --test: which saved guess still fits.
import assert from "node:assert/strict";
import { test } from "node:test";
import { validateGuess } from "../../../resnet_lib/widgets/prediction/saved_guess.mjs";

test("a kept guess is taken up where it still fits", () => {
  const choice = { form: "choice", options: ["a", "b"] };
  assert.deepEqual([0, 1, 2, -1, 0.5, "1", null].map((guess) => validateGuess(choice, guess)), [0, 1, null, null, null, null, null]);
  const number = { form: "number", low: 0, high: 10 };
  assert.deepEqual([0, 10, 11, "3", null].map((guess) => validateGuess(number, guess)), [0, 10, null, null, null]);
  const curve = { form: "curve", x: [1, 2], low: 0, high: 10 };
  assert.deepEqual([[1, null], [1, 2, 3], [1, 11], 3].map((guess) => validateGuess(curve, guess)), [[1, null], null, null, null]);
});
