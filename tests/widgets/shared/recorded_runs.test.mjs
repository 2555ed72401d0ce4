// node --test: what is read and described of recorded runs.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  computeShade, describeErrors, describeTraining, findLastEpoch, readErrors,
} from "../../../resnet_lib/widgets/shared/recorded_runs.mjs";
import { makeRun } from "./made_up_runs.mjs";

const plain20 = makeRun({ name: "plain20", label: "Plain-20", kind: "plain" });
const resnet20 = makeRun({ name: "resnet20" });

test("errors are read after an epoch; the end has the training error of the final weights", () => {
  assert.deepEqual(readErrors(resnet20, 2), { test: 30, training: 40 });
  assert.deepEqual(readErrors(resnet20, 3), { test: 25, training: 20 });
  assert.deepEqual(readErrors(resnet20, 0), { test: 25, training: 15 });
  assert.deepEqual(readErrors(resnet20, 4), { test: null, training: null });
  assert.deepEqual(readErrors(makeRun({ error: [] }), 1), { test: 50, training: null });
  assert.deepEqual(readErrors(makeRun({ error: [], test_error: [], training_error: null }), 0), { test: null, training: null });
  assert.equal(findLastEpoch([resnet20, makeRun({ error: [1, 2, 3, 4] })]), 4);
  assert.equal(findLastEpoch([]), 0);
});

test("deeper is darker, and the same net has one shade everywhere", () => {
  assert.deepEqual([8, 20, 110, 1202].map(computeShade), [0, 0, 1, 1]);
  assert.ok(computeShade(32) < computeShade(56));
});

test("the caption lists recipes, seeds and devices", () => {
  assert.equal(describeTraining([plain20, resnet20]), "Recipe: quick (3 epochs, batches of 128). Seed: 0. Device: CPU (jax).");
  const other = makeRun({ recipe: "paper", epochs: 164, seed: 2, device: "H100" });
  assert.equal(describeTraining([other, resnet20, makeRun({ seed: 1 })]),
    "Recipes: paper (164 epochs, batches of 128) and quick (3 epochs, batches of 128). Seeds: 0, 1 and 2. Devices: H100 (jax) and CPU (jax).");
});

test("the errors at an epoch are described", () => {
  assert.equal(describeErrors([plain20, resnet20], 2, "both"),
    "Epoch 2: Plain-20 test error 30.0 %, training error 40.0 %; ResNet-20 test error 30.0 %, training error 40.0 %.");
  assert.equal(describeErrors([resnet20], 0, "test"), "At the end: ResNet-20 test error 25.0 %.");
  const broken = makeRun({ status: "diverged", epochs: 9, training_error: null });
  assert.equal(describeErrors([broken], 0, "both"), "At the end: ResNet-20 test error 25.0 %, diverged after epoch 3.");
  assert.equal(describeErrors([broken, makeRun({ test_error: [1, 2, 3, 4] })], 4, "test"),
    "Epoch 4: ResNet-20, seed 0 diverged after epoch 3; ResNet-20, seed 0 test error 4.00 %.");
});
