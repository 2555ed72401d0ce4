// Computes the points of a curve that the reader draws.
import { clamp } from "../shared/plotting.mjs";

/**
 * Fills in missing points: by straight lines in between, by the nearest point at the ends.
 * @param {number[]} x
 * @param {(number | null)[]} points
 * @returns {number[] | null} null if no point is drawn
 */
export function fillIn(x, points) {
  const drawn = points.flatMap((value, index) => (value === null ? [] : [index]));
  if (!drawn.length) return null;
  return points.map((value, index) => {
    if (value !== null) return value;
    const before = drawn.findLast((one) => one < index) ?? drawn[0];
    const after = drawn.find((one) => one > index) ?? drawn.at(-1);
    const share = clamp((x[index] - x[before]) / (x[after] - x[before] || 1), 0, 1);
    return points[before] + share * (points[after] - points[before]);
  });
}

/**
 * Finds the index of the point nearest to a value on the axis.
 * @param {number[]} x
 * @param {number} value
 */
export function findNearest(x, value) {
  const distances = x.map((one) => Math.abs(one - value));
  return distances.indexOf(Math.min(...distances));
}

/**
 * Returns the points after a stroke of the pen.
 * @param {number[]} x
 * @param {(number | null)[]} points
 * @param {{x: number, y: number}} start
 * @param {{x: number, y: number}} end
 */
export function applyStroke(x, points, start, end) {
  const [left, right] = start.x < end.x ? [start, end] : [end, start];
  const slope = (right.y - left.y) / (right.x - left.x || 1);
  const crossed = points.map((value, index) =>
    x[index] >= left.x && x[index] <= right.x ? left.y + slope * (x[index] - left.x) : value);
  crossed[findNearest(x, end.x)] = end.y;
  return crossed;
}
