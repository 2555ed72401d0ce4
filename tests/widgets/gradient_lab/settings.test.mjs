// node --test: presets, pairs and states that cannot be drawn.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PRESETS, findSettingsProblem } from "../../../resnet_lib/widgets/gradient_lab/settings.mjs";

const spec = (changes = {}) => ({ depth: 20, ...PRESETS[1991], seed: 0, ...changes });

test("a foreign state is told what would be right", () => {
  for (const show of ["all", "slopes"]) assert.equal(findSettingsProblem(spec({ show })), "");
  assert.equal(findSettingsProblem(spec({ show: "plot" })), "show must be one of all, slopes; got plot");
  assert.equal(findSettingsProblem(spec({ depth: 0 })), "depth must be a whole number from 1 to 100; got 0");
  assert.equal(findSettingsProblem(spec({ seed: 1.5 })), "seed must be a whole number from 0 to 999; got 1.5");
  assert.equal(findSettingsProblem(spec({ activation: "gelu" })), "activation must be one of sigmoid, tanh, relu; got gelu");
  assert.equal(findSettingsProblem(spec({ skip: undefined })), "skip must be one of none, identity, scaled; got undefined");
});
