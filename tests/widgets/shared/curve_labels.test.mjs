// node --test: where the labels at the ends of curves are placed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { placeLabels } from "../../../resnet_lib/widgets/shared/curve_labels.mjs";

test("labels side by side need not keep apart", () => {
  const at = (x, y) => ({ x, y, width: 50 });
  assert.deepEqual(placeLabels([at(0, 20), at(100, 20)], 16, 0, 100), [20, 20]);
  assert.deepEqual(placeLabels([at(0, 20), at(30, 20)], 16, 0, 100), [12, 28]);
});

test("the labels of faint runs make room for the label of the run that is played", () => {
  const own = { x: 0, y: 50, width: 80, first: true };
  const at = (ys, changes) => placeLabels([{ ...own, ...changes }, ...ys.map((y) => ({ x: 60, y, width: 60 }))], 16, 0, 100);
  assert.deepEqual(at([45, 52]), [50, 31, 69]);
  assert.deepEqual(at([50]), [50, 69]);
  assert.deepEqual(at([45, 46, 47, 48]), [50, 15, 31, 69, 85], "as many on one side as it has room for");
  assert.deepEqual(at([60, 61], { y: 99 }), [99, 52.5, 68.5]);
  assert.deepEqual(at([45, 52], { width: 50 }), [50, 40.5, 56.5], "side by side they need not");
  assert.deepEqual(at(Array(9).fill(50)).length, 10, "too many for the room are spread");
});
