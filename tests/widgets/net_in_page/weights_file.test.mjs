// node --test: what a weights file holds, and what is wrong with a broken one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseWeightsFile } from "../../../resnet_lib/widgets/net_in_page/weights_file.mjs";
import { createWeightsFile } from "./made_up_net.mjs";

test("a file gives kernels times scales, shifts and the mean", () => {
  const halves = new Uint16Array([0x3c00, 0xc000, 0x7bff, 0x0001, 0x8001, 0x0400, 0x03ff, 0x3555, 0, 0x8000]);
  const values = [1, -2, 65504, 2 ** -24, -(2 ** -24), 2 ** -14, 1023 * 2 ** -24, 0.333251953125, 0, -0];
  let scales;
  const file = createWeightsFile({
    n: 2,
    shortcut: "none",
    change: ({ layers }, pieces) => {
      const at = (offset) => pieces.find(([start]) => start === offset)[1];
      at(layers[0].kernel).set(new Uint8Array(halves.buffer));
      scales = new Float32Array(at(layers[0].scale).buffer);
    },
  });
  const { n, shortcut, layers, mean } = parseWeightsFile(file);
  assert.deepEqual([n, shortcut, layers.length, mean.length], [2, "none", 14, 3072]);
  assert.deepEqual([...layers[0].kernel.subarray(0, 10)], values.map((value, at) => Math.fround(value * scales[at])));
  assert.equal(layers[1].name, "stage1_block1_1_conv");
  assert.deepEqual(layers.at(-1).shape, [64, 10]);
  const shifted = new Uint8Array(file.length + 3);
  shifted.set(file, 3);
  assert.deepEqual(parseWeightsFile(shifted.subarray(3)), parseWeightsFile(file), "wherever its bytes lie");
});

test("what is no net file is told", () => {
  const broken = (change) => createWeightsFile({ change });
  for (const [bytes, words] of [
    [new Uint8Array(0), /no net file .*: /],
    [new Uint8Array(3), /no net file/],
    [new Uint8Array(100), /no net file/],
    [new TextEncoder().encode("<!doctype html><title>404</title>"), /33 bytes hold no header/],
    [createWeightsFile().slice(0, 5000), /no net file/],
    [createWeightsFile().slice(0, -8), /no net file/],
    [broken((header) => (header.shortcut = "projection")), /its shortcut is "projection"/],
    [broken((header) => (header.n = 2)), /not those of a net with n = 2/],
    [broken((header) => (header.n = 1e9)), /not those of a net/],
    [broken((header) => header.layers.reverse()), /its layers are not those/],
    [broken((header) => delete header.layers), /no net file/],
    [broken((header) => (header.mean = 1e9)), /no net file/],
    [broken((header) => (header.layers[3].kernel = 3)), /no net file/],
    [broken((header, pieces) => pieces[0][1].set([0, 0x7c])), /no finite number/],
  ]) {
    assert.throws(() => parseWeightsFile(bytes), words);
  }
});
