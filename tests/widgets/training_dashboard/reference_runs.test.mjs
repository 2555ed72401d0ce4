// node --test: which recorded runs and which result of the paper belong to a net.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  findPaperResult, findRecordedRun, listRecordedNets, selectFaintRuns,
} from "../../../resnet_lib/widgets/training_dashboard/reference_runs.mjs";
import { RECIPES, makeSettings, makeTimedRun } from "../shared/made_up_runs.mjs";

const plain = makeTimedRun({ shortcut: "none" });
const deep = makeTimedRun({ n: 9, depth: 56 });
const paper = [
  { version: "v1", n: 3, shortcut: "pad", test_error: 8.75, at_least: false },
  { version: "v1", n: 18, shortcut: "none", test_error: 60, at_least: true },
];

test("the recorded run has these settings, else it is the longest of that net", () => {
  const long = makeTimedRun({ recipe: "paper", epochs: 5, error: [1, 2, 3, 4, 5], test_error: [1, 2, 3, 4, 5] });
  const other = makeTimedRun({ seed: 4 });
  const recorded = [plain, other, makeTimedRun(), deep, long];
  const find = (changes) => findRecordedRun(recorded, makeSettings(changes), RECIPES)?.name ?? null;
  assert.equal(find({ epochs: 4 }), makeTimedRun().name);
  assert.equal(find({ epochs: 4, seed: 4 }), other.name);
  assert.equal(find(), long.name);
  assert.equal(find({ shortcut: "none", recipe: "article" }), plain.name);
  assert.equal(find({ version: "v2" }), null);
  assert.equal(find({ n: 4 }), null);
  assert.deepEqual(recorded.map((one) => one.name), [plain, other, makeTimedRun(), deep, long].map((one) => one.name), "the list is left as it was");
});

test("recorded nets are listed with one run each", () => {
  assert.deepEqual(listRecordedNets([plain, makeTimedRun({ seed: 1 }), makeTimedRun(), deep]).map(({ name, run: one }) => [name, one.name]),
    [["Plain-20 v1", plain.name], ["ResNet-20 v1, pad", makeTimedRun().name], ["ResNet-56 v1, pad", deep.name]]);
  assert.deepEqual(listRecordedNets([]), []);
});

test("faint runs have the same size, and the same recipe where there is one", () => {
  const labels = (runs, changes, how) => selectFaintRuns(runs, makeSettings(changes), RECIPES, how).map((one) => one.label);
  const recorded = [plain, makeTimedRun(), deep];
  assert.deepEqual(labels(recorded), ["Plain-20, quick-4", "ResNet-20, quick-4"]);
  assert.deepEqual(labels(recorded, { epochs: 4 }), ["Plain-20", "ResNet-20"]);
  assert.deepEqual(labels(recorded, { epochs: 4 }, { beside: true }), ["Plain-20", "ResNet-20, recorded"]);
  assert.deepEqual(labels(recorded, { epochs: 4 }, { without: makeTimedRun().name }), ["Plain-20"]);
  assert.deepEqual(labels([...recorded, makeTimedRun({ shortcut: "projection" })], { epochs: 4 }), ["Plain-20", "ResNet-20, pad", "ResNet-20, projection"]);
  const theirs = makeTimedRun({ recipe: "paper", epochs: 164 });
  assert.deepEqual(labels([plain, makeTimedRun(), theirs], { recipe: "paper" }), ["ResNet-20"]);
  assert.deepEqual(labels([plain, makeTimedRun(), theirs], { recipe: "article" }), ["Plain-20, quick-4", "ResNet-20, quick-4"]);
  // Where nothing of that size is recorded, the nearest in depth is better than nothing.
  assert.deepEqual(labels(recorded, { version: "v2", n: 6 }), ["ResNet-56 v1, quick-4"]);
  assert.deepEqual(labels([]), []);
});

test("a net of which no run has been shown has no faint run", () => {
  const names = (runs, changes, how) => selectFaintRuns(runs, makeSettings(changes), RECIPES, { unseen: true, ...how }).map((one) => one.name);
  const recorded = [plain, makeTimedRun(), makeTimedRun({ seed: 3 }), makeTimedRun({ recipe: "paper", epochs: 164 }), deep];
  assert.deepEqual(names(recorded), [plain.name]);
  assert.deepEqual(names(recorded, { epochs: 4, seed: 3 }, { beside: true }), [plain.name]);
  assert.deepEqual(names(recorded, { recipe: "paper" }), [plain.name]);
  assert.deepEqual(names(recorded, { shortcut: "none" }), [makeTimedRun().name], "the others stay");
  assert.deepEqual(names([makeTimedRun()]), []);
});

test("the paper's result of a net, if there is one", () => {
  assert.equal(findPaperResult(paper, makeSettings()).test_error, 8.75);
  assert.equal(findPaperResult(paper, makeSettings({ shortcut: "projection" })), null);
});
