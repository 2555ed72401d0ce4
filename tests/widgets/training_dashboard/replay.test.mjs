// node --test: what a replay reports of a recorded run.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  computeEpochDuration, computeProgress, computeSecondsLeft, truncateRun,
} from "../../../resnet_lib/widgets/training_dashboard/replay.mjs";
import { makeTimedRun } from "../shared/made_up_runs.mjs";

test("a replay reports the epoch under way, in the run's own time", () => {
  assert.deepEqual([0, 1, 2.5, 4].map((position) => computeSecondsLeft(makeTimedRun(), position)), [100, 90, 55, 0]);
  assert.deepEqual(computeProgress(makeTimedRun(), 2.5), {
    phase: "training", epoch: 3, epochs: 4, step: 195, steps: 390, learning_rate: 0.1, error: null, images_per_second: 600, seconds_left: 55,
  });
  assert.deepEqual([computeProgress(makeTimedRun(), 0).epoch, computeProgress(makeTimedRun(), 0).step], [1, 0]);
  assert.deepEqual([computeProgress(makeTimedRun(), 4).epoch, computeProgress(makeTimedRun(), 4).step], [4, 390]);
});

test("a truncated run is a stopped run without its end", () => {
  const half = truncateRun(makeTimedRun(), 2);
  assert.deepEqual([half.test_error, half.seconds, half.status, half.training_error], [[50, 40], [10, 20], "stopped", null]);
  assert.deepEqual(truncateRun(makeTimedRun(), 4), makeTimedRun());
});

test("a replay takes a few seconds, however long the run", () => {
  for (const epochs of [1, 8, 15, 164, 200]) {
    assert.ok(epochs * computeEpochDuration(epochs) <= 8500, `${epochs} epochs`);
    assert.ok(epochs * computeEpochDuration(epochs) >= 900, `${epochs} epochs`);
  }
});
