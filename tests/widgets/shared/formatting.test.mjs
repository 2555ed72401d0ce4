// node --test: numbers and lists as a reader sees them.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatCount, formatInteger, formatPercent, formatShort, formatSignificant, joinWithAnd,
} from "../../../resnet_lib/widgets/shared/formatting.mjs";

test("numbers are formatted with commas or three digits", () => {
  assert.deepEqual([999, 1500, 40813184, 1.5e9].map((n) => formatShort(n)), ["999", "1.50 k", "40.8 M", "1.50 G"]);
  assert.equal(formatShort(339776512, "B"), "340 MB");
  assert.equal(formatInteger(1742762), "1,742,762");
});

test("percentages, rates, counts and lists", () => {
  assert.deepEqual([null, 8.754, 9.996, 25.25].map(formatPercent), ["–", "8.75", "10.0", "25.3"]);
  assert.deepEqual([formatSignificant(0.1), formatSignificant(9.16e-5, 3)], ["0.1", "0.0000916"]);
  assert.deepEqual([1, 2].map((count) => formatCount(count, "epoch")), ["1 epoch", "2 epochs"]);
  assert.deepEqual([[], ["a"], ["a", "b", "c"]].map(joinWithAnd), ["", "a", "a, b and c"]);
});
