// node --test: the boundary of a decision field.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createContour, createFieldPoints } from "../../../resnet_lib/widgets/gradient_lab/decision_field.mjs";

test("a contour goes where a grid's values cross 0", () => {
  const grid = Float64Array.from({ length: 9 }, (_, at) => (at % 3) - 0.5); // the middles lie at 0.5, 1.5, 2.5
  assert.equal(createContour(grid, 3), "M1.00 0.50L1.00 1.50M1.00 1.50L1.00 2.50");
  assert.equal(createContour(new Float64Array(9).fill(1), 3), "");
  const points = createFieldPoints(2);
  assert.deepEqual([...points], [-1.3, 1.3, -1.3, 1.3, 1.3, 1.3, -1.3, -1.3], "row by row from the top");
});
