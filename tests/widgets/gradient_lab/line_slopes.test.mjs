// node --test: the slopes of a net of one input.
import assert from "node:assert/strict";
import { test } from "node:test";
import { correlateNeighbours, drawNormals } from "../../../resnet_lib/widgets/gradient_lab/numbers.mjs";
import { computeLineSlopes } from "../../../resnet_lib/widgets/gradient_lab/line_slopes.mjs";
import { finish, near, spec } from "./computations.mjs";

test("on a line a single layer has one slope, and neighbours are alike", () => {
  const slopes = finish(computeLineSlopes(spec({ depth: 1 })));
  assert.equal(slopes.length, 256);
  assert.ok(slopes.every((slope) => slope === slopes[0]));
  near(correlateNeighbours(slopes), 1);
  near(correlateNeighbours(Float64Array.from({ length: 50 }, (_, at) => (-1) ** at)), -1);
  assert.ok(Math.abs(correlateNeighbours(drawNormals(0, 5, 10000))) < 0.03);
  assert.equal(correlateNeighbours(new Float64Array(5)), 1, "zeros are the same");
  near(correlateNeighbours(new Float64Array(5).fill(1e-200)), 1);
  near(correlateNeighbours([1, 2, 0, 0, -3]), (0.8 + 0 + 1 + 0) / 4);
});
