// node --test: what the learning curves compute, on curves small enough to work out by hand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { getChipState, pressChip, findStateProblem, selectRuns, sortRuns } from "../../../resnet_lib/widgets/error_curves/run_selection.mjs";
import { placeLabels } from "../../../resnet_lib/widgets/shared/curve_labels.mjs";
import { findEpochByKey } from "../../../resnet_lib/widgets/shared/epoch_navigation.mjs";
import { chooseErrorTicks, computeErrorRange, createErrorScale } from "../../../resnet_lib/widgets/shared/error_axis.mjs";
import { findRateMarks, findRateSteps, listSchedules } from "../../../resnet_lib/widgets/shared/learning_rates.mjs";
import { chooseCountTicks, chooseTickStep, createLinePath, separatePositions } from "../../../resnet_lib/widgets/shared/plotting.mjs";
import { computeShade, describeErrors, describeTraining, findLastEpoch, readErrors } from "../../../resnet_lib/widgets/shared/recorded_runs.mjs";

const run = (changes = {}) => ({
  name: "resnet20_v1-quick-seed0", label: "ResNet-20", kind: "v1", version: "v1", shortcut: "pad", depth: 20,
  recipe: "quick", batch_size: 128, epochs: 3, seed: 0, device: "CPU", backend: "jax", parameters: 269722,
  status: "finished", error: [60, 40, 20], test_error: [50, 30, 25], learning_rate: [0.1, 0.2, 0.01],
  highest_rate: 0.2, training_error: 15, ...changes,
});
const plain20 = run({ name: "plain20", label: "Plain-20", kind: "plain" });
const plain56 = run({ name: "plain56", label: "Plain-56", kind: "plain", depth: 56 });
const resnet20 = run({ name: "resnet20" });
const resnet56 = run({ name: "resnet56", label: "ResNet-56", depth: 56 });
const four = [plain20, plain56, resnet20, resnet56];
const names = (runs) => runs.map((one) => one.name);

test("runs stand by kind, then depth, then seed", () => {
  const own = run({ name: "own", kind: "own", depth: null, label: "mine" });
  const seed1 = run({ name: "seed1", seed: 1 });
  assert.deepEqual(names(sortRuns([own, resnet56, seed1, plain56, resnet20, plain20])),
    ["plain20", "plain56", "resnet20", "seed1", "resnet56", "own"]);
});

test("no name, or none that is known, shows all", () => {
  assert.deepEqual(selectRuns(four, []), four);
  assert.deepEqual(selectRuns(four, ["gone"]), four);
  assert.deepEqual(names(selectRuns(four, ["resnet20", "gone", "plain20"])), ["plain20", "resnet20"]);
});

test("a reading is that of the epoch; the end has the last weights' training error", () => {
  assert.deepEqual(readErrors(resnet20, 2), { test: 30, training: 40 });
  assert.deepEqual(readErrors(resnet20, 3), { test: 25, training: 20 });
  assert.deepEqual(readErrors(resnet20, 0), { test: 25, training: 15 });
  assert.deepEqual(readErrors(resnet20, 4), { test: null, training: null });
  assert.deepEqual(readErrors(run({ error: [] }), 1), { test: 50, training: null });
  assert.deepEqual(readErrors(run({ error: [], test_error: [], training_error: null }), 0), { test: null, training: null });
  assert.equal(findLastEpoch([resnet20, run({ error: [1, 2, 3, 4] })]), 4);
  assert.equal(findLastEpoch([]), 0);
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
  const own = run({ name: "own", kind: "own", depth: null });
  assert.deepEqual(pressChip([...four, own], [resnet56], "kind", "own"), ["resnet56", "own"]);
});

test("steps and ticks are round", () => {
  assert.deepEqual([[50, 6], [164, 8], [0.3, 5], [15, 15]].map(([span, count]) => chooseTickStep(span, count)), [10, 50, 0.1, 1]);
  assert.deepEqual(chooseCountTicks(164, 10), [1, 20, 40, 60, 80, 100, 120, 140, 164]);
  assert.deepEqual(chooseCountTicks(15, 15), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
  assert.deepEqual(chooseCountTicks(15, 4), [1, 5, 10, 15]);
  assert.deepEqual([chooseCountTicks(1, 8), chooseCountTicks(2, 8)], [[1], [1, 2]]);
  assert.deepEqual(chooseErrorTicks({ low: 0, high: 40 }, "linear"), [0, 10, 20, 30, 40]);
  assert.deepEqual(chooseErrorTicks({ low: 0.5, high: 50 }, "log"), [0.5, 1, 2, 5, 10, 20, 50]);
  assert.deepEqual(chooseErrorTicks({ low: 0.05, high: 100 }, "log"), [0.1, 1, 10, 100]);
});

test("the error axis holds all but the steep beginning, and every end", () => {
  const steep = [90, ...Array(39).fill(18)];
  assert.deepEqual(computeErrorRange([steep], "linear"), { low: 0, high: 20 });
  assert.deepEqual(computeErrorRange([steep, [20, 90]], "linear"), { low: 0, high: 100 }, "a run that diverged");
  assert.deepEqual(computeErrorRange([[null, 3, null], []], "linear"), { low: 0, high: 4 });
  assert.deepEqual(computeErrorRange([[0, 0]], "linear"), { low: 0, high: 1 });
  assert.deepEqual(computeErrorRange([steep, [0.3, 0]], "log"), { low: 0.2, high: 100 });
  assert.deepEqual(computeErrorRange([[]], "log"), { low: 0.1, high: 100 });
});

test("an error lies where the axis says", () => {
  const linear = createErrorScale({ low: 0, high: 40 }, "linear", 10, 210);
  assert.deepEqual([0, 10, 40].map(linear), [210, 160, 10]);
  const log = createErrorScale({ low: 1, high: 100 }, "log", 0, 200);
  assert.deepEqual([1, 10, 100].map((value) => Math.round(log(value))), [200, 100, 0]);
  assert.equal(log(0), 200, "zero has no place on a log axis: at its foot");
});

test("labels keep apart, in order, within bounds, and move no more than they must", () => {
  assert.deepEqual(separatePositions([10, 50], 16, 0, 100), [10, 50]);
  assert.deepEqual(separatePositions([50, 50], 16, 0, 100), [42, 58]);
  assert.deepEqual(separatePositions([52, 50, 10], 16, 0, 100), [59, 43, 10]);
  assert.deepEqual(separatePositions([99, 98], 16, 0, 100), [100, 84]);
  assert.deepEqual(separatePositions([], 16, 0, 100), []);
  // Against every placement on a grid: none moves the labels less.
  const [wanted, gap] = [[20, 22, 27, 60], 10];
  const cost = (places) => places.reduce((sum, place, index) => sum + (place - wanted[index]) ** 2, 0);
  const grid = Array.from({ length: 71 }, (_, index) => index);
  let least = Infinity;
  for (const a of grid) for (const b of grid) if (b - a >= gap) for (const c of grid) if (c - b >= gap) least = Math.min(least, cost([a, b, c, 60]));
  assert.ok(cost(separatePositions(wanted, gap, 0, 100)) <= least + 1e-9);
});

test("labels that stand side by side need not keep apart", () => {
  const at = (x, y) => ({ x, y, width: 50 });
  assert.deepEqual(placeLabels([at(0, 20), at(100, 20)], 16, 0, 100), [20, 20]);
  assert.deepEqual(placeLabels([at(0, 20), at(30, 20)], 16, 0, 100), [12, 28]);
});

test("a key leads to an epoch, or to the end, or nowhere", () => {
  const from = (at, key) => findEpochByKey(key, at, 30);
  assert.deepEqual(["ArrowRight", "ArrowLeft", "PageUp", "PageDown", "Home", "End"].map((key) => from(10, key)), [11, 9, 13, 7, 1, 30]);
  assert.deepEqual([from(1, "ArrowLeft"), from(2, "PageDown"), from(30, "ArrowUp")], [1, 1, 30]);
  assert.deepEqual([from(10, "Escape"), from(10, "Tab")], [0, undefined]);
});

test("a path has a gap where an error is missing, and a point where one stands alone", () => {
  const same = (value) => value;
  assert.equal(createLinePath([1, 2], same, same), "M1.0 1.0L2.0 2.0");
  assert.equal(createLinePath([1, null, 3, 4], same, same), "M1.0 1.0h.01M3.0 3.0L4.0 4.0");
  assert.equal(createLinePath([], same, same), "");
});

test("a rate that steps is marked within the epoch in which it does", () => {
  assert.deepEqual(findRateSteps([0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.001, 0.001, 0.001]),
    { smooth: false, steps: [{ at: 3.5, text: "rate ÷ 10" }, { at: 6.5, text: "rate ÷ 10" }] });
  assert.deepEqual(findRateSteps([1e-6, 1e-6, 5e-7, 5e-7]).steps, [{ at: 2.5, text: "rate ÷ 2" }]);
  assert.deepEqual(findRateSteps([0.01, 0.1, 0.1, 0.1]).steps, [{ at: 1.5, text: "rate × 10" }]);
  assert.deepEqual(findRateSteps([0.1, 0.15, 0.2, 0.1, 0.01]), { smooth: true, steps: [] });
  assert.deepEqual(findRateSteps([]), { smooth: false, steps: [] });
});

test("a step is marked once, and named where it is not that of all", () => {
  const steps = (learning_rate, changes) => run({ learning_rate, error: learning_rate, test_error: learning_rate, ...changes });
  const paper = steps([0.1, 0.1, 0.1, 0.1, 0.01, 0.01]);
  assert.deepEqual(findRateMarks([paper, { ...paper, name: "b" }]), [{ at: 4.5, text: "rate ÷ 10", who: "" }]);
  const other = steps([0.1, 0.1, 0.1, 0.1, 0.1, 0.1], { recipe: "flat" });
  assert.deepEqual(findRateMarks([paper, other]), [{ at: 4.5, text: "rate ÷ 10", who: "quick" }]);
  const warm = steps([0.01, 0.1, 0.1, 0.1, 0.01, 0.01], { label: "ResNet-110" });
  assert.deepEqual(findRateMarks([paper, warm]).map((mark) => mark.who), ["ResNet-110", ""]);
  const broken = steps([0.1, 0.1]);
  assert.deepEqual(findRateMarks([paper, broken])[0].who, "", "one that broke off before has no say");
});

test("each schedule once; a run that broke off has the beginning of one", () => {
  const short = run({ learning_rate: [0.1, 0.2], name: "short" });
  const other = run({ learning_rate: [1, 1, 1], recipe: "flat", highest_rate: 1 });
  const schedules = listSchedules([short, resnet20, other]);
  assert.deepEqual(schedules.map(({ name, highest, smooth }) => [name, highest, smooth]), [["quick", 0.2, true], ["flat", 1, false]]);
});

test("deeper is darker, and the same net has one shade everywhere", () => {
  assert.deepEqual([8, 20, 110, 1202].map(computeShade), [0, 0, 1, 1]);
  assert.ok(computeShade(32) < computeShade(56));
});

test("the caption says recipes, seeds and devices of what is shown", () => {
  assert.equal(describeTraining(four), "Recipe: quick (3 epochs, batches of 128). Seed: 0. Device: CPU (jax).");
  const other = run({ recipe: "paper", epochs: 164, seed: 2, device: "H100" });
  assert.equal(describeTraining([other, resnet20, run({ seed: 1 })]),
    "Recipes: paper (164 epochs, batches of 128) and quick (3 epochs, batches of 128). Seeds: 0, 1 and 2. Devices: H100 (jax) and CPU (jax).");
});

test("a reading in words", () => {
  assert.equal(describeErrors([plain20, resnet20], 2, "both"),
    "Epoch 2: Plain-20 test error 30.0 %, training error 40.0 %; ResNet-20 test error 30.0 %, training error 40.0 %.");
  assert.equal(describeErrors([resnet20], 0, "test"), "At the end: ResNet-20 test error 25.0 %.");
  const broken = run({ status: "diverged", epochs: 9, training_error: null });
  assert.equal(describeErrors([broken], 0, "both"), "At the end: ResNet-20 test error 25.0 %, diverged after epoch 3.");
  assert.equal(describeErrors([broken, run({ test_error: [1, 2, 3, 4] })], 4, "test"),
    "Epoch 4: ResNet-20, seed 0 diverged after epoch 3; ResNet-20, seed 0 test error 4.00 %.");
});

test("a state that cannot be drawn is told in words", () => {
  const state = { runs: four, shown: [], curves: "both", scale: "linear", epoch: 0 };
  assert.equal(findStateProblem(state), "");
  assert.match(findStateProblem({ ...state, curves: "all" }), /curves must be one of both, test, training; got all/);
  assert.match(findStateProblem({ ...state, scale: "cubic" }), /linear or log; got cubic/);
  assert.match(findStateProblem({ ...state, epoch: -1 }), /from 0; got -1/);
  assert.match(findStateProblem({ ...state, runs: [run({ kind: "odd" })] }), /kind must be one of plain, .*; got odd in resnet20/);
});
