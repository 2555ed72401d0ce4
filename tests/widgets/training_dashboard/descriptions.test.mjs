// node --test: how the dashboard describes a training run, its time and its result.
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatSignificant } from "../../../resnet_lib/widgets/shared/formatting.mjs";
import {
  comparePaperRecipe, describeEpoch, describeForecast, describeFoundRun, describeLimit, describeMismatch, describePhase,
  describeResult, formatExpectedTime, formatFileSize, formatPaperLabel, formatTime,
} from "../../../resnet_lib/widgets/training_dashboard/descriptions.mjs";
import { RECIPES, makeSettings, makeTimedRun } from "../shared/made_up_runs.mjs";

const paper = [
  { version: "v1", n: 3, shortcut: "pad", test_error: 8.75, at_least: false },
  { version: "v1", n: 18, shortcut: "none", test_error: 60, at_least: true },
];

test("a run that differs from the controls is described", () => {
  assert.equal(describeMismatch(makeTimedRun(), makeSettings({ epochs: 4 }), RECIPES), "");
  assert.equal(describeMismatch(makeTimedRun(), makeSettings({ seed: 2 }), RECIPES),
    "The controls say recipe quick, 15 epochs, seed 2: of that no run is recorded, and this is the nearest there is.");
});

test("a number beyond its field's range has the range described", () => {
  const range = { min: 1, max: 200 };
  assert.deepEqual([0, 1, 200, 201, NaN].map((typed) => describeLimit("n goes", typed, range)),
    ["n goes from 1 to 200", "", "", "n goes from 1 to 200", ""]);
});

test("times, sizes and rates are formatted", () => {
  assert.deepEqual([0.4, 48, 59.6, 200, 240, 599, 840, 3600, 7500].map(formatTime),
    ["0 s", "48 s", "1 min", "3 min 20 s", "4 min", "9 min 59 s", "14 min", "1 h", "2 h 5 min"]);
  assert.deepEqual([0.01, 0.4, 0.97, 12.1, 59.8, 60.4, 84, 300, 1200].map((minutes) => formatExpectedTime(minutes).long),
    ["about 5 seconds", "about 25 seconds", "about 1 minute", "about 12 minutes", "about 60 minutes", "about 1 hour",
      "about 1.4 hours", "about 5 hours", "about 20 hours"]);
  assert.deepEqual([1, 2333, 999_400, 999_600, 3_400_000, 19_400_000].map(formatFileSize), ["1 kB", "2 kB", "999 kB", "1.0 MB", "3.4 MB", "19 MB"]);
  assert.deepEqual([0.19123, 0.2, 1e-3].map((rate) => formatSignificant(rate, 3)), ["0.191", "0.2", "0.001"]);
});

test("the expected time is described whether it is measured, to come or missing", () => {
  const of = { name: "a", epochs: 15 };
  const known = { name: "a", state: "known", minutes: 12.1, epoch_seconds: 48.2, device: "NVIDIA T4" };
  const say = (forecast, more) => describeForecast(forecast, { ...of, ...more });
  assert.deepEqual(say(known), {
    figure: "12 min", note: "on NVIDIA T4 (48 s an epoch)", hint: "", text: "Expected: about 12 minutes on NVIDIA T4 (48 s an epoch).",
  });
  assert.equal(say({ ...known, minutes: 90 }).figure, "1.5 h");
  assert.equal(say({ ...known, epoch_seconds: 2.44 }).note, "on NVIDIA T4 (2.4 s an epoch)");
  // Of a training run that is resumed, what is left alone.
  assert.equal(say(known, { left: 5 }).figure, "4 min");
  assert.equal(say(known, { left: 5 }).note, "for the 5 epochs left, on NVIDIA T4 (48 s an epoch)");
  // Of other settings than those at hand nothing is said.
  assert.deepEqual([say({ ...known, name: "b" }).figure, say({}).figure], ["…", "…"]);
  assert.equal(say({ name: "a", state: "measuring" }).note, "Measuring the speed of this device…");
  assert.match(say({ name: "a", state: "later" }).note, /training under way/);
  assert.match(say({ name: "a", state: "failed", words: "OOM" }).note, /could not be measured: OOM/);
});

test("a CPU that would be busy for long has a hint", () => {
  const slow = { name: "a", state: "known", minutes: 24, epoch_seconds: 96, device: "CPU, 2 cores, x86_64" };
  const hint = (changes, more) => describeForecast({ ...slow, ...changes }, { name: "a", epochs: 15, ...more }).hint;
  assert.match(hint(), /no GPU\. With 9 epochs it would take about 14 minutes/);
  assert.equal(hint({ minutes: 19 }), "");
  assert.equal(hint({ device: "NVIDIA T4" }), "");
  assert.equal(hint({}, { left: 3 }), "", "the rest is short");
  assert.match(hint({ minutes: 500, epoch_seconds: 2000 }), /choose a smaller n/);
});

test("a found run describes what Start and Resume do", () => {
  assert.equal(describeFoundRun({}, false), "");
  assert.match(describeFoundRun({ epochs: 3, of: 15, finished: false }, false), /^3 of 15 epochs .* Resume goes on with epoch 4\. Start begins anew/);
  assert.match(describeFoundRun({ epochs: 15, of: 15, finished: true }, true), /shown below\. Start trains anew, and sets that run aside/);
  assert.doesNotMatch(describeFoundRun({ epochs: 15, of: 15, finished: true }, false), /shown/);
});

test("the result is compared with the paper's", () => {
  const say = (changes, one = paper[0]) => describeResult(makeTimedRun(changes), one, RECIPES);
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

test("epochs and phases are described", () => {
  assert.equal(describeEpoch(makeTimedRun(), 2), "Epoch 2 of 4: test error 40.0 %, training error 40.0 %.");
  assert.equal(describeEpoch(makeTimedRun(), 0), "Epoch 4 of 4: test error 25.3 %, training error 20.0 %.");
  assert.equal(describeEpoch(makeTimedRun({ error: [], test_error: [] }), 0), "No epoch has ended yet.");
  const progress = { phase: "training", epoch: 3, epochs: 15, step: 12, steps: 390 };
  assert.equal(describePhase("training", progress), "Epoch 3 of 15: step 12 of 390");
  assert.match(describePhase("training", { ...progress, phase: "testing" }), /testing/);
  assert.match(describePhase("training", { ...progress, phase: "finishing" }), /last look/);
  assert.match(describePhase("stopping", progress), /stops at its end/);
  assert.equal(describePhase("preparing", {}), "Preparing…");
  assert.equal(describePhase("ready", {}), "");
});

test("the paper's line has a label and a remark", () => {
  assert.deepEqual(paper.map(formatPaperLabel), ["He et al. 2015: 8.75 %", "He et al. 2015: > 60 %"]);
  assert.match(comparePaperRecipe("quick", 15, RECIPES), /another, of 164 epochs; this one has 15: the gap is the recipe’s as well\.$/);
  assert.match(comparePaperRecipe("paper", 164, RECIPES), /own recipe/);
  assert.match(comparePaperRecipe("paper-20", 20, RECIPES), /is another/);
});
