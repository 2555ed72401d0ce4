// node --test: the shipped files, as they lie. What a net computes is held to Keras elsewhere.
import assert from "node:assert/strict";
import { test } from "node:test";
import { columnsOf, mapFacts } from "../../../resnet_lib/widgets/block_switchboard/feature_maps.mjs";
import {
  countWords, errorOf, mapWords, percentOf, randomBlocks, recordedFor, recordedWords, scalesWithout, settingWords,
  sizeWords, switchboardProblem, verdictWords,
} from "../../../resnet_lib/widgets/block_switchboard/switch_words.mjs";

const BLOCKS = 9;
// Every figure says where it stands: tens for the kind of setting, units for the place.
const lesions = {
  images: 10000,
  whole: 5,
  single: Array.from({ length: BLOCKS }, (_, block) => 10 + block),
  first: Array.from({ length: BLOCKS }, (_, k) => 20 + k),
  last: Array.from({ length: BLOCKS }, (_, k) => 30 + k),
  orders: [[4, 1, 7, 0, 2, 3, 5, 6, 8], [8, 3, 5, 1, 0, 2, 4, 6, 7]],
  removed: [1, 2, 3, 5],
  random: [[40, 41, 42, 43], [50, 51, 52, 53]],
};
const found = (...off) => recordedFor(lesions, scalesWithout(BLOCKS, off));

test("a recorded figure is found for its very setting", () => {
  assert.deepEqual(found(), { error: 5, words: "every block on and the weights in half precision", images: 10000 });
  for (let block = 0; block < BLOCKS; block += 1) assert.equal(found(block).error, 10 + block);
  assert.equal(found(3).words, "this block alone off");
  assert.deepEqual(found(0, 1), { error: 21, words: "the first 2 blocks off", images: 10000 });
  assert.equal(found(0, 1, 2, 3, 4, 5, 6, 7).error, 27);
  assert.deepEqual(found(6, 7, 8), { error: 32, words: "the last 3 blocks off", images: 10000 });
  assert.equal(found(0, 1, 2, 3, 4, 5, 6, 7, 8).error, 28, "all off is the first nine, and the last nine");
});

test("of the random orders it is the first k, in whatever order they were switched", () => {
  assert.deepEqual(found(1, 4), { error: 41, words: "random draw 1 of 2", images: 10000 });
  assert.equal(found(7, 4, 1).error, 42);
  assert.equal(found(5, 3, 8).error, 52);
  assert.equal(found(0, 1, 2, 4, 7).error, 43);
  assert.equal(found(0, 1, 4, 7), null, "four were not recorded");
  assert.equal(found(4, 7), null, "not the first two of any order");
});

test("nothing is found where nothing was recorded", () => {
  assert.equal(recordedFor(null, scalesWithout(BLOCKS, [])), null);
  assert.equal(recordedFor(lesions, [0.5, ...Array(8).fill(1)]), null);
  assert.equal(recordedFor(lesions, [0.5, 0, ...Array(7).fill(1)]), null);
  assert.equal(recordedFor({ ...lesions, single: [] }, scalesWithout(BLOCKS, [2])), null);
  assert.equal(recordedWords(lesions, scalesWithout(BLOCKS, [])), "All 10,000 test images, recorded: 5.00 % wrong");
  assert.equal(recordedWords(lesions, [0.5, ...Array(8).fill(1)]), "All test images: not recorded for this setting");
});

test("blocks at random are those of the next recorded order", () => {
  assert.deepEqual(randomBlocks(lesions, BLOCKS, 3, 0), [4, 1, 7]);
  assert.deepEqual(randomBlocks(lesions, BLOCKS, 3, 1), [8, 3, 5]);
  assert.deepEqual(randomBlocks(lesions, BLOCKS, 3, 2), [4, 1, 7]);
  const drawn = [0, 1, 2, 3].map((draw) => randomBlocks(null, BLOCKS, BLOCKS, draw));
  for (const order of drawn) assert.deepEqual([...order].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  assert.equal(new Set(drawn.map(String)).size, 4);
  assert.deepEqual(randomBlocks(null, BLOCKS, 4, 2), drawn[2].slice(0, 4), "the same for a draw");
  const firsts = Array.from({ length: 900 }, (_, draw) => randomBlocks(null, BLOCKS, 1, draw)[0]);
  for (let block = 0; block < BLOCKS; block += 1) {
    const times = firsts.filter((one) => one === block).length;
    assert.ok(times > 60 && times < 145, `block ${block} came first ${times} times of 900`);
  }
});

test("what is wrong with a state is told", () => {
  const nets = [{ label: "ResNet-20", n: 3 }, { label: "plain-20", n: 3 }];
  const state = { nets, net: "ResNet-20", scales: [], image: 0, gallery: 40 };
  const told = (change) => switchboardProblem({ ...state, ...change });
  assert.equal(told({}), "");
  assert.equal(told({ scales: Array(9).fill(0.5), image: -1 }), "");
  assert.equal(told({ net: "x" }), "net must be one of ResNet-20 and plain-20; got x");
  assert.match(told({ scales: [1, 1] }), /a number for each of the 9 blocks of ResNet-20, or none; got 2$/);
  assert.equal(told({ scales: [...Array(8).fill(1), 1.2] }), "a scale must be a number from 0 to 1; got 1.2");
  assert.equal(told({ scales: [...Array(8).fill(1), null] }), "a scale must be a number from 0 to 1; got null");
  assert.match(told({ scales: "all" }), /got 3$/);
  assert.equal(told({ image: 40 }), "image must be a whole number from 0 to 39, or -1 for the reader's own; got 40");
  assert.match(told({ image: 1.5 }), /got 1.5$/);
  assert.match(told({ nets: [] }), /no trained nets here/);
});

test("probabilities and verdicts in words", () => {
  assert.deepEqual([0, 0.004, 0.006, 0.934, 0.994, 0.996, 1].map(percentOf), ["0 %", "< 1 %", "1 %", "93 %", "99 %", "> 99 %", "100 %"]);
  const classes = ["airplane", "cat", "dog"];
  assert.equal(verdictWords([0.02, 0.93, 0.05], null, 1, classes), "The net says cat, 93 %; it is a cat.");
  assert.equal(verdictWords([0.02, 0.93, 0.05], [0, 0.9, 0.1], 0, classes), "The net says cat, 93 %; it is an airplane.");
  assert.equal(verdictWords(Float32Array.of(0.1, 0.09, 0.81), Float32Array.of(0, 0.9, 0.1), 1, classes),
    "The net says dog, 81 %; it is a cat. With every block on it says cat, 90 %.");
  assert.equal(verdictWords([0.7, 0.2, 0.1], null, -1, classes), "The net says airplane, 70 %. It knows these ten classes and no other.");
});

test("settings, sizes and counts in words", () => {
  assert.equal(settingWords(Array(9).fill(1)), "every block on");
  assert.equal(settingWords([0, 0.5, ...Array(7).fill(1)]), "1 of 9 blocks off, 1 scaled");
  const block = { role: "block", stage: 2, index: 1 };
  assert.equal(sizeWords(block, 0.41, 0.63), "Stage 2, block 1: branch 0.41, skip 0.63: the branch is 0.65 times the skip");
  assert.equal(sizeWords(block, 0.41, 0), "Stage 2, block 1: branch 0.41, nothing beside it");
  assert.equal(sizeWords(block, 0, 0.63), "Stage 2, block 1: skip 0.63, the branch adds nothing");
  const { error, deviation } = errorOf(162, 200);
  assert.ok(Math.abs(error - 19) < 1e-9);
  // Of 200 throws with probability 0.19: sqrt(0.19 · 0.81 / 200) = 0.02774.
  assert.ok(Math.abs(deviation - 2.774) < 1e-3);
  assert.equal(countWords({ done: 200, right: 162, of: 200 }), "162 of 200 right: 19.0 % wrong (± 2.8 points, one standard error)");
  assert.match(countWords({ done: 50, right: 40, of: 200 }), /^Stopped after 50 of 200: 40 of 50 right: 20\.0 % wrong/);
  assert.match(countWords({ done: 0, right: 0, of: 200 }), /before the first/);
});

test("facts of maps: the largest, what is drawn white, and those that are empty", () => {
  const channels = 3; // of 10 × 20 pixels: one counts up, one is empty, one is small
  const maps = new Float32Array(200 * channels);
  for (let pixel = 0; pixel < 200; pixel += 1) maps.set([pixel + 1, 0, 0.25], pixel * channels);
  const facts = mapFacts(maps, channels);
  assert.deepEqual([facts.largest, facts.empty], [200, 1]);
  const above = [...maps].filter((value) => value > facts.bright).length;
  assert.ok(above >= 3 && above <= 4, `${above} of 400 are above ${facts.bright}`);
  const block = { role: "block", stage: 1, index: 2 };
  assert.match(mapWords(block, [10, 20, 3], facts), /3 maps of 10 × 20\. .*the largest 200\.00\. 1 of 3 are 0 everywhere\.$/);
  const nothing = mapFacts(new Float32Array(12), 3);
  assert.deepEqual(nothing, { largest: 0, bright: 0, empty: 3 });
  assert.match(mapWords(block, [2, 2, 3], nothing), /All of 3 are 0 everywhere/);
  for (const width of [240, 311, 559, 560, 1200]) {
    for (const channels of [16, 32, 64]) assert.ok(columnsOf(channels, width) * 20 < width);
  }
});
