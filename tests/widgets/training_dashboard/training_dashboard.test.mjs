// node --test: what the training dashboard finds among recorded runs, and what it says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { placeLabels } from "../../../resnet_lib/widgets/shared/curve_labels.mjs";
import { formatSignificant } from "../../../resnet_lib/widgets/shared/formatting.mjs";
import {
  comparePaperRecipe, describeEpoch, describeForecast, describeFoundRun, describeLimit, describeMismatch, describePhase,
  describeResult, formatExpectedTime, formatFileSize, formatPaperLabel, formatTime,
} from "../../../resnet_lib/widgets/training_dashboard/descriptions.mjs";
import { findPaperResult, findRecordedRun, listRecordedNets, selectFaintRuns } from "../../../resnet_lib/widgets/training_dashboard/reference_runs.mjs";
import { computeEpochDuration, computeProgress, computeSecondsLeft, truncateRun } from "../../../resnet_lib/widgets/training_dashboard/replay.mjs";
import { countPlannedEpochs, findSettings, formatFullName, formatRecipe, formatRunName } from "../../../resnet_lib/widgets/training_dashboard/settings.mjs";

const recipes = { article: { epochs: 200 }, paper: { epochs: 164 }, quick: { epochs: 15 } };
const settings = (changes = {}) => ({ version: "v1", n: 3, shortcut: "pad", recipe: "quick", epochs: 0, seed: 0, ...changes });
function run(changes = {}) {
  const one = {
    version: "v1", n: 3, shortcut: "pad", depth: 20, recipe: "quick-4", batch_size: 128, epochs: 4, seed: 0, device: "CPU",
    backend: "jax", parameters: 269722, status: "finished", error: [60, 40, 30, 20], test_error: [50, 40, 30, 25.25],
    learning_rate: [0.1, 0.2, 0.1, 0.0001], seconds: [10, 20, 30, 40], images_per_second: [400, 500, 600, 700],
    training_error: 18, ...changes,
  };
  const family = { none: "plain", highway: "highway" }[one.shortcut] ?? "resnet";
  return { name: `${family}${one.depth}_${one.version}${one.shortcut === "pad" ? "_pad" : ""}-${one.recipe}-seed${one.seed}`, ...one };
}
const plain = run({ shortcut: "none" });
const deep = run({ n: 9, depth: 56 });
const paper = [
  { version: "v1", n: 3, shortcut: "pad", test_error: 8.75, at_least: false },
  { version: "v1", n: 18, shortcut: "none", test_error: 60, at_least: true },
];

test("a run has the name that the library gives it", () => {
  assert.equal(formatRunName(settings(), recipes), "resnet20_v1_pad-quick-seed0");
  assert.equal(formatRunName(settings({ epochs: 15 }), recipes), "resnet20_v1_pad-quick-seed0", "the recipe's own epochs");
  assert.equal(formatRunName(settings({ epochs: 8, seed: 7 }), recipes), "resnet20_v1_pad-quick-8-seed7");
  assert.equal(formatRunName(settings({ shortcut: "none", n: 9, recipe: "paper" }), recipes), "plain56_v1-paper-seed0");
  assert.equal(formatRunName(settings({ shortcut: "highway", version: "v2", n: 2 }), recipes), "highway20_v2-quick-seed0");
  assert.equal(formatRunName(settings({ shortcut: "projection", version: "v2", n: 6 }), recipes), "resnet56_v2-quick-seed0");
  assert.deepEqual([countPlannedEpochs(settings(), recipes), countPlannedEpochs(settings({ epochs: 3 }), recipes)], [15, 3]);
  assert.equal(formatRecipe(settings({ recipe: "paper", epochs: 20 }), recipes), "paper-20");
});

test("a net is named with its shortcut where the family does not tell it", () => {
  assert.equal(formatFullName(settings()), "ResNet-20 v1, pad");
  assert.equal(formatFullName(settings({ shortcut: "none" })), "Plain-20 v1");
  assert.equal(formatFullName(settings({ version: "v2", n: 6, shortcut: "projection" })), "ResNet-56 v2, projection");
});

test("the settings of a run are those by which it has its name", () => {
  for (const one of [run(), plain, deep, run({ recipe: "quick", epochs: 15, seed: 3 }), run({ recipe: "paper-20", epochs: 20 })]) {
    assert.equal(formatRunName({ ...settings(), ...findSettings(one, recipes) }, recipes), one.name);
  }
  assert.equal(findSettings(run({ recipe: "of-my-own" }), recipes).recipe, undefined, "an unknown recipe changes no control");
});

test("the recorded run: of these very settings, else the longest of that net, else none", () => {
  const long = run({ recipe: "paper", epochs: 5, error: [1, 2, 3, 4, 5], test_error: [1, 2, 3, 4, 5] });
  const other = run({ seed: 4 });
  const recorded = [plain, other, run(), deep, long];
  const find = (changes) => findRecordedRun(recorded, settings(changes), recipes)?.name ?? null;
  assert.equal(find({ epochs: 4 }), run().name);
  assert.equal(find({ epochs: 4, seed: 4 }), other.name);
  assert.equal(find(), long.name);
  assert.equal(find({ shortcut: "none", recipe: "article" }), plain.name);
  assert.equal(find({ version: "v2" }), null);
  assert.equal(find({ n: 4 }), null);
  assert.deepEqual(recorded.map((one) => one.name), [plain, other, run(), deep, long].map((one) => one.name), "the list is left as it was");
});

test("a run that is not what the controls say is told from them", () => {
  assert.equal(describeMismatch(run(), settings({ epochs: 4 }), recipes), "");
  assert.equal(describeMismatch(run(), settings({ seed: 2 }), recipes),
    "The controls say recipe quick, 15 epochs, seed 2: of that no run is recorded, and this is the nearest there is.");
});

test("what is recorded, one of each net", () => {
  assert.deepEqual(listRecordedNets([plain, run({ seed: 1 }), run(), deep]).map(({ name, run: one }) => [name, one.name]),
    [["Plain-20 v1", plain.name], ["ResNet-20 v1, pad", run().name], ["ResNet-56 v1, pad", deep.name]]);
  assert.deepEqual(listRecordedNets([]), []);
});

test("faint behind: of the same size, of the same recipe where there is one, each told from the other", () => {
  const labels = (runs, changes, how) => selectFaintRuns(runs, settings(changes), recipes, how).map((one) => one.label);
  const recorded = [plain, run(), deep];
  assert.deepEqual(labels(recorded), ["Plain-20, quick-4", "ResNet-20, quick-4"]);
  assert.deepEqual(labels(recorded, { epochs: 4 }), ["Plain-20", "ResNet-20"]);
  assert.deepEqual(labels(recorded, { epochs: 4 }, { beside: true }), ["Plain-20", "ResNet-20, recorded"]);
  assert.deepEqual(labels(recorded, { epochs: 4 }, { without: run().name }), ["Plain-20"]);
  assert.deepEqual(labels([...recorded, run({ shortcut: "projection" })], { epochs: 4 }), ["Plain-20", "ResNet-20, pad", "ResNet-20, projection"]);
  const theirs = run({ recipe: "paper", epochs: 164 });
  assert.deepEqual(labels([plain, run(), theirs], { recipe: "paper" }), ["ResNet-20"]);
  assert.deepEqual(labels([plain, run(), theirs], { recipe: "article" }), ["Plain-20, quick-4", "ResNet-20, quick-4"]);
  // Where nothing of that size is recorded, the nearest in depth is better than nothing.
  assert.deepEqual(labels(recorded, { version: "v2", n: 6 }), ["ResNet-56 v1, quick-4"]);
  assert.deepEqual(labels([]), []);
});

test("before a net has been met, no recorded run of it gives its errors away", () => {
  const names = (runs, changes, how) => selectFaintRuns(runs, settings(changes), recipes, { unseen: true, ...how }).map((one) => one.name);
  const recorded = [plain, run(), run({ seed: 3 }), run({ recipe: "paper", epochs: 164 }), deep];
  assert.deepEqual(names(recorded), [plain.name]);
  assert.deepEqual(names(recorded, { epochs: 4, seed: 3 }, { beside: true }), [plain.name]);
  assert.deepEqual(names(recorded, { recipe: "paper" }), [plain.name]);
  assert.deepEqual(names(recorded, { shortcut: "none" }), [run().name], "the others stay");
  assert.deepEqual(names([run()]), []);
});

test("the labels of faint runs make way for that of the run that is played", () => {
  const own = { x: 0, y: 50, width: 80, first: true };
  const at = (ys, changes) => placeLabels([{ ...own, ...changes }, ...ys.map((y) => ({ x: 60, y, width: 60 }))], 16, 0, 100);
  assert.deepEqual(at([45, 52]), [50, 31, 69]);
  assert.deepEqual(at([50]), [50, 69]);
  assert.deepEqual(at([45, 46, 47, 48]), [50, 15, 31, 69, 85], "as many on one side as it has room for");
  assert.deepEqual(at([60, 61], { y: 99 }), [99, 52.5, 68.5]);
  assert.deepEqual(at([45, 52], { width: 50 }), [50, 40.5, 56.5], "side by side they need not");
  assert.deepEqual(at(Array(9).fill(50)).length, 10, "too many for the room are spread");
});

test("a number beyond its field's range is told the range", () => {
  const range = { min: 1, max: 200 };
  assert.deepEqual([0, 1, 200, 201, NaN].map((typed) => describeLimit("n goes", typed, range)),
    ["n goes from 1 to 200", "", "", "n goes from 1 to 200", ""]);
});

test("the paper's figure of a net, its line and its remark", () => {
  assert.equal(findPaperResult(paper, settings()).test_error, 8.75);
  assert.equal(findPaperResult(paper, settings({ shortcut: "projection" })), null);
  assert.deepEqual(paper.map(formatPaperLabel), ["He et al. 2015: 8.75 %", "He et al. 2015: > 60 %"]);
  assert.match(comparePaperRecipe("quick", 15, recipes), /another, of 164 epochs; this one has 15: the gap is the recipe’s as well\.$/);
  assert.match(comparePaperRecipe("paper", 164, recipes), /own recipe/);
  assert.match(comparePaperRecipe("paper-20", 20, recipes), /is another/);
});

test("times, sizes and rates in words", () => {
  assert.deepEqual([0.4, 48, 59.6, 200, 240, 599, 840, 3600, 7500].map(formatTime),
    ["0 s", "48 s", "1 min", "3 min 20 s", "4 min", "9 min 59 s", "14 min", "1 h", "2 h 5 min"]);
  assert.deepEqual([0.01, 0.4, 0.97, 12.1, 59.8, 60.4, 84, 300, 1200].map((minutes) => formatExpectedTime(minutes).long),
    ["about 5 seconds", "about 25 seconds", "about 1 minute", "about 12 minutes", "about 60 minutes", "about 1 hour",
      "about 1.4 hours", "about 5 hours", "about 20 hours"]);
  assert.deepEqual([1, 2333, 999_400, 999_600, 3_400_000, 19_400_000].map(formatFileSize), ["1 kB", "2 kB", "999 kB", "1.0 MB", "3.4 MB", "19 MB"]);
  assert.deepEqual([0.19123, 0.2, 1e-3].map((rate) => formatSignificant(rate, 3)), ["0.191", "0.2", "0.001"]);
});

test("the time expected: measured, to come, or not to be had", () => {
  const of = { name: "a", epochs: 15 };
  const known = { name: "a", state: "known", minutes: 12.1, epoch_seconds: 48.2, device: "NVIDIA T4" };
  const say = (forecast, more) => describeForecast(forecast, { ...of, ...more });
  assert.deepEqual(say(known), {
    figure: "12 min", note: "on NVIDIA T4 (48 s an epoch)", hint: "", text: "Expected: about 12 minutes on NVIDIA T4 (48 s an epoch).",
  });
  assert.equal(say({ ...known, minutes: 90 }).figure, "1.5 h");
  assert.equal(say({ ...known, epoch_seconds: 2.44 }).note, "on NVIDIA T4 (2.4 s an epoch)");
  // Of a training that is resumed, what is left alone.
  assert.equal(say(known, { left: 5 }).figure, "4 min");
  assert.equal(say(known, { left: 5 }).note, "for the 5 epochs left, on NVIDIA T4 (48 s an epoch)");
  // Of other settings than those at hand nothing is said.
  assert.deepEqual([say({ ...known, name: "b" }).figure, say({}).figure], ["…", "…"]);
  assert.equal(say({ name: "a", state: "measuring" }).note, "Measuring the speed of this device…");
  assert.match(say({ name: "a", state: "later" }).note, /training under way/);
  assert.match(say({ name: "a", state: "failed", words: "OOM" }).note, /could not be measured: OOM/);
});

test("a CPU that would be busy for long has a gentle word, which is right", () => {
  const slow = { name: "a", state: "known", minutes: 24, epoch_seconds: 96, device: "CPU, 2 cores, x86_64" };
  const hint = (changes, more) => describeForecast({ ...slow, ...changes }, { name: "a", epochs: 15, ...more }).hint;
  assert.match(hint(), /no GPU\. With 9 epochs it would take about 14 minutes/);
  assert.equal(hint({ minutes: 19 }), "");
  assert.equal(hint({ device: "NVIDIA T4" }), "");
  assert.equal(hint({}, { left: 3 }), "", "the rest is short");
  assert.match(hint({ minutes: 500, epoch_seconds: 2000 }), /choose a smaller n/);
});

test("what is there of these settings says what Start and Resume do", () => {
  assert.equal(describeFoundRun({}, false), "");
  assert.match(describeFoundRun({ epochs: 3, of: 15, finished: false }, false), /^3 of 15 epochs .* Resume goes on with epoch 4\. Start begins anew/);
  assert.match(describeFoundRun({ epochs: 15, of: 15, finished: true }, true), /shown below\. Start trains anew, and sets that run aside/);
  assert.doesNotMatch(describeFoundRun({ epochs: 15, of: 15, finished: true }, false), /shown/);
});

test("the end beside the paper's figure, with its honest remark", () => {
  const say = (changes, one = paper[0]) => describeResult(run(changes), one, recipes);
  assert.deepEqual(say(), {
    head: "Test error 25.25 %, the paper’s 8.75 %.",
    remark: "16.50 points above the paper’s. The paper’s recipe is another, of 164 epochs; this one has 4: the gap is the recipe’s as well.",
  });
  assert.match(say({ recipe: "paper", test_error: [8, 8, 8, 8.5] }).remark, /^0\.25 points below the paper’s\. By the paper’s own recipe/);
  assert.match(say({ test_error: [9, 9, 9, 8.75] }).remark, /^As low/);
  assert.equal(say({}, paper[1]).head, "Test error 25.25 %, the paper’s above 60 %.");
  assert.doesNotMatch(say({}, paper[1]).remark, /points/);
  assert.deepEqual(say({}, null), { head: "Test error 25.25 %.", remark: "He et al. 2015 report no test error of this net." });
  // One that did not come to its end is not set beside it.
  assert.deepEqual(say({ status: "stopped", epochs: 15 }), { head: "After epoch 4 of 15: test error 25.25 %.", remark: "" });
  assert.equal(say({ status: "diverged", test_error: [50, null], error: [60, null] }).head, "It diverged after epoch 2 of 4: no test error.");
  assert.equal(say({ status: "stopped", test_error: [], error: [] }).head, "No epoch had ended.");
});

test("an epoch and a phase in words", () => {
  assert.equal(describeEpoch(run(), 2), "Epoch 2 of 4: test error 40.0 %, training error 40.0 %.");
  assert.equal(describeEpoch(run(), 0), "Epoch 4 of 4: test error 25.3 %, training error 20.0 %.");
  assert.equal(describeEpoch(run({ error: [], test_error: [] }), 0), "No epoch has ended yet.");
  const progress = { phase: "training", epoch: 3, epochs: 15, step: 12, steps: 390 };
  assert.equal(describePhase("training", progress), "Epoch 3 of 15: step 12 of 390");
  assert.match(describePhase("training", { ...progress, phase: "testing" }), /testing/);
  assert.match(describePhase("training", { ...progress, phase: "finishing" }), /last look/);
  assert.match(describePhase("stopping", progress), /stops at its end/);
  assert.equal(describePhase("preparing", {}), "Preparing…");
  assert.equal(describePhase("ready", {}), "");
});

// ---------------------------------------------------------------- the replay

test("a replay says what a kernel would: the epoch under way, in the run's own time", () => {
  assert.deepEqual([0, 1, 2.5, 4].map((position) => computeSecondsLeft(run(), position)), [100, 90, 55, 0]);
  assert.deepEqual(computeProgress(run(), 2.5), {
    phase: "training", epoch: 3, epochs: 4, step: 195, steps: 390, learning_rate: 0.1, error: null, images_per_second: 600, seconds_left: 55,
  });
  assert.deepEqual([computeProgress(run(), 0).epoch, computeProgress(run(), 0).step], [1, 0]);
  assert.deepEqual([computeProgress(run(), 4).epoch, computeProgress(run(), 4).step], [4, 390]);
});

test("a run cut short is one that stopped there, and knows nothing of its end", () => {
  const half = truncateRun(run(), 2);
  assert.deepEqual([half.test_error, half.seconds, half.status, half.training_error], [[50, 40], [10, 20], "stopped", null]);
  assert.deepEqual(truncateRun(run(), 4), run());
});

test("a few seconds in all, however long the run", () => {
  for (const epochs of [1, 8, 15, 164, 200]) {
    assert.ok(epochs * computeEpochDuration(epochs) <= 8500, `${epochs} epochs`);
    assert.ok(epochs * computeEpochDuration(epochs) >= 900, `${epochs} epochs`);
  }
});
