// node --test: the published counts of the nets; test_layers.py compares every layer with Keras.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  compareVersions, computeDepth, describeNet, findNetProblem, formatNetName, formatPythonCall,
} from "../../../resnet_lib/widgets/shared/cifar_net.mjs";

const net = (version, n, shortcut = "projection") => describeNet({ version, n, shortcut });

test("parameters are those of the article, total and trained", () => {
  const v1 = { 3: [274442, 273066], 5: [470218, 467946], 7: [665994, 662826], 9: [861770, 857706], 18: [1742762, 1734666] };
  const v2 = { 1: [299178, 297418], 2: [574090, 570602], 3: [849002, 843786], 6: [1673738, 1663338], 12: [3323210, 3302442] };
  for (const [version, counts] of [["v1", v1], ["v2", v2]]) {
    for (const [n, expected] of Object.entries(counts)) {
      const { params, trainable } = net(version, Number(n));
      assert.deepEqual([params, trainable], expected, `${version} n=${n}`);
    }
  }
});

test("the paper's nets and their plain twins have as many parameters", () => {
  const counts = { 3: 269722, 5: 464154, 7: 658586, 9: 853018, 18: 1727962 };
  for (const [n, expected] of Object.entries(counts)) {
    assert.equal(net("v1", Number(n), "pad").trainable, expected);
    assert.equal(net("v1", Number(n), "none").trainable, expected);
  }
});

test("multiply-adds of plain-20, counted by hand", () => {
  const stem = 32 * 32 * 9 * 3 * 16;
  const stage1 = 6 * 32 * 32 * 9 * 16 * 16;
  const stage2 = 16 * 16 * 9 * (16 * 32 + 5 * 32 * 32);
  const stage3 = 8 * 8 * 9 * (32 * 64 + 5 * 64 * 64);
  assert.equal(net("v1", 3, "none").macs, stem + stage1 + stage2 + stage3 + 64 * 10);
});

test("activations of the smallest plain net, counted by hand", () => {
  const stem = 3 * 32 * 32 * 16;
  const blocks = 6 * (32 * 32 * 16 + 16 * 16 * 32 + 8 * 8 * 64); // conv, bn, relu, conv, bn, relu
  assert.equal(net("v1", 1, "none").activationBytes, 4 * 128 * (stem + blocks + 64 + 10));
});

test("depth, names and calls", () => {
  assert.equal(computeDepth("v1", 200), 1202);
  assert.equal(computeDepth("v2", 111), 1001);
  assert.equal(formatNetName({ version: "v1", n: 9, shortcut: "none" }), "Plain-56 v1");
  assert.match(formatPythonCall({ version: "v2", n: 6, shortcut: "projection" }), /resnet_v2\(\(32, 32, 3\), depth=56\)$/);
  assert.match(formatPythonCall({ version: "v1", n: 3, shortcut: "pad" }), /depth=20, shortcut="pad"\)$/);
});

test("each block has its shortcut", () => {
  const kinds = (version, shortcut) => net(version, 2, shortcut).blocks.filter((b) => b.role === "block").map((b) => b.shortcut);
  assert.deepEqual(kinds("v1", "projection"), ["identity", "identity", "projection", "identity", "projection", "identity"]);
  assert.deepEqual(kinds("v2", "pad"), ["pad", "identity", "pad", "identity", "pad", "identity"]);
  assert.deepEqual(new Set(kinds("v1", "none")), new Set(["none"]));
});

test("the comparison names the other version's nearest net", () => {
  assert.match(compareVersions(net("v1", 9)), /^ResNet-56 v2 \(n = 6\) has 1\.94 times as many parameters/);
});

test("a state that cannot be drawn has its problem described", () => {
  assert.match(findNetProblem({ version: "v3", n: 3, shortcut: "pad" }), /version must be v1 or v2; got v3/);
  assert.match(findNetProblem({ version: "v1", n: 0, shortcut: "pad" }), /from 1 to 200; got 0/);
  assert.match(findNetProblem({ version: "v1", n: 2.5, shortcut: "pad" }), /whole number/);
  assert.match(findNetProblem({ version: "v1", n: 3, shortcut: "B" }), /projection, pad, none, highway; got B/);
  assert.throws(() => net("v1", 201), RangeError);
});
