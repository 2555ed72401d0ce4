// node --test: the range, the ticks and the scale of the error axis.
import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseErrorTicks, computeErrorRange, createErrorScale } from "../../../resnet_lib/widgets/shared/error_axis.mjs";

test("the error axis holds all but the steep beginning, and every end", () => {
  const steep = [90, ...Array(39).fill(18)];
  assert.deepEqual(computeErrorRange([steep], "linear"), { low: 0, high: 20 });
  assert.deepEqual(computeErrorRange([steep, [20, 90]], "linear"), { low: 0, high: 100 }, "a run that diverged");
  assert.deepEqual(computeErrorRange([[null, 3, null], []], "linear"), { low: 0, high: 4 });
  assert.deepEqual(computeErrorRange([[0, 0]], "linear"), { low: 0, high: 1 });
  assert.deepEqual(computeErrorRange([steep, [0.3, 0]], "log"), { low: 0.2, high: 100 });
  assert.deepEqual(computeErrorRange([[]], "log"), { low: 0.1, high: 100 });
});

test("errors at the axis are round", () => {
  assert.deepEqual(chooseErrorTicks({ low: 0, high: 40 }, "linear"), [0, 10, 20, 30, 40]);
  assert.deepEqual(chooseErrorTicks({ low: 0.5, high: 50 }, "log"), [0.5, 1, 2, 5, 10, 20, 50]);
  assert.deepEqual(chooseErrorTicks({ low: 0.05, high: 100 }, "log"), [0.1, 1, 10, 100]);
});

test("the scale places an error on its axis", () => {
  const linear = createErrorScale({ low: 0, high: 40 }, "linear", 10, 210);
  assert.deepEqual([0, 10, 40].map(linear), [210, 160, 10]);
  const log = createErrorScale({ low: 1, high: 100 }, "log", 0, 200);
  assert.deepEqual([1, 10, 100].map((value) => Math.round(log(value))), [200, 100, 0]);
  assert.equal(log(0), 200, "zero has no place on a log axis: at its foot");
});
