// node --test: the epoch that is read or replayed, without a page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EpochPosition } from "../../../resnet_lib/widgets/error_curves/epoch_position.mjs";

globalThis.matchMedia = () => ({ matches: true }); // a reader who wants no motion

function makePosition(at, last) {
  const saved = [];
  const position = new EpochPosition(at, { onmove() {}, onrest() {}, save: (epoch) => saved.push(epoch) });
  position.setLast(last);
  return { position, saved };
}

test("an epoch is read where it was gone to, or under the pointer, within the chart", () => {
  const { position, saved } = makePosition(50, 30);
  assert.equal(position.reading, 30);
  position.goTo(99);
  position.goTo(7);
  position.hover(12);
  assert.deepEqual([position.reading, saved], [12, [30, 7]]);
  position.hover(0);
  assert.equal(position.reading, 7);
});

test("a replay grows to the end, and is saved where it pauses", (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  const { position, saved } = makePosition(0, 30);
  position.start();
  assert.deepEqual([position.at, position.isGrowing, position.isPlaying], [1, true, true]);
  context.mock.timers.tick(1200);
  position.follow(20); // another view does not disturb a replay
  position.pause();
  assert.deepEqual([position.at, position.isGrowing, position.isPlaying, saved], [5, true, false, [5]]);
  position.start();
  context.mock.timers.tick(25 * 300); // to the last of 30 epochs
  assert.deepEqual([position.at, position.isGrowing, position.isPlaying, saved.at(-1)], [0, false, false, 0]);
});

test("the kernel's epoch is followed once there is a chart", () => {
  const { position } = makePosition(0, 0);
  position.follow(3);
  assert.equal(position.at, 0);
  position.setLast(30);
  position.follow(40);
  assert.equal(position.reading, 30);
});
