// Describes in words what the switchboard shows.
import { formatCount, joinWithAnd } from "../shared/formatting.mjs";
import { formatBlockName } from "../shared/net_drawing.mjs";
import { computeError, findRecordedError } from "./recorded_errors.mjs";

/** @typedef {import("../shared/cifar_net.mjs").Block} Block */
/** @typedef {import("./recorded_errors.mjs").Lesions} Lesions */

const addArticle = (noun) => `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;

/**
 * Describes what is wrong with a state; "" if it can be shown.
 * @param {{nets: Object[], net: string, scales: number[], image: number, gallery: number}} state
 */
export function findBoardProblem({ nets, net, scales, image, gallery }) {
  if (!nets.length) return "There are no trained nets here: no recorded run has its weights with it.";
  const shown = nets.find(({ label }) => label === net);
  if (!shown) return `net must be one of ${joinWithAnd(nets.map(({ label }) => label))}; got ${net}`;
  const blocks = 3 * shown.n;
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

/**
 * Formats a probability: 0.934 as "93 %", and one that is nearly 0 or 1 as "< 1 %" or "> 99 %".
 * @param {number} probability
 */
export function formatProbability(probability) {
  if (probability > 0 && probability < 0.005) return "< 1 %";
  if (probability < 1 && probability >= 0.995) return "> 99 %";
  return `${Math.round(100 * probability)} %`;
}

/** Finds the index of the largest number. @param {number[]} values */
export const findLargest = (values) =>
  values.reduce((best, value, index) => (value > values[best] ? index : best), 0);

/**
 * Describes the net's prediction for an image, and its prediction with every block on if that is another class.
 * @param {ArrayLike<number>} now  probabilities
 * @param {ArrayLike<number> | null} whole  probabilities with every block on
 * @param {number} truth  the label, -1 if it is not known
 * @param {string[]} classes
 */
export function describePrediction(now, whole, truth, classes) {
  const [best, before] = [findLargest(Array.from(now)), whole && findLargest(Array.from(whole))];
  const end = truth < 0 ? " It knows these ten classes and no other." : "";
  const fact = truth < 0 ? "." : `; it is ${addArticle(classes[truth])}.`;
  const changed = whole && before !== best
    ? ` With every block on it says ${classes[before]}, ${formatProbability(whole[before])}.`
    : "";
  return `The net says ${classes[best]}, ${formatProbability(now[best])}${fact}${changed || end}`;
}

/**
 * Describes a setting: "every block on", "2 of 9 blocks off", "1 of 9 blocks scaled".
 * @param {number[]} scales
 */
export function describeSetting(scales) {
  const off = scales.filter((scale) => scale === 0).length;
  const scaled = scales.filter((scale) => scale > 0 && scale < 1).length;
  const parts = [off && `${off} of ${formatCount(scales.length, "block")} off`, scaled && `${scaled} scaled`].filter(Boolean);
  return parts.join(", ") || "every block on";
}

/**
 * Describes the maps of a block: how many there are, and the scale of their colours.
 * @param {Block} block
 * @param {number[]} shape
 * @param {{largest: number, bright: number, empty: number}} facts  of `measureMaps`
 */
export function describeMaps(block, [height, width, channels], { largest, bright, empty }) {
  const scale = largest
    ? `One scale for all: dark is 0, white ${bright.toFixed(2)} and more (1 in 100 of the values above 0), the largest ${largest.toFixed(2)}.`
    : "";
  const dead = empty ? ` ${empty === channels ? "All" : empty} of ${channels} are 0 everywhere.` : "";
  return `${formatBlockName(block)} hands on ${channels} maps of ${height} × ${width}. ${scale}${dead}`;
}

/** Describes the state of a block. @param {number} scale */
export const describeScale = (scale) => (scale === 1 ? "on" : scale === 0 ? "off" : `at ${scale.toFixed(2)}`);

/**
 * Describes the recorded error of a setting.
 * @param {Lesions | null} lesions
 * @param {number[]} scales
 */
export function describeRecordedError(lesions, scales) {
  const record = findRecordedError(lesions, scales);
  return record
    ? `All ${record.images.toLocaleString("en-US")} test images, recorded: ${record.error.toFixed(2)} % wrong`
    : "All test images: not recorded for this setting";
}

/**
 * Describes a count of correctly classified images.
 * @param {{done: number, right: number, of: number}} count  `done` of `of` images have been classified
 */
export function describeCount({ done, right, of }) {
  if (!done) return "Stopped before the first image was counted";
  const { error, standardError } = computeError(right, done);
  const counted = done < of ? `Stopped after ${done} of ${of}: ` : "";
  return `${counted}${right} of ${done} right: ${error.toFixed(1)} % wrong (± ${standardError.toFixed(1)} points, one standard error)`;
}

/**
 * Describes the sizes of a block's branch and of its skip.
 * @param {Block} block
 * @param {number} branch
 * @param {number} skip
 */
export function describeSizes(block, branch, skip) {
  const sizes = `${formatBlockName(block)}: branch ${branch.toFixed(2)}`;
  if (!skip) return `${sizes}, nothing beside it`;
  if (!branch) return `${formatBlockName(block)}: skip ${skip.toFixed(2)}, the branch adds nothing`;
  const share = branch / skip;
  return `${sizes}, skip ${skip.toFixed(2)}: the branch is ${share.toFixed(share < 0.1 ? 3 : 2)} times the skip`;
}
