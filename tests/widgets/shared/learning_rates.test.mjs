// node --test: where learning rates step, and how schedules are listed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { findRateMarks, findRateSteps, listSchedules } from "../../../resnet_lib/widgets/shared/learning_rates.mjs";
import { makeRun } from "./made_up_runs.mjs";

test("a step of a rate is found within its epoch", () => {
  assert.deepEqual(findRateSteps([0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.001, 0.001, 0.001]),
    { smooth: false, steps: [{ at: 3.5, text: "rate ÷ 10" }, { at: 6.5, text: "rate ÷ 10" }] });
  assert.deepEqual(findRateSteps([1e-6, 1e-6, 5e-7, 5e-7]).steps, [{ at: 2.5, text: "rate ÷ 2" }]);
  assert.deepEqual(findRateSteps([0.01, 0.1, 0.1, 0.1]).steps, [{ at: 1.5, text: "rate × 10" }]);
  assert.deepEqual(findRateSteps([0.1, 0.15, 0.2, 0.1, 0.01]), { smooth: true, steps: [] });
  assert.deepEqual(findRateSteps([]), { smooth: false, steps: [] });
});

test("a step is marked once, and has names where not all runs have it", () => {
  const steps = (learning_rate, changes) => makeRun({ learning_rate, error: learning_rate, test_error: learning_rate, ...changes });
  const paper = steps([0.1, 0.1, 0.1, 0.1, 0.01, 0.01]);
  assert.deepEqual(findRateMarks([paper, { ...paper, name: "b" }]), [{ at: 4.5, text: "rate ÷ 10", who: "" }]);
  const other = steps([0.1, 0.1, 0.1, 0.1, 0.1, 0.1], { recipe: "flat" });
  assert.deepEqual(findRateMarks([paper, other]), [{ at: 4.5, text: "rate ÷ 10", who: "quick" }]);
  const warm = steps([0.01, 0.1, 0.1, 0.1, 0.01, 0.01], { label: "ResNet-110" });
  assert.deepEqual(findRateMarks([paper, warm]).map((mark) => mark.who), ["ResNet-110", ""]);
  const broken = steps([0.1, 0.1]);
  assert.deepEqual(findRateMarks([paper, broken])[0].who, "", "one that broke off before has no say");
});

test("each schedule is listed once; a run that broke off has the beginning of one", () => {
  const short = makeRun({ learning_rate: [0.1, 0.2], name: "short" });
  const other = makeRun({ learning_rate: [1, 1, 1], recipe: "flat", highest_rate: 1 });
  const schedules = listSchedules([short, makeRun(), other]);
  assert.deepEqual(schedules.map(({ name, highest, smooth }) => [name, highest, smooth]), [["quick", 0.2, true], ["flat", 1, false]]);
});
