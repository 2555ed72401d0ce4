// What the BlockSwitchboard says, and which recorded figure belongs to a setting. Nothing here draws.
import { formatBlockName } from "../shared/net_drawing.mjs";

/**
 * What was recorded of a net whose blocks were switched off, in per cent of the test images wrong.
 * @typedef {{whole: number, single: number[], first: number[], last: number[], orders: number[][],
 *   removed: number[], random: number[][], images: number}} Lesions
 * @typedef {{label: string, kind: string, n: number, shortcut: string, run: string,
 *   test_error: number, caption: string, file: string, lesions: Lesions | null}} Net
 */

const joined = (names) =>
  (names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`);
const withArticle = (name) => `${/^[aeiou]/.test(name) ? "an" : "a"} ${name}`;
const count = (number, one) => `${number} ${one}${number === 1 ? "" : "s"}`;

/** What is wrong with a state, in words, or "" where it can be shown. */
export function switchboardProblem({ nets, net, scales, image, gallery }) {
  if (!nets.length) return "There are no trained nets here: no recorded run has its weights with it.";
  const found = nets.find(({ label }) => label === net);
  if (!found) return `net must be one of ${joined(nets.map(({ label }) => label))}; got ${net}`;
  const blocks = 3 * found.n;
  if (!Array.isArray(scales) || (scales.length && scales.length !== blocks)) {
    return `scales must hold a number for each of the ${blocks} blocks of ${net}, or none; got ${scales?.length ?? scales}`;
  }
  const wrong = scales.filter((scale) => !(typeof scale === "number" && scale >= 0 && scale <= 1));
  if (wrong.length) return `a scale must be a number from 0 to 1; got ${wrong[0]}`;
  if (!Number.isInteger(image) || image < -1 || image >= gallery) {
    return `image must be a whole number from 0 to ${gallery - 1}, or -1 for the reader's own; got ${image}`;
  }
  return "";
}

/** 0.934 → "93 %"; what is not quite nothing or all is not said to be. */
export function percentOf(probability) {
  if (probability > 0 && probability < 0.005) return "< 1 %";
  if (probability < 1 && probability >= 0.995) return "> 99 %";
  return `${Math.round(100 * probability)} %`;
}

/** Where the largest number stands. */
export const largest = (values) =>
  values.reduce((best, value, index) => (value > values[best] ? index : best), 0);

/**
 * What the net says of an image, and what it said with every block on where that was another class.
 * @param {ArrayLike<number>} now @param {ArrayLike<number> | null} whole @param {number} truth -1: not known
 */
export function verdictWords(now, whole, truth, classes) {
  const [said, before] = [largest(Array.from(now)), whole && largest(Array.from(whole))];
  const end = truth < 0 ? " It knows these ten classes and no other." : "";
  const fact = truth < 0 ? "." : `; it is ${withArticle(classes[truth])}.`;
  const changed = whole && before !== said
    ? ` With every block on it says ${classes[before]}, ${percentOf(whole[before])}.`
    : "";
  return `The net says ${classes[said]}, ${percentOf(now[said])}${fact}${changed || end}`;
}

/** The setting in words: "every block on", "2 of 9 blocks off", "1 of 9 blocks scaled". */
export function settingWords(scales) {
  const off = scales.filter((scale) => scale === 0).length;
  const scaled = scales.filter((scale) => scale > 0 && scale < 1).length;
  const parts = [off && `${off} of ${count(scales.length, "block")} off`, scaled && `${scaled} scaled`].filter(Boolean);
  return parts.join(", ") || "every block on";
}

/** Of a block's maps: how many, and which colour stands for what; `facts` are those of `mapFacts`. */
export function mapWords(block, [height, width, channels], { largest, bright, empty }) {
  const scale = largest
    ? `One scale for all: dark is 0, white ${bright.toFixed(2)} and more (1 in 100 of the values above 0), the largest ${largest.toFixed(2)}.`
    : "";
  const dead = empty ? ` ${empty === channels ? "All" : empty} of ${channels} are 0 everywhere.` : "";
  return `${formatBlockName(block)} hands on ${channels} maps of ${height} × ${width}. ${scale}${dead}`;
}

/** A block's state in words. */
export const stateWords = (scale) => (scale === 1 ? "on" : scale === 0 ? "off" : `at ${scale.toFixed(2)}`);

/**
 * The error over all test images that was recorded for these very scales, and which setting it is;
 * null where there is none.
 * @param {Lesions | null} lesions @param {number[]} scales
 */
export function recordedFor(lesions, scales) {
  if (!lesions || scales.some((scale) => scale !== 0 && scale !== 1)) return null;
  const off = scales.flatMap((scale, block) => (scale === 0 ? [block] : []));
  const removed = off.length;
  const found = (error, words) => (Number.isFinite(error) ? { error, words, images: lesions.images } : null);
  if (!removed) return found(lesions.whole, "every block on and the weights in half precision");
  if (removed === 1) return found(lesions.single[off[0]], "this block alone off");
  if (off.at(-1) === removed - 1) return found(lesions.first[removed - 1], `the first ${removed} blocks off`);
  if (off[0] === scales.length - removed) return found(lesions.last[removed - 1], `the last ${removed} blocks off`);
  const column = lesions.removed.indexOf(removed);
  const draw = lesions.orders.findIndex((order) => order.slice(0, removed).every((block) => scales[block] === 0));
  return column < 0 || draw < 0 ? null : found(lesions.random[draw][column], `random draw ${draw + 1} of ${lesions.orders.length}`);
}

/** The figure for a setting over all test images, in words. */
export function recordedWords(lesions, scales) {
  const found = recordedFor(lesions, scales);
  return found
    ? `All ${found.images.toLocaleString("en-US")} test images, recorded: ${found.error.toFixed(2)} % wrong`
    : "All test images: not recorded for this setting";
}

/** What a count over some images amounts to: the error in per cent, and its standard error. */
export function errorOf(right, done) {
  const wrong = 1 - right / done;
  return { error: 100 * wrong, deviation: 100 * Math.sqrt((wrong * (1 - wrong)) / done) };
}

/** The count in words; `done` of `of` images have been looked at. */
export function countWords({ done, right, of }) {
  if (!done) return "Stopped before the first image was counted";
  const { error, deviation } = errorOf(right, done);
  const counted = done < of ? `Stopped after ${done} of ${of}: ` : "";
  return `${counted}${right} of ${done} right: ${error.toFixed(1)} % wrong (± ${deviation.toFixed(1)} points, one standard error)`;
}

/** How large the branch of a block is beside what it is added to. */
export function sizeWords(block, branch, skip) {
  const sizes = `${formatBlockName(block)}: branch ${branch.toFixed(2)}`;
  if (!skip) return `${sizes}, nothing beside it`;
  if (!branch) return `${formatBlockName(block)}: skip ${skip.toFixed(2)}, the branch adds nothing`;
  const share = branch / skip;
  return `${sizes}, skip ${skip.toFixed(2)}: the branch is ${share.toFixed(share < 0.1 ? 3 : 2)} times the skip`;
}

/**
 * Which blocks to switch off for "k at random": the first k of the next recorded order, so that there
 * is a figure for it; where none was recorded, of an order drawn from `draw` itself.
 */
export function randomBlocks(lesions, blocks, k, draw) {
  const order = lesions?.orders.length ? lesions.orders[draw % lesions.orders.length] : shuffledBlocks(blocks, draw);
  return order.slice(0, k);
}

/** The numbers from 0 to `blocks` - 1 in an order that is always the same for a seed. */
function shuffledBlocks(blocks, seed) {
  let state = seed + 1;
  const order = Array.from({ length: blocks }, (_, block) => block);
  for (let last = blocks - 1; last > 0; last -= 1) {
    // Park and Miller's generator; its first numbers for small seeds lie close together, so some go.
    for (let skipped = 0; skipped < 3; skipped += 1) state = (state * 48271) % 2147483647;
    const other = state % (last + 1);
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

/** The scales that switch these blocks off and all others on. */
export const scalesWithout = (blocks, off) =>
  Array.from({ length: blocks }, (_, block) => (off.includes(block) ? 0 : 1));
