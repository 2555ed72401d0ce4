// node --test: the net that computes in the page, against a slow one that is written out here, and the
// worker around it. test_in_page.py holds the same modules to Keras.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadNet, softmax } from "../../../resnet_lib/widgets/net_in_page/block_net.mjs";
import { netServer } from "../../../resnet_lib/widgets/net_in_page/block_worker.mjs";
import { makeConvolution, plainConvolution } from "../../../resnet_lib/widgets/net_in_page/convolution.mjs";
import { unpack } from "../../../resnet_lib/widgets/net_in_page/net_file.mjs";
import { startNet } from "../../../resnet_lib/widgets/net_in_page/net_worker.mjs";
import { loadWidgetFile } from "../../../resnet_lib/widgets/shared/model.mjs";

/** Numbers from 0 to 1, the same in every run (a linear congruential generator). */
function random(seed) {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

const near = (found, expected, within) =>
  assert.ok(Math.abs(found - expected) <= within, `${found} is not ${expected}, within ${within}`);
const allNear = (found, expected, within) => {
  assert.equal(found.length, expected.length);
  expected.forEach((value, at) => near(found[at], value, within));
};

// ---------------------------------------------------------------- an oracle, by the definitions

/** A map (side, side, channels) as a function that is zero outside. */
const mapOf = (values, side, channels) => (y, x, c) =>
  y < 0 || x < 0 || y >= side || x >= side || c >= channels ? 0 : values[(y * side + x) * channels + c];

/** Keras's 3×3 convolution with padding "same". */
function convolution(input, { kernel, shift, shape: [, , inputs, outputs] }, side, stride) {
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

const relu = (values) => values.map((value) => Math.max(0, value));
const size = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

function oracle({ n, shortcut, layers, mean }, pixels, scales, watch) {
  const named = Object.fromEntries(layers.map((layer) => [layer.name, layer]));
  const image = Float64Array.from(pixels, (value, at) => value / 255 - mean[at]);
  let x = relu(convolution(mapOf(image, 32, 3), named.stem_conv, 32, 1));
  let [side, channels] = [32, 16];
  const look = { branch: [], skip: [] };
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
    look.branch.push(size(branch));
    look.skip.push(size(skip));
    if (block === watch) Object.assign(look, { maps: x, shape: [side, side, channels] });
  });
  const { kernel, shift } = named.classifier;
  const means = Array.from({ length: 64 }, (_, c) => x.reduce((sum, value, at) => sum + (at % 64 === c ? value : 0), 0) / 64);
  look.logits = [...shift].map((bias, k) => means.reduce((sum, value, c) => sum + value * kernel[c * 10 + k], bias));
  return look;
}

// ---------------------------------------------------------------- a net of random weights

function netFile({ n = 1, shortcut = "pad", change = () => {} } = {}) {
  const next = random(7);
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

const picture = (seed) => {
  const next = random(seed);
  return Uint8Array.from({ length: 3072 }, () => 256 * next());
};

// ---------------------------------------------------------------- the convolution

test("the compiled convolution is the one in JavaScript, and that is Keras's", async () => {
  const next = random(1);
  const numbersOf = (count) => Float32Array.from({ length: count }, () => next() - 0.5);
  for (const [side, inputs, outputs, stride, relus] of [
    [4, 1, 8, 1, 0], [8, 3, 16, 1, 1], [12, 5, 8, 2, 0], [16, 16, 24, 2, 1], [32, 3, 16, 1, 0], [8, 64, 64, 1, 1], [4, 7, 40, 2, 1],
  ]) {
    const wide = side * stride;
    const layer = { kernel: numbersOf(9 * inputs * outputs), shift: numbersOf(outputs), shape: [3, 3, inputs, outputs] };
    const given = numbersOf(wide * wide * inputs);
    const count = (wide + 2) ** 2 * inputs + layer.kernel.length + outputs + (side + 2) ** 2 * outputs;
    const found = [];
    for (const { numbers, convolve } of [await makeConvolution(count), plainConvolution(count)]) {
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
    allNear(compiled, plain, 1e-5);
    const all = convolution(mapOf(given, wide, inputs), layer, side, stride);
    const expected = mapOf(relus ? relu(all) : all, side, outputs);
    for (let y = -1; y <= side; y += 1) {
      for (let x = -1; x <= side; x += 1) {
        for (let c = 0; c < outputs; c += 1) {
          near(compiled[((y + 1) * (side + 2) + x + 1) * outputs + c], expected(y, x, c), 1e-4);
        }
      }
    }
  }
});

test("WebAssembly is what computes, and JavaScript where it is forbidden", async (t) => {
  const compiled = await makeConvolution(10);
  assert.ok(compiled.numbers.length >= 10);
  assert.equal(compiled.numbers.length % 16384, 0, "whole pages of WebAssembly's memory");
  t.mock.method(WebAssembly, "instantiate", async () => {
    throw new WebAssembly.CompileError("refused");
  });
  assert.equal((await makeConvolution(10)).numbers.length, 10);
});

// ---------------------------------------------------------------- the file

test("a file gives kernels times scales, shifts and the mean", () => {
  const halves = new Uint16Array([0x3c00, 0xc000, 0x7bff, 0x0001, 0x8001, 0x0400, 0x03ff, 0x3555, 0, 0x8000]);
  const values = [1, -2, 65504, 2 ** -24, -(2 ** -24), 2 ** -14, 1023 * 2 ** -24, 0.333251953125, 0, -0];
  let scales;
  const file = netFile({
    n: 2,
    shortcut: "none",
    change: ({ layers }, pieces) => {
      const at = (offset) => pieces.find(([start]) => start === offset)[1];
      at(layers[0].kernel).set(new Uint8Array(halves.buffer));
      scales = new Float32Array(at(layers[0].scale).buffer);
    },
  });
  const { n, shortcut, layers, mean } = unpack(file);
  assert.deepEqual([n, shortcut, layers.length, mean.length], [2, "none", 14, 3072]);
  assert.deepEqual([...layers[0].kernel.subarray(0, 10)], values.map((value, at) => Math.fround(value * scales[at])));
  assert.equal(layers[1].name, "stage1_block1_1_conv");
  assert.deepEqual(layers.at(-1).shape, [64, 10]);
  const shifted = new Uint8Array(file.length + 3);
  shifted.set(file, 3);
  assert.deepEqual(unpack(shifted.subarray(3)), unpack(file), "wherever its bytes lie");
});

test("what is no net file is told", () => {
  const broken = (change) => netFile({ change });
  for (const [bytes, words] of [
    [new Uint8Array(0), /no net file .*: /],
    [new Uint8Array(3), /no net file/],
    [new Uint8Array(100), /no net file/],
    [new TextEncoder().encode("<!doctype html><title>404</title>"), /33 bytes hold no header/],
    [netFile().slice(0, 5000), /no net file/],
    [netFile().slice(0, -8), /no net file/],
    [broken((header) => (header.shortcut = "projection")), /its shortcut is "projection"/],
    [broken((header) => (header.n = 2)), /not those of a net with n = 2/],
    [broken((header) => (header.n = 1e9)), /not those of a net/],
    [broken((header) => header.layers.reverse()), /its layers are not those/],
    [broken((header) => delete header.layers), /no net file/],
    [broken((header) => (header.mean = 1e9)), /no net file/],
    [broken((header) => (header.layers[3].kernel = 3)), /no net file/],
    [broken((header, pieces) => pieces[0][1].set([0, 0x7c])), /no finite number/],
  ]) {
    assert.throws(() => unpack(bytes), words);
  }
});

// ---------------------------------------------------------------- the net

for (const shortcut of ["pad", "none"]) {
  test(`a net with shortcut "${shortcut}" computes what its definition says, switches and all`, async () => {
    const file = netFile({ n: 2, shortcut });
    const unpacked = unpack(file);
    const compiled = await loadNet(file);
    const plain = await loadNet(file, plainConvolution);
    assert.deepEqual(compiled.blocks, [1, 2, 3].flatMap((stage) => [1, 2].map((block) => `stage${stage}_block${block}`)));
    const settings = [
      [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0], [1, 0, 1, 0, 1, 0], [0, 1, 0, 1, 0, 1], [0.5, 0.25, 0.75, 1, 0, 0.1], [1, 1, 1, 1, 1, 1],
    ];
    settings.forEach((scales, at) => {
      const pixels = picture(at);
      const expected = oracle(unpacked, pixels, scales, at);
      for (const net of [compiled, plain]) {
        const found = net.forward(pixels, scales, at);
        const most = Math.max(...expected.logits.map(Math.abs), 1);
        allNear(found.logits, expected.logits, 1e-4 * most);
        allNear(found.branch, expected.branch, 1e-4 * Math.max(...expected.branch, 1));
        allNear(found.skip, expected.skip, 1e-4 * Math.max(...expected.skip, 1));
        assert.deepEqual(found.shape, expected.shape);
        allNear(found.maps, expected.maps, 1e-4 * Math.max(...expected.maps, 1));
      }
    });
  });
}

test("an off block is not computed", async () => {
  let calls = 0;
  const counted = async (count) => {
    const { numbers, convolve } = await makeConvolution(count);
    return { numbers, convolve: (...how) => (calls++, convolve(...how)) };
  };
  const net = await loadNet(netFile({ n: 2 }), counted);
  const { branch } = net.forward(picture(1), [1, 0, 0.5, 0, 0, 1]);
  assert.equal(calls, 1 + 2 * 3);
  assert.deepEqual(branch.map((one) => one === 0), [false, true, false, true, true, false]);
});

test("what cannot be looked at is told", async () => {
  const net = await loadNet(netFile());
  assert.throws(() => net.forward(new Uint8Array(3071), [1, 1, 1]), /the 3072 values of 32×32 RGB pixels; got 3071/);
  assert.throws(() => net.forward(picture(1), [1, 1]), /expected 3 scales from 0 to 1, one a block; got 1,1/);
  assert.throws(() => net.forward(picture(1), [1, 1, 1.5]), /got 1,1,1.5/);
  assert.throws(() => net.forward(picture(1), [1, NaN, 1]), /got 1,NaN,1/);
  assert.throws(() => net.forward(picture(1), [1, 1, 1], 3), /no block 3 of 3/);
  const { maps, shape } = net.forward(picture(1), [1, 1, 1]);
  assert.deepEqual([maps, shape], [null, null]);
});

test("softmax of large logits", () => {
  allNear(softmax([1000, 1000 - Math.log(3)]), [0.75, 0.25], 1e-6);
});

// ---------------------------------------------------------------- the worker

/** A server, and what it has answered so far; `react` sees each answer. */
function server(react = () => {}) {
  const answers = [];
  const serve = netServer((message) => react(message, answers.push(message)));
  return { answers, serve, last: () => answers.at(-1) };
}

test("the worker loads, looks, and says what is wrong", async () => {
  const { serve, answers, last } = server();
  const loading = serve({ id: 1, do: "load", net: "a", bytes: netFile().buffer });
  await serve({ id: 2, do: "look", net: "a", pixels: picture(3), scales: [1, 0.5, 0], watch: 1 });
  await loading;
  assert.deepEqual(answers[0], { id: 1, loaded: "a", blocks: ["stage1_block1", "stage2_block1", "stage3_block1"] });
  const { forward } = await loadNet(netFile());
  const { milliseconds, probabilities, ...look } = last();
  assert.deepEqual(look, { id: 2, ...forward(picture(3), [1, 0.5, 0], 1) });
  assert.deepEqual(probabilities, softmax(look.logits));
  assert.ok(milliseconds > 0);
  for (const [request, words] of [
    [{ do: "look", net: "b", pixels: picture(3), scales: [] }, /no net "b" is loaded; loaded are: a$/],
    [{ do: "accuracy", net: "b", images: picture(3), labels: [1], scales: [] }, /no net "b" is loaded/],
    [{ do: "load", net: "b", bytes: new ArrayBuffer(9) }, /no net file/],
    [{ do: "look", net: "b", pixels: picture(3), scales: [] }, /no net "b" is loaded/],
    [{ do: "look", net: "a", pixels: picture(3), scales: [2, 1, 1], watch: -1 }, /3 scales/],
    [{ do: "toString" }, /nothing is called "toString"/],
  ]) {
    await serve({ id: 9, ...request });
    assert.equal(last().id, 9);
    assert.match(last().error, words);
  }
});

test("accuracy counts, tells how far it is, and lets a look in between", async () => {
  const look = { id: 3, do: "look", net: "a", pixels: picture(5), scales: [1, 1, 0], watch: -1 };
  const { serve, answers } = server(({ done }) => done === 5 && setImmediate(serve, look));
  await serve({ id: 1, do: "load", net: "a", bytes: netFile().buffer });
  const net = await loadNet(netFile());
  const pixels = new Uint8Array(12 * 3072);
  for (let at = 0; at < 12; at += 1) pixels.set(picture(at), at * 3072);
  const scales = [1, 1, 0];
  const labels = Array.from({ length: 12 }, (_, at) => {
    const { logits } = net.forward(pixels.subarray(3072 * at, 3072 * (at + 1)), scales);
    return (logits.indexOf(Math.max(...logits)) + (at < 4 ? 1 : 0)) % 10; // four are wrong
  });
  await serve({ id: 2, do: "accuracy", net: "a", images: pixels, labels, scales });
  const told = answers.filter(({ id }) => id === 2);
  assert.deepEqual(told, [
    { id: 2, done: 5, right: 1 }, { id: 2, done: 10, right: 6 }, { id: 2, done: 12, right: 8, finished: true },
  ]);
  const looked = answers.findIndex(({ id }) => id === 3);
  assert.ok(looked > 0 && looked < answers.length - 1, "before the accuracy has ended");
  const said = answers.length;
  await serve({ id: 4, do: "cancel", of: 2 });
  assert.equal(answers.length, said, "too late: nothing to say");
});

test("of many looks the newest wins, and nobody waits in vain", async (t) => {
  const workers = [];
  class FakeWorker {
    constructor() {
      this.sent = [];
      workers.push(this);
    }
    postMessage(message) {
      this.sent.push(message);
    }
    answer(message) {
      this.onmessage({ data: message });
    }
    terminate() {
      this.ended = true;
    }
  }
  globalThis.Worker = FakeWorker;
  t.after(() => delete globalThis.Worker);
  const revoke = t.mock.method(URL, "revokeObjectURL");
  const net = startNet("export const a = 1;");
  const [worker] = workers;
  const looks = [0, 1, 2, 3].map((k) => net.look({ net: "a", pixels: null, scales: [k] }));
  assert.deepEqual(worker.sent.map(({ scales }) => scales), [[0]]);
  assert.deepEqual(await Promise.all(looks.slice(1, 3)), [null, null]);
  worker.answer({ id: worker.sent[0].id, logits: "first" });
  assert.deepEqual(await looks[0], { logits: "first" });
  assert.deepEqual(worker.sent.map(({ scales }) => scales), [[0], [3]]);
  worker.answer({ id: worker.sent[1].id, error: "no such net" });
  await assert.rejects(looks[3], /no such net/);
  const again = net.look({ net: "a", pixels: null, scales: [4] });
  worker.answer({ id: worker.sent[2].id, logits: "after an error" });
  assert.deepEqual(await again, { logits: "after an error" });

  const progress = [];
  const counting = net.accuracy({ net: "a", images: null, labels: [], scales: [] }, (one) => progress.push(one));
  const { id } = worker.sent.at(-1);
  worker.answer({ id, done: 5, right: 4 });
  counting.cancel();
  assert.deepEqual([worker.sent.at(-1).do, worker.sent.at(-1).of], ["cancel", id]);
  worker.answer({ id, cancelled: true, done: 6, right: 5 });
  assert.deepEqual(await counting.done, { cancelled: true, done: 6, right: 5 });
  assert.deepEqual(progress, [{ done: 5, right: 4 }]);

  const bytes = new Uint8Array([1, 2, 3]);
  const loading = net.load("a", bytes);
  assert.equal(bytes.length, 3, "stays the caller's");
  const waiting = [loading, net.look({ net: "a" }), net.look({ net: "a" }), net.accuracy({ net: "a" }).done];
  net.stop();
  assert.deepEqual(await Promise.all([...waiting, net.load("b", bytes)]), [null, null, null, null, null]);
  assert.ok(worker.ended);
  assert.equal(revoke.mock.callCount(), 1);

  const broken = startNet("");
  const failed = broken.load("a", bytes);
  workers[1].onerror({ preventDefault: () => {}, message: "SyntaxError" });
  await assert.rejects(failed, /the worker that computes the net failed: SyntaxError/);
  await assert.rejects(broken.load("a", bytes), /SyntaxError/);
});

test("a file comes out of the live trait, else from beside the page", async () => {
  const bytes = new Uint8Array([9, 1, 2, 3, 9]);
  const view = new DataView(bytes.buffer, 1, 3); // as ipywidgets gives it
  const live = { get: () => ({ a: view }), file: undefined };
  assert.deepEqual(await loadWidgetFile(live, "a"), new Uint8Array([1, 2, 3]));
  await assert.rejects(loadWidgetFile(live, "b"), /the widget holds no file b/);
  for (const files of [{}, undefined]) {
    const page = { get: () => files, file: async (name) => `what ${name} holds` };
    assert.equal(await loadWidgetFile(page, "b"), "what b holds");
  }
});
