// node --test: which epoch a key leads to.
import assert from "node:assert/strict";
import { test } from "node:test";
import { findEpochByKey } from "../../../resnet_lib/widgets/shared/epoch_navigation.mjs";

test("a key leads to an epoch, to the end, or nowhere", () => {
  const from = (at, key) => findEpochByKey(key, at, 30);
  assert.deepEqual(["ArrowRight", "ArrowLeft", "PageUp", "PageDown", "Home", "End"].map((key) => from(10, key)), [11, 9, 13, 7, 1, 30]);
  assert.deepEqual([from(1, "ArrowLeft"), from(2, "PageDown"), from(30, "ArrowUp")], [1, 1, 30]);
  assert.deepEqual([from(10, "Escape"), from(10, "Tab")], [0, undefined]);
});
