// node --test: the points of a curve that is drawn by hand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { applyStroke, fillIn, findNearest } from "../../../resnet_lib/widgets/prediction/curve_points.mjs";

test("what was not drawn is filled in by straight lines, and flat at the ends", () => {
  const x = [1, 2, 4, 5, 6];
  assert.deepEqual(fillIn(x, [null, 10, null, 40, null]), [10, 10, 30, 40, 40]);
  assert.deepEqual(fillIn(x, [null, null, 7, null, null]), [7, 7, 7, 7, 7]);
  assert.deepEqual(fillIn(x, [1, 2, 3, 4, 5]), [1, 2, 3, 4, 5]);
  assert.equal(fillIn(x, [null, null, null, null, null]), null);
});

test("a stroke passes through all points between, in either direction", () => {
  const x = [1, 2, 3, 4, 5];
  const none = x.map(() => null);
  const [from, to] = [{ x: 1.5, y: 10 }, { x: 4, y: 60 }];
  assert.deepEqual(applyStroke(x, none, from, to), [null, 20, 40, 60, null]);
  assert.deepEqual(applyStroke(x, none, to, from), [10, 20, 40, 60, null], "the point nearest to the pen takes its height");
  assert.deepEqual(applyStroke(x, none, from, from), [10, null, null, null, null]);
  assert.deepEqual(applyStroke(x, [9, 9, 9, 9, 9], { x: 2, y: 0 }, { x: 3, y: 0 }), [9, 0, 0, 9, 9]);
  assert.deepEqual([0, 2.4, 2.6, 99].map((place) => findNearest(x, place)), [0, 1, 2, 4]);
});
