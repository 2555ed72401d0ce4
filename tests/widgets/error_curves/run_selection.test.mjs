// node --test: which runs the learning curves draw, and what a chip changes.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  findStateProblem, getChipState, pressChip, selectRuns, sortRuns,
} from "../../../resnet_lib/widgets/error_curves/run_selection.mjs";
import { makeRun } from "../shared/made_up_runs.mjs";

const plain20 = makeRun({ name: "plain20", label: "Plain-20", kind: "plain" });
const plain56 = makeRun({ name: "plain56", label: "Plain-56", kind: "plain", depth: 56 });
const resnet20 = makeRun({ name: "resnet20" });
const resnet56 = makeRun({ name: "resnet56", label: "ResNet-56", depth: 56 });
const four = [plain20, plain56, resnet20, resnet56];
const names = (runs) => runs.map((one) => one.name);

test("runs are sorted by kind, then depth, then seed", () => {
  const own = makeRun({ name: "own", kind: "own", depth: null, label: "mine" });
  const seed1 = makeRun({ name: "seed1", seed: 1 });
  assert.deepEqual(names(sortRuns([own, resnet56, seed1, plain56, resnet20, plain20])),
    ["plain20", "plain56", "resnet20", "seed1", "resnet56", "own"]);
});

test("no name, or unknown names only, select all runs", () => {
  assert.deepEqual(selectRuns(four, []), four);
  assert.deepEqual(selectRuns(four, ["gone"]), four);
  assert.deepEqual(names(selectRuns(four, ["resnet20", "gone", "plain20"])), ["plain20", "resnet20"]);
});

test("chips: on, off, mixed, and what pressing one shows", () => {
  assert.equal(getChipState(four, four, "kind", "plain"), "true");
  assert.deepEqual(pressChip(four, four, "kind", "plain"), ["resnet20", "resnet56"]);
  const residual = [resnet20, resnet56];
  assert.equal(getChipState(four, residual, "kind", "plain"), "false");
  assert.deepEqual(pressChip(four, residual, "kind", "plain"), [], "all is the empty list");
  // A depth that is off stays off when a kind comes on.
  assert.deepEqual(pressChip(four, [resnet56], "kind", "plain"), ["plain56", "resnet56"]);
  assert.equal(getChipState(four, [resnet20, resnet56, plain20], "kind", "plain"), "mixed");
  assert.deepEqual(pressChip(four, [resnet20, resnet56, plain20], "kind", "plain"), []);
  assert.deepEqual(pressChip(four, [plain56, resnet56], "depth", 20), []);
  // Of no depth, a model of one's own passes any row of depths.
  const own = makeRun({ name: "own", kind: "own", depth: null });
  assert.deepEqual(pressChip([...four, own], [resnet56], "kind", "own"), ["resnet56", "own"]);
});

test("a state that cannot be drawn has its problem described", () => {
  const state = { runs: four, shown: [], curves: "both", scale: "linear", epoch: 0 };
  assert.equal(findStateProblem(state), "");
  assert.match(findStateProblem({ ...state, curves: "all" }), /curves must be one of both, test, training; got all/);
  assert.match(findStateProblem({ ...state, scale: "cubic" }), /linear or log; got cubic/);
  assert.match(findStateProblem({ ...state, epoch: -1 }), /from 0; got -1/);
  assert.match(findStateProblem({ ...state, runs: [makeRun({ kind: "odd" })] }), /kind must be one of plain, .*; got odd in resnet20/);
});
