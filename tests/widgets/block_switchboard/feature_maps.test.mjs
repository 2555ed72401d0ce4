// node --test: what is measured of feature maps.
import assert from "node:assert/strict";
import { test } from "node:test";
import { describeMaps } from "../../../resnet_lib/widgets/block_switchboard/descriptions.mjs";
import { chooseColumns, measureMaps } from "../../../resnet_lib/widgets/block_switchboard/feature_maps.mjs";


test("facts of maps: the largest, what is drawn white, and those that are empty", () => {
  const channels = 3; // of 10 × 20 pixels: one counts up, one is empty, one is small
  const maps = new Float32Array(200 * channels);
  for (let pixel = 0; pixel < 200; pixel += 1) maps.set([pixel + 1, 0, 0.25], pixel * channels);
  const facts = measureMaps(maps, channels);
  assert.deepEqual([facts.largest, facts.empty], [200, 1]);
  const above = [...maps].filter((value) => value > facts.bright).length;
  assert.ok(above >= 3 && above <= 4, `${above} of 400 are above ${facts.bright}`);
  const block = { role: "block", stage: 1, index: 2 };
  assert.match(describeMaps(block, [10, 20, 3], facts), /3 maps of 10 × 20\. .*the largest 200\.00\. 1 of 3 are 0 everywhere\.$/);
  const nothing = measureMaps(new Float32Array(12), 3);
  assert.deepEqual(nothing, { largest: 0, bright: 0, empty: 3 });
  assert.match(describeMaps(block, [2, 2, 3], nothing), /All of 3 are 0 everywhere/);
  for (const width of [240, 311, 559, 560, 1200]) {
    for (const channels of [16, 32, 64]) assert.ok(chooseColumns(channels, width) * 20 < width);
  }
});
