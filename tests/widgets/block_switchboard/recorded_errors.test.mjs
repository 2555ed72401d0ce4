// node --test: which recorded error belongs to a setting, and which blocks are chosen at random.
import assert from "node:assert/strict";
import { test } from "node:test";
import { describeRecordedError } from "../../../resnet_lib/widgets/block_switchboard/descriptions.mjs";
import { chooseRandomBlocks, createScales, findRecordedError } from "../../../resnet_lib/widgets/block_switchboard/recorded_errors.mjs";

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
const found = (...off) => findRecordedError(lesions, createScales(BLOCKS, off));

test("a recorded figure is found for its very setting", () => {
  assert.deepEqual(found(), { error: 5, setting: "every block on and the weights in half precision", images: 10000 });
  for (let block = 0; block < BLOCKS; block += 1) assert.equal(found(block).error, 10 + block);
  assert.equal(found(3).setting, "this block alone off");
  assert.deepEqual(found(0, 1), { error: 21, setting: "the first 2 blocks off", images: 10000 });
  assert.equal(found(0, 1, 2, 3, 4, 5, 6, 7).error, 27);
  assert.deepEqual(found(6, 7, 8), { error: 32, setting: "the last 3 blocks off", images: 10000 });
  assert.equal(found(0, 1, 2, 3, 4, 5, 6, 7, 8).error, 28, "all off is the first nine, and the last nine");
});

test("of the random orders it is the first k, in whatever order they were switched", () => {
  assert.deepEqual(found(1, 4), { error: 41, setting: "random draw 1 of 2", images: 10000 });
  assert.equal(found(7, 4, 1).error, 42);
  assert.equal(found(5, 3, 8).error, 52);
  assert.equal(found(0, 1, 2, 4, 7).error, 43);
  assert.equal(found(0, 1, 4, 7), null, "four were not recorded");
  assert.equal(found(4, 7), null, "not the first two of any order");
});

test("nothing is found where nothing was recorded", () => {
  assert.equal(findRecordedError(null, createScales(BLOCKS, [])), null);
  assert.equal(findRecordedError(lesions, [0.5, ...Array(8).fill(1)]), null);
  assert.equal(findRecordedError(lesions, [0.5, 0, ...Array(7).fill(1)]), null);
  assert.equal(findRecordedError({ ...lesions, single: [] }, createScales(BLOCKS, [2])), null);
  assert.equal(describeRecordedError(lesions, createScales(BLOCKS, [])), "All 10,000 test images, recorded: 5.00 % wrong");
  assert.equal(describeRecordedError(lesions, [0.5, ...Array(8).fill(1)]), "All test images: not recorded for this setting");
});

test("blocks at random are those of the next recorded order", () => {
  assert.deepEqual(chooseRandomBlocks(lesions, BLOCKS, 3, 0), [4, 1, 7]);
  assert.deepEqual(chooseRandomBlocks(lesions, BLOCKS, 3, 1), [8, 3, 5]);
  assert.deepEqual(chooseRandomBlocks(lesions, BLOCKS, 3, 2), [4, 1, 7]);
  const drawn = [0, 1, 2, 3].map((draw) => chooseRandomBlocks(null, BLOCKS, BLOCKS, draw));
  for (const order of drawn) assert.deepEqual([...order].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  assert.equal(new Set(drawn.map(String)).size, 4);
  assert.deepEqual(chooseRandomBlocks(null, BLOCKS, 4, 2), drawn[2].slice(0, 4), "the same for a draw");
  const firsts = Array.from({ length: 900 }, (_, draw) => chooseRandomBlocks(null, BLOCKS, 1, draw)[0]);
  for (let block = 0; block < BLOCKS; block += 1) {
    const times = firsts.filter((one) => one === block).length;
    assert.ok(times > 60 && times < 145, `block ${block} came first ${times} times of 900`);
  }
});
