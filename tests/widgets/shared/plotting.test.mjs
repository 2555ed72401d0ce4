// node --test: ticks, paths and positions, against values worked out by hand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseCountTicks, chooseTickStep, createLinePath, separatePositions } from "../../../resnet_lib/widgets/shared/plotting.mjs";

test("steps and ticks are round", () => {
  assert.deepEqual([[50, 6], [164, 8], [0.3, 5], [15, 15]].map(([span, count]) => chooseTickStep(span, count)), [10, 50, 0.1, 1]);
  assert.deepEqual(chooseCountTicks(164, 10), [1, 20, 40, 60, 80, 100, 120, 140, 164]);
  assert.deepEqual(chooseCountTicks(15, 15), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
  assert.deepEqual(chooseCountTicks(15, 4), [1, 5, 10, 15]);
  assert.deepEqual([chooseCountTicks(1, 8), chooseCountTicks(2, 8)], [[1], [1, 2]]);
});

test("positions keep apart, in order and within bounds, and move as little as possible", () => {
  assert.deepEqual(separatePositions([10, 50], 16, 0, 100), [10, 50]);
  assert.deepEqual(separatePositions([50, 50], 16, 0, 100), [42, 58]);
  assert.deepEqual(separatePositions([52, 50, 10], 16, 0, 100), [59, 43, 10]);
  assert.deepEqual(separatePositions([99, 98], 16, 0, 100), [100, 84]);
  assert.deepEqual(separatePositions([], 16, 0, 100), []);
  // Against every placement on a grid: none moves the labels less.
  const [wanted, gap] = [[20, 22, 27, 60], 10];
  const cost = (places) => places.reduce((sum, place, index) => sum + (place - wanted[index]) ** 2, 0);
  const grid = Array.from({ length: 71 }, (_, index) => index);
  let least = Infinity;
  for (const a of grid) for (const b of grid) if (b - a >= gap) for (const c of grid) if (c - b >= gap) least = Math.min(least, cost([a, b, c, 60]));
  assert.ok(cost(separatePositions(wanted, gap, 0, 100)) <= least + 1e-9);
});

test("a path has a gap where an error is missing, and a point where an error is alone", () => {
  const same = (value) => value;
  assert.equal(createLinePath([1, 2], same, same), "M1.0 1.0L2.0 2.0");
  assert.equal(createLinePath([1, null, 3, 4], same, same), "M1.0 1.0h.01M3.0 3.0L4.0 4.0");
  assert.equal(createLinePath([], same, same), "");
});
