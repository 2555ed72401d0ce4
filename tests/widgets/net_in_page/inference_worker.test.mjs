// node --test: what the worker answers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestHandler } from "../../../resnet_lib/widgets/net_in_page/inference_worker.mjs";
import { loadTrainedNet, softmax } from "../../../resnet_lib/widgets/net_in_page/trained_net.mjs";
import { createPicture, createWeightsFile } from "./made_up_net.mjs";

/** Creates a handler, and lists what it has answered so far; `react` sees each answer. */
function createHandler(react = () => {}) {
  const answers = [];
  const handler = new RequestHandler((message) => react(message, answers.push(message)));
  const serve = (request) => handler.handle(request);
  return { answers, serve, last: () => answers.at(-1) };
}

test("the worker loads, predicts, and says what is wrong", async () => {
  const { serve, answers, last } = createHandler();
  const loading = serve({ id: 1, action: "load", net: "a", bytes: createWeightsFile().buffer });
  await serve({ id: 2, action: "predict", net: "a", pixels: createPicture(3), scales: [1, 0.5, 0], watchedBlock: 1 });
  await loading;
  assert.deepEqual(answers[0], { id: 1, loaded: "a", blockNames: ["stage1_block1", "stage2_block1", "stage3_block1"] });
  const net = await loadTrainedNet(createWeightsFile());
  const { milliseconds, probabilities, ...pass } = last();
  assert.deepEqual(pass, { id: 2, ...net.forward(createPicture(3), [1, 0.5, 0], 1) });
  assert.deepEqual(probabilities, softmax(pass.logits));
  assert.ok(milliseconds > 0);
  for (const [request, words] of [
    [{ action: "predict", net: "b", pixels: createPicture(3), scales: [] }, /no net "b" is loaded; loaded are: a$/],
    [{ action: "evaluate", net: "b", images: createPicture(3), labels: [1], scales: [] }, /no net "b" is loaded/],
    [{ action: "load", net: "b", bytes: new ArrayBuffer(9) }, /no net file/],
    [{ action: "predict", net: "b", pixels: createPicture(3), scales: [] }, /no net "b" is loaded/],
    [{ action: "predict", net: "a", pixels: createPicture(3), scales: [2, 1, 1], watchedBlock: -1 }, /3 scales/],
    [{ action: "toString" }, /nothing is called "toString"/],
  ]) {
    await serve({ id: 9, ...request });
    assert.equal(last().id, 9);
    assert.match(last().error, words);
  }
});

test("an evaluation counts, reports its progress, and lets a prediction in between", async () => {
  const prediction = { id: 3, action: "predict", net: "a", pixels: createPicture(5), scales: [1, 1, 0], watchedBlock: -1 };
  const { serve, answers } = createHandler(({ done }) => done === 5 && setImmediate(serve, prediction));
  await serve({ id: 1, action: "load", net: "a", bytes: createWeightsFile().buffer });
  const net = await loadTrainedNet(createWeightsFile());
  const pixels = new Uint8Array(12 * 3072);
  for (let at = 0; at < 12; at += 1) pixels.set(createPicture(at), at * 3072);
  const scales = [1, 1, 0];
  const labels = Array.from({ length: 12 }, (_, at) => {
    const { logits } = net.forward(pixels.subarray(3072 * at, 3072 * (at + 1)), scales);
    return (logits.indexOf(Math.max(...logits)) + (at < 4 ? 1 : 0)) % 10; // four are wrong
  });
  await serve({ id: 2, action: "evaluate", net: "a", images: pixels, labels, scales });
  const reported = answers.filter(({ id }) => id === 2);
  assert.deepEqual(reported, [
    { id: 2, done: 5, right: 1 }, { id: 2, done: 10, right: 6 }, { id: 2, done: 12, right: 8, finished: true },
  ]);
  const predicted = answers.findIndex(({ id }) => id === 3);
  assert.ok(predicted > 0 && predicted < answers.length - 1, "before the evaluation has ended");
  const count = answers.length;
  await serve({ id: 4, action: "cancel", of: 2 });
  assert.equal(answers.length, count, "too late: nothing to say");
});
