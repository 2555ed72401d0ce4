// node --test: states, predictions, settings and counts in words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { describeCount, describePrediction, describeSetting, describeSizes, findBoardProblem, formatProbability } from "../../../resnet_lib/widgets/block_switchboard/descriptions.mjs";
import { computeError } from "../../../resnet_lib/widgets/block_switchboard/recorded_errors.mjs";


test("what is wrong with a state is told", () => {
  const nets = [{ label: "ResNet-20", n: 3 }, { label: "plain-20", n: 3 }];
  const state = { nets, net: "ResNet-20", scales: [], image: 0, gallery: 40 };
  const told = (change) => findBoardProblem({ ...state, ...change });
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
  assert.deepEqual([0, 0.004, 0.006, 0.934, 0.994, 0.996, 1].map(formatProbability), ["0 %", "< 1 %", "1 %", "93 %", "99 %", "> 99 %", "100 %"]);
  const classes = ["airplane", "cat", "dog"];
  assert.equal(describePrediction([0.02, 0.93, 0.05], null, 1, classes), "The net says cat, 93 %; it is a cat.");
  assert.equal(describePrediction([0.02, 0.93, 0.05], [0, 0.9, 0.1], 0, classes), "The net says cat, 93 %; it is an airplane.");
  assert.equal(describePrediction(Float32Array.of(0.1, 0.09, 0.81), Float32Array.of(0, 0.9, 0.1), 1, classes),
    "The net says dog, 81 %; it is a cat. With every block on it says cat, 90 %.");
  assert.equal(describePrediction([0.7, 0.2, 0.1], null, -1, classes), "The net says airplane, 70 %. It knows these ten classes and no other.");
});

test("settings, sizes and counts in words", () => {
  assert.equal(describeSetting(Array(9).fill(1)), "every block on");
  assert.equal(describeSetting([0, 0.5, ...Array(7).fill(1)]), "1 of 9 blocks off, 1 scaled");
  const block = { role: "block", stage: 2, index: 1 };
  assert.equal(describeSizes(block, 0.41, 0.63), "Stage 2, block 1: branch 0.41, skip 0.63: the branch is 0.65 times the skip");
  assert.equal(describeSizes(block, 0.41, 0), "Stage 2, block 1: branch 0.41, nothing beside it");
  assert.equal(describeSizes(block, 0, 0.63), "Stage 2, block 1: skip 0.63, the branch adds nothing");
  const { error, standardError } = computeError(162, 200);
  assert.ok(Math.abs(error - 19) < 1e-9);
  // Of 200 throws with probability 0.19: sqrt(0.19 · 0.81 / 200) = 0.02774.
  assert.ok(Math.abs(standardError - 2.774) < 1e-3);
  assert.equal(describeCount({ done: 200, right: 162, of: 200 }), "162 of 200 right: 19.0 % wrong (± 2.8 points, one standard error)");
  assert.match(describeCount({ done: 50, right: 40, of: 200 }), /^Stopped after 50 of 200: 40 of 50 right: 20\.0 % wrong/);
  assert.match(describeCount({ done: 0, right: 0, of: 200 }), /before the first/);
});
