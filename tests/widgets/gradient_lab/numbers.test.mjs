// node --test: draws, norms, products and the similarity of neighbours.
import assert from "node:assert/strict";
import { test } from "node:test";
import { correlateNeighbours, computeNorm, computeStd, drawNormals, multiplyMatrices } from "../../../resnet_lib/widgets/gradient_lab/numbers.mjs";

const near = (value, expected, relative = 1e-9) =>
  assert.ok(Math.abs(value - expected) <= relative * Math.abs(expected), `${value} is not ${expected}`);

test("a product of matrices, by rows of four and by single ones", () => {
  for (const [rows, steps, columns] of [[4, 3, 2], [6, 5, 4], [2, 7, 2], [1, 1, 1], [8, 3, 1], [5, 2, 3], [32, 2, 64]]) {
    const a = Float64Array.from({ length: rows * steps }, (_, at) => Math.sin(at));
    const b = Float64Array.from({ length: steps * columns }, (_, at) => Math.cos(at));
    const expected = Array.from({ length: rows * columns }, (_, at) => {
      const [r, c] = [Math.floor(at / columns), at % columns];
      return Array.from({ length: steps }, (_, k) => a[r * steps + k] * b[k * columns + c]).reduce((x, y) => x + y);
    });
    const out = new Float64Array(rows * columns).fill(5);
    multiplyMatrices(out, a, steps, 1, b, columns, 1, rows, steps, columns, false);
    out.forEach((value, at) => assert.ok(Math.abs(value - expected[at]) < 1e-12));
    multiplyMatrices(out, a, steps, 1, b, columns, 1, rows, steps, columns, true);
    out.forEach((value, at) => assert.ok(Math.abs(value - 2 * expected[at]) < 1e-12, "added to what is there"));
  }
});

test("a norm survives where its square does not", () => {
  near(computeNorm([3e-200, 4e-200]), 5e-200);
  near(computeNorm([3e200, -4e200, 7], 2), 5e200);
  assert.equal(computeNorm([0, 0]), 0);
  assert.equal(computeNorm([1, Infinity]), Infinity);
  assert.ok(Number.isNaN(computeNorm([1, NaN, 2])));
});

test("draws belong to a seed and a place, and are standard normal", () => {
  const draws = drawNormals(3, 7, 1024);
  assert.deepEqual(drawNormals(3, 7, 1024), draws);
  assert.notEqual(drawNormals(4, 7, 1)[0], draws[0]);
  assert.notEqual(drawNormals(3, 8, 1)[0], draws[0]);
  for (let seed = 10; seed < 20; seed += 1) drawNormals(seed, 7, 1024); // more than are kept
  assert.deepEqual(drawNormals(3, 7, 64).slice(0, 64), draws.slice(0, 64));
  assert.ok(Math.abs(computeStd(draws) - 1) < 0.1);
});

test("every pair of neighbours counts the same, however large its slopes", () => {
  const noise = drawNormals(0, 5, 10000).slice();
  for (let at = 0; at < 10; at += 1) noise[at] = 1e9;
  assert.ok(Math.abs(correlateNeighbours(noise)) < 0.03);
  noise[5] = 1e-300;
  assert.ok(Math.abs(correlateNeighbours(noise)) < 0.03);
  for (const broken of [NaN, Infinity]) assert.ok(Number.isNaN(correlateNeighbours([1, broken, 1])));
});
