// node --test: the names of nets, recipes and runs.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  countPlannedEpochs, findSettings, formatFullName, formatRecipe, formatRunName,
} from "../../../resnet_lib/widgets/training_dashboard/settings.mjs";
import { RECIPES, makeSettings, makeTimedRun } from "../shared/made_up_runs.mjs";

const plain = makeTimedRun({ shortcut: "none" });
const deep = makeTimedRun({ n: 9, depth: 56 });

test("a run has the name that the library gives it", () => {
  assert.equal(formatRunName(makeSettings(), RECIPES), "resnet20_v1_pad-quick-seed0");
  assert.equal(formatRunName(makeSettings({ epochs: 15 }), RECIPES), "resnet20_v1_pad-quick-seed0", "the recipe's own epochs");
  assert.equal(formatRunName(makeSettings({ epochs: 8, seed: 7 }), RECIPES), "resnet20_v1_pad-quick-8-seed7");
  assert.equal(formatRunName(makeSettings({ shortcut: "none", n: 9, recipe: "paper" }), RECIPES), "plain56_v1-paper-seed0");
  assert.equal(formatRunName(makeSettings({ shortcut: "highway", version: "v2", n: 2 }), RECIPES), "highway20_v2-quick-seed0");
  assert.equal(formatRunName(makeSettings({ shortcut: "projection", version: "v2", n: 6 }), RECIPES), "resnet56_v2-quick-seed0");
  assert.deepEqual([countPlannedEpochs(makeSettings(), RECIPES), countPlannedEpochs(makeSettings({ epochs: 3 }), RECIPES)], [15, 3]);
  assert.equal(formatRecipe(makeSettings({ recipe: "paper", epochs: 20 }), RECIPES), "paper-20");
});

test("a net is named with its shortcut where the family does not tell it", () => {
  assert.equal(formatFullName(makeSettings()), "ResNet-20 v1, pad");
  assert.equal(formatFullName(makeSettings({ shortcut: "none" })), "Plain-20 v1");
  assert.equal(formatFullName(makeSettings({ version: "v2", n: 6, shortcut: "projection" })), "ResNet-56 v2, projection");
});

test("the settings of a run give its name", () => {
  for (const one of [makeTimedRun(), plain, deep, makeTimedRun({ recipe: "quick", epochs: 15, seed: 3 }), makeTimedRun({ recipe: "paper-20", epochs: 20 })]) {
    assert.equal(formatRunName({ ...makeSettings(), ...findSettings(one, RECIPES) }, RECIPES), one.name);
  }
  assert.equal(findSettings(makeTimedRun({ recipe: "of-my-own" }), RECIPES).recipe, undefined, "an unknown recipe changes no control");
});
