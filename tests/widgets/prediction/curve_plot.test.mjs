// node --test: the ticks of the axes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseTicks } from "../../../resnet_lib/widgets/prediction/curve_plot.mjs";

test("ticks are round and within the axis", () => {
  assert.deepEqual(chooseTicks(0, 100, 5), [0, 20, 40, 60, 80, 100]);
  assert.deepEqual(chooseTicks(0.1, 0.75, 5), [0.2, 0.4, 0.6]);
  assert.deepEqual(chooseTicks(-3, 3, 6), [-3, -2, -1, 0, 1, 2, 3]);
});
