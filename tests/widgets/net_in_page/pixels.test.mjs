// node --test: how pixels are averaged.
import assert from "node:assert/strict";
import { test } from "node:test";
import { averageSquares } from "../../../resnet_lib/widgets/net_in_page/pixels.mjs";

test("small pixels are the means of large ones", () => {
  const side = 4;
  const rgba = new Uint8ClampedArray(side * side * 4);
  for (let pixel = 0; pixel < side * side; pixel += 1) {
    const [x, y] = [pixel % side, Math.floor(pixel / side)];
    rgba.set([(x + y) % 2 ? 255 : 0, 40 * y, 10 * x, 255], 4 * pixel); // a chessboard, and two slopes
  }
  assert.deepEqual([...averageSquares(rgba, side, 2)], [128, 20, 5, 128, 20, 25, 128, 100, 5, 128, 100, 25]);
  assert.deepEqual([...averageSquares(rgba, side, 4).subarray(0, 6)], [0, 0, 0, 255, 0, 10]);
});
