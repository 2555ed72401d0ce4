// Finds the recorded error of a setting, and chooses blocks to switch off.

/**
 * The recorded errors of a net whose blocks were switched off, in per cent of the test images.
 * @typedef {{whole: number, single: number[], first: number[], last: number[], orders: number[][],
 *   removed: number[], random: number[][], images: number}} Lesions
 * @typedef {{label: string, kind: string, n: number, shortcut: string, run: string,
 *   test_error: number, caption: string, file: string, lesions: Lesions | null}} Net
 */

/**
 * Finds the recorded error over all test images for exactly these scales, and describes the setting.
 * @param {Lesions | null} lesions
 * @param {number[]} scales
 * @returns {{error: number, setting: string, images: number} | null}
 */
export function findRecordedError(lesions, scales) {
  if (!lesions || scales.some((scale) => scale !== 0 && scale !== 1)) return null;
  const off = scales.flatMap((scale, block) => (scale === 0 ? [block] : []));
  const removed = off.length;
  const createRecord = (error, setting) => (Number.isFinite(error) ? { error, setting, images: lesions.images } : null);
  if (!removed) return createRecord(lesions.whole, "every block on and the weights in half precision");
  if (removed === 1) return createRecord(lesions.single[off[0]], "this block alone off");
  if (off.at(-1) === removed - 1) return createRecord(lesions.first[removed - 1], `the first ${removed} blocks off`);
  if (off[0] === scales.length - removed) return createRecord(lesions.last[removed - 1], `the last ${removed} blocks off`);
  const column = lesions.removed.indexOf(removed);
  const draw = lesions.orders.findIndex((order) => order.slice(0, removed).every((block) => scales[block] === 0));
  return column < 0 || draw < 0 ? null : createRecord(lesions.random[draw][column], `random draw ${draw + 1} of ${lesions.orders.length}`);
}

/**
 * Computes the error in per cent, and its standard error.
 * @param {number} right
 * @param {number} done
 */
export function computeError(right, done) {
  const wrong = 1 - right / done;
  return { error: 100 * wrong, standardError: 100 * Math.sqrt((wrong * (1 - wrong)) / done) };
}

/**
 * Chooses k blocks at random: the first k of the next recorded order, for which an error is recorded, or
 * of an order that depends on `draw` alone.
 * @param {Lesions | null} lesions
 * @param {number} blocks  how many the net has
 * @param {number} k
 * @param {number} draw
 * @returns {number[]}
 */
export function chooseRandomBlocks(lesions, blocks, k, draw) {
  const order = lesions?.orders.length ? lesions.orders[draw % lesions.orders.length] : shuffleBlocks(blocks, draw);
  return order.slice(0, k);
}

/** Shuffles the numbers from 0 to `blocks` - 1, in the same way for each seed. */
function shuffleBlocks(blocks, seed) {
  let state = seed + 1;
  const order = Array.from({ length: blocks }, (_, block) => block);
  for (let last = blocks - 1; last > 0; last -= 1) {
    // Park and Miller's generator; its first numbers for small seeds are similar, so some are skipped.
    for (let skipped = 0; skipped < 3; skipped += 1) state = (state * 48271) % 2147483647;
    const other = state % (last + 1);
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

/**
 * Creates the scales that switch some blocks off.
 * @param {number} blocks  how many the net has
 * @param {number[]} off
 */
export const createScales = (blocks, off) =>
  Array.from({ length: blocks }, (_, block) => (off.includes(block) ? 0 : 1));
