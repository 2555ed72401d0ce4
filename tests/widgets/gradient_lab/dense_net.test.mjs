// node --test: the net's arithmetic on nets small enough to check. test_in_page.py compares it with dense.py.
import assert from "node:assert/strict";
import { test } from "node:test";
import { computeStd } from "../../../resnet_lib/widgets/gradient_lab/numbers.mjs";
import { computeLogitsAt, createNet, createTwoMoons, forward, initialize, trainNet } from "../../../resnet_lib/widgets/gradient_lab/dense_net.mjs";
import { createFieldPoints } from "../../../resnet_lib/widgets/gradient_lab/decision_field.mjs";
import { POINTS, PRESETS, STEPS } from "../../../resnet_lib/widgets/gradient_lab/settings.mjs";
import { finish, near, spec } from "./computations.mjs";

test("the task has mean 0, deviation 1, and two halves", () => {
  const points = createTwoMoons();
  assert.equal(points.length, 2 * POINTS);
  for (const axis of [0, 1]) {
    const row = points.slice(axis * POINTS, (axis + 1) * POINTS);
    near(computeStd(row), 1);
    assert.ok(Math.abs(row.reduce((sum, value) => sum + value)) < 1e-9);
  }
  const upper = points.slice(POINTS, POINTS + POINTS / 2);
  const lower = points.slice(POINTS + POINTS / 2);
  assert.ok(Math.min(...upper) > Math.min(...lower), "the first half is the upper moon");
});

test("training ends with the first loss that is no number", () => {
  const losses = [];
  finish(trainNet(createNet(), spec({ depth: 56, ...PRESETS.He, skip: "identity" }), (loss) => losses.push(loss)));
  assert.ok(losses.length < STEPS);
  assert.ok(Number.isFinite(losses[0]) && !Number.isFinite(losses.at(-1)));
  assert.ok(losses.slice(0, -1).every(Number.isFinite));
});

test("elsewhere a net says what it says at its own points", () => {
  for (const name of ["1991", "residual"]) {
    const net = createNet();
    initialize(net, spec({ depth: 6, ...PRESETS[name] }));
    forward(net);
    const logits = finish(computeLogitsAt(net, net.x));
    logits.forEach((logit, p) => assert.ok(Math.abs(logit - net.logits[p]) < 1e-12));
  }
  const net = createNet();
  initialize(net, spec({ depth: 1 }));
  assert.equal(finish(computeLogitsAt(net, createFieldPoints(10))).length, 100, "a number that is no multiple of 64");
});
