// Computes random draws, means, norms and products of matrices, in float64 as resnet_lib/inside/dense.py.

const MAX_CACHED_SEEDS = 4;
const cachedDraws = new Map(); // seed → index → draws: a change of another control draws nothing anew

/**
 * Draws standard normal numbers, at least `count`, by mulberry32 and Box–Muller.
 * @param {number} seed
 * @param {number} index  of the draws in the seed's sequence
 * @param {number} count
 * @returns {Float64Array}
 */
export function drawNormals(seed, index, count) {
  if (!cachedDraws.has(seed)) {
    if (cachedDraws.size >= MAX_CACHED_SEEDS) cachedDraws.delete(cachedDraws.keys().next().value);
    cachedDraws.set(seed, new Map());
  }
  const ofSeed = cachedDraws.get(seed);
  const before = ofSeed.get(index);
  if (before?.length >= count) return before;
  const draws = new Float64Array(count);
  const start = Math.imul(seed, 0x9e3779b1);
  const drawUniform = (position) => {
    let bits = (start + Math.imul(position, 0x6d2b79f5)) | 0;
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
    bits ^= (bits + Math.imul(bits ^ (bits >>> 7), bits | 61)) | 0;
    return (((bits ^ (bits >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
  for (let at = 0; at < count; at += 1) {
    const position = 4096 * index + 2 * at + 1;
    draws[at] = Math.sqrt(-2 * Math.log(drawUniform(position))) * Math.cos(2 * Math.PI * drawUniform(position + 1));
  }
  ofSeed.set(index, draws);
  return draws;
}

/** Computes the mean. @param {ArrayLike<number>} values */
export function computeMean(values) {
  let sum = 0;
  for (let index = 0; index < values.length; index += 1) sum += values[index];
  return sum / values.length;
}

/** Computes the standard deviation. @param {ArrayLike<number>} values */
export function computeStd(values) {
  const mean = computeMean(values);
  let squares = 0;
  for (let index = 0; index < values.length; index += 1) squares += (values[index] - mean) ** 2;
  return Math.sqrt(squares / values.length);
}

/**
 * Computes the Euclidean norm of the first `count` values.
 * @param {ArrayLike<number>} values
 * @param {number} [count]
 */
export function computeNorm(values, count = values.length) {
  let sum = 0;
  for (let index = 0; index < count; index += 1) sum += values[index] * values[index];
  if (sum > 1e-280 && sum < 1e300) return Math.sqrt(sum);
  let largest = 0; // by which values are divided first, because the square of 1e-200 is 0
  for (let index = 0; index < count; index += 1) {
    const size = Math.abs(values[index]);
    if (!(size <= largest)) largest = size; // keeps a NaN
  }
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  let squares = 0;
  for (let index = 0; index < count; index += 1) squares += (values[index] / largest) ** 2;
  return largest * Math.sqrt(squares);
}

/**
 * Computes out[r, c] = sum over k of a[r * aRow + k * aStep] * b[k * bStep + c * bColumn], or adds it to
 * `out`. It is one long loop for speed: four rows and two columns at once, which is as many sums as a
 * processor has registers for. (`let [a, b] = [0, 0]` in place of two declarations is three times as slow.)
 * @param {Float64Array} out  (rows, columns)
 * @param {Float64Array} a
 * @param {number} aRow
 * @param {number} aStep
 * @param {Float64Array} b
 * @param {number} bStep
 * @param {number} bColumn
 * @param {number} rows
 * @param {number} steps
 * @param {number} columns
 * @param {boolean} add
 */
export function multiplyMatrices(out, a, aRow, aStep, b, bStep, bColumn, rows, steps, columns, add) {
  let r = 0;
  for (; columns % 2 === 0 && r + 4 <= rows; r += 4) {
    const start = r * aRow;
    for (let c = 0; c < columns; c += 2) {
      let s00 = 0, s01 = 0, s10 = 0, s11 = 0, s20 = 0, s21 = 0, s30 = 0, s31 = 0;
      let at = start, from = c * bColumn;
      for (let k = 0; k < steps; k += 1) {
        const b0 = b[from], b1 = b[from + bColumn];
        const a0 = a[at], a1 = a[at + aRow], a2 = a[at + 2 * aRow], a3 = a[at + 3 * aRow];
        s00 += a0 * b0; s01 += a0 * b1; s10 += a1 * b0; s11 += a1 * b1;
        s20 += a2 * b0; s21 += a2 * b1; s30 += a3 * b0; s31 += a3 * b1;
        at += aStep; from += bStep;
      }
      const o = r * columns + c;
      if (add) {
        s00 += out[o]; s01 += out[o + 1]; s10 += out[o + columns]; s11 += out[o + columns + 1];
        s20 += out[o + 2 * columns]; s21 += out[o + 2 * columns + 1];
        s30 += out[o + 3 * columns]; s31 += out[o + 3 * columns + 1];
      }
      out[o] = s00; out[o + 1] = s01; out[o + columns] = s10; out[o + columns + 1] = s11;
      out[o + 2 * columns] = s20; out[o + 2 * columns + 1] = s21;
      out[o + 3 * columns] = s30; out[o + 3 * columns + 1] = s31;
    }
  }
  for (; r < rows; r += 1) {
    for (let c = 0; c < columns; c += 1) {
      let sum = add ? out[r * columns + c] : 0;
      for (let k = 0; k < steps; k += 1) sum += a[r * aRow + k * aStep] * b[k * bStep + c * bColumn];
      out[r * columns + c] = sum;
    }
  }
}

/**
 * Computes how similar slopes at neighbouring points are: the mean over neighbours a and b of
 * 2ab / (a² + b²). It is 1 for equal slopes, 0 for white noise, -1 for opposite slopes. Each pair counts
 * the same, however large its slopes, so that one steep point does not make noise look smooth.
 * @param {ArrayLike<number>} slopes
 * @returns {number} NaN if a slope is not finite
 */
export function correlateNeighbours(slopes) {
  if (!slopes.every(Number.isFinite)) return NaN;
  let sum = 0;
  for (let at = 1; at < slopes.length; at += 1) {
    const larger = Math.max(Math.abs(slopes[at - 1]), Math.abs(slopes[at]));
    const [a, b] = [slopes[at - 1] / larger, slopes[at] / larger]; // because the square of 1e-200 is 0
    sum += larger ? (2 * a * b) / (a * a + b * b) : 1; // two zeros are equal
  }
  return sum / (slopes.length - 1);
}
