// Makes weights files of random weights, and computes nets slowly, as their definitions say.
import assert from "node:assert/strict";

/** Returns numbers from 0 to 1, the same in every run (a linear congruential generator). */
export function createRandom(seed) {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

export const assertNear = (found, expected, within) =>
  assert.ok(Math.abs(found - expected) <= within, `${found} is not ${expected}, within ${within}`);
export const assertAllNear = (found, expected, within) => {
  assert.equal(found.length, expected.length);
  expected.forEach((value, at) => assertNear(found[at], value, within));
};

/** A map (side, side, channels) as a function that is zero outside. */
export const mapOf = (values, side, channels) => (y, x, c) =>
  y < 0 || x < 0 || y >= side || x >= side || c >= channels ? 0 : values[(y * side + x) * channels + c];

/** Keras's 3×3 convolution with padding "same". */
export function convolution(input, { kernel, shift, shape: [, , inputs, outputs] }, side, stride) {
  const before = Math.floor(Math.max((side - 1) * stride + 3 - side * stride, 0) / 2);
  const values = [];
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      for (let o = 0; o < outputs; o += 1) {
        let sum = shift[o];
        for (let i = 0; i < 3; i += 1) {
          for (let j = 0; j < 3; j += 1) {
            for (let c = 0; c < inputs; c += 1) {
              const pixel = input(y * stride + i - before, x * stride + j - before, c);
              sum += pixel * kernel[((i * 3 + j) * inputs + c) * outputs + o];
            }
          }
        }
        values.push(sum);
      }
    }
  }
  return values;
}

export const relu = (values) => values.map((value) => Math.max(0, value));
const size = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

export function computeNet({ n, shortcut, layers, mean }, pixels, scales, watch) {
  const named = Object.fromEntries(layers.map((layer) => [layer.name, layer]));
  const image = Float64Array.from(pixels, (value, at) => value / 255 - mean[at]);
  let x = relu(convolution(mapOf(image, 32, 3), named.stem_conv, 32, 1));
  let [side, channels] = [32, 16];
  const pass = { branch: [], skip: [] };
  scales.forEach((scale, block) => {
    const stage = Math.floor(block / n);
    const stride = stage > 0 && block % n === 0 ? 2 : 1;
    const name = `stage${stage + 1}_block${(block % n) + 1}`;
    const given = mapOf(x, side, channels);
    [side, channels] = [32 >> stage, 16 << stage];
    const inside = relu(convolution(given, named[`${name}_1_conv`], side, stride));
    const F = convolution(mapOf(inside, side, channels), named[`${name}_2_conv`], side, 1);
    const branch = F.map((value) => scale * value);
    const kept = shortcut === "none" ? 1 - scale : 1;
    const skip = F.map((_, at) => {
      const pixel = Math.floor(at / channels);
      return kept * given(stride * Math.floor(pixel / side), stride * (pixel % side), at % channels);
    });
    x = relu(skip.map((value, at) => value + branch[at]));
    pass.branch.push(size(branch));
    pass.skip.push(size(skip));
    if (block === watch) Object.assign(pass, { maps: x, shape: [side, side, channels] });
  });
  const { kernel, shift } = named.classifier;
  const means = Array.from({ length: 64 }, (_, c) => x.reduce((sum, value, at) => sum + (at % 64 === c ? value : 0), 0) / 64);
  pass.logits = [...shift].map((bias, k) => means.reduce((sum, value, c) => sum + value * kernel[c * 10 + k], bias));
  return pass;
}

export function createWeightsFile({ n = 1, shortcut = "pad", change = () => {} } = {}) {
  const next = createRandom(7);
  const pieces = [];
  let length = 0;
  const add = (array) => {
    const bytes = new Uint8Array(array.buffer);
    const offset = length;
    length += Math.ceil(bytes.length / 8) * 8;
    pieces.push([offset, bytes]);
    return offset;
  };
  const around = (count, middle, wide) => Float32Array.from({ length: count }, () => middle + wide * (next() - 0.5));
  // Of either sign, and from 2 ** -5 to 2 ** -1 in size.
  const halves = (count) =>
    Uint16Array.from({ length: count }, () => (next() < 0.5 ? 0x8000 : 0) | ((10 + 4 * next()) << 10) | (1023 * next()));
  const layers = [];
  const layer = (name, shape, scaled) => layers.push({
    name, shape, kernel: add(halves(shape.reduce((a, b) => a * b))),
    scale: scaled ? add(around(shape.at(-1), 0.3, 0.2)) : null, shift: add(around(shape.at(-1), 0.1, 0.4)),
  });
  layer("stem_conv", [3, 3, 3, 16], true);
  let inputs = 16;
  for (const [stage, channels] of [[1, 16], [2, 32], [3, 64]]) {
    for (let block = 1; block <= n; block += 1) {
      layer(`stage${stage}_block${block}_1_conv`, [3, 3, inputs, channels], true);
      layer(`stage${stage}_block${block}_2_conv`, [3, 3, channels, channels], true);
      inputs = channels;
    }
  }
  layer("classifier", [64, 10], false);
  const header = { n, shortcut, layers, mean: add(around(3072, 0.5, 0.2)) };
  change(header, pieces);
  let text = JSON.stringify(header);
  text += " ".repeat((8 - ((4 + text.length) % 8)) % 8);
  const file = new Uint8Array(4 + text.length + length);
  new DataView(file.buffer).setUint32(0, text.length, true);
  file.set(new TextEncoder().encode(text), 4);
  for (const [offset, bytes] of pieces) file.set(bytes, 4 + text.length + offset);
  return file;
}

export const createPicture = (seed) => {
  const next = createRandom(seed);
  return Uint8Array.from({ length: 3072 }, () => 256 * next());
};
