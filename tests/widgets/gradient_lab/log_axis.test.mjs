// node --test: logarithmic axes and the lines on them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseDecadeTicks, chooseDecades, createDecadeScale, createLogLine } from "../../../resnet_lib/widgets/gradient_lab/log_axis.mjs";

test("an axis of powers of ten holds all values, and shows what has no place on it", () => {
  const whole = (low, high) => ({ low, high, zero: false, broken: false, bottom: low, top: high });
  assert.deepEqual(chooseDecades([[0.5, 2]], -3, 1), whole(-3, 1));
  assert.deepEqual(chooseDecades([[1e-46, 1], [3e4]], -3, 1), whole(-46, 5));
  const edges = chooseDecades([[0, NaN, 1e-13]], -3, 1);
  assert.ok(edges.zero && edges.broken && edges.bottom < edges.low && edges.top > edges.high);
  assert.deepEqual(chooseDecades([[]], -2, 0), whole(-2, 0));
  const nothing = chooseDecades([[0, 0], [NaN]], -3, 1);
  assert.deepEqual([nothing.low, nothing.high], [-3, 1]);
  assert.equal(chooseDecades([[5e-324]], -3, 1).low, -324, "the least number of float64");
});

test("ticks are whole powers, few enough to be read", () => {
  assert.deepEqual(chooseDecadeTicks({ low: -3, high: 1 }, 5), [-3, -2, -1, 0, 1]);
  assert.deepEqual(chooseDecadeTicks({ low: -46, high: 1 }, 6), [-40, -30, -20, -10, 0]);
  for (const low of [-324, -90, -17, -5]) assert.ok(chooseDecadeTicks({ low, high: 5 }, 6).length <= 7);
});

test("heights: 0 at the bottom, what is not finite at the top", () => {
  const y = createDecadeScale({ bottom: -4, top: 0 }, 10, 110);
  assert.deepEqual([1, 0.01, 1e-4, 0, NaN, Infinity].map(y), [10, 60, 110, 110, 10, 10]);
});

test("a line has a gap where there is nothing to draw", () => {
  const line = createLogLine([1, 2, 0, 3, NaN, 4, 5], (at) => at, (value) => value);
  assert.equal(line, "M0.0 1.0L1.0 2.0M3.0 3.0M5.0 4.0L6.0 5.0");
});
