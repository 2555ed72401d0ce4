// node --test: both convolutions against each other and Keras's definition.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createConvolution, createScriptConvolution } from "../../../resnet_lib/widgets/net_in_page/convolution.mjs";
import { assertAllNear, assertNear, convolution, createRandom, mapOf, relu } from "./made_up_net.mjs";

test("the compiled convolution is the one in JavaScript, and that is Keras's", async () => {
  const next = createRandom(1);
  const numbersOf = (count) => Float32Array.from({ length: count }, () => next() - 0.5);
  for (const [side, inputs, outputs, stride, relus] of [
    [4, 1, 8, 1, 0], [8, 3, 16, 1, 1], [12, 5, 8, 2, 0], [16, 16, 24, 2, 1], [32, 3, 16, 1, 0], [8, 64, 64, 1, 1], [4, 7, 40, 2, 1],
  ]) {
    const wide = side * stride;
    const layer = { kernel: numbersOf(9 * inputs * outputs), shift: numbersOf(outputs), shape: [3, 3, inputs, outputs] };
    const given = numbersOf(wide * wide * inputs);
    const count = (wide + 2) ** 2 * inputs + layer.kernel.length + outputs + (side + 2) ** 2 * outputs;
    const found = [];
    for (const { numbers, convolve } of [await createConvolution(count), createScriptConvolution(count)]) {
      for (let row = 0; row < wide; row += 1) {
        numbers.set(given.subarray(row * wide * inputs, (row + 1) * wide * inputs), ((row + 1) * (wide + 2) + 1) * inputs);
      }
      const kernel = (wide + 2) ** 2 * inputs;
      const shift = kernel + layer.kernel.length;
      const output = shift + outputs;
      numbers.set(layer.kernel, kernel);
      numbers.set(layer.shift, shift);
      convolve(0, 4 * kernel, 4 * shift, 4 * output, side, inputs, outputs, stride, relus);
      found.push(numbers.slice(output, count));
    }
    const [compiled, plain] = found;
    assertAllNear(compiled, plain, 1e-5);
    const all = convolution(mapOf(given, wide, inputs), layer, side, stride);
    const expected = mapOf(relus ? relu(all) : all, side, outputs);
    for (let y = -1; y <= side; y += 1) {
      for (let x = -1; x <= side; x += 1) {
        for (let c = 0; c < outputs; c += 1) {
          assertNear(compiled[((y + 1) * (side + 2) + x + 1) * outputs + c], expected(y, x, c), 1e-4);
        }
      }
    }
  }
});

test("WebAssembly is what computes, and JavaScript where it is forbidden", async (t) => {
  const compiled = await createConvolution(10);
  assert.ok(compiled.numbers.length >= 10);
  assert.equal(compiled.numbers.length % 16384, 0, "whole pages of WebAssembly's memory");
  t.mock.method(WebAssembly, "instantiate", async () => {
    throw new WebAssembly.CompileError("refused");
  });
  assert.equal((await createConvolution(10)).numbers.length, 10);
});
