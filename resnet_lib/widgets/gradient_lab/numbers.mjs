// Numbers for the gradient lab: random draws from a seed, norms, and the product of two matrices. They
// repeat resnet_lib/inside/dense.py, in float64.

// ---------------------------------------------------------------- numbers from a seed

const kept = new Map(); // seed → place → draws: a change of another control draws nothing anew

/** Standard normal draws of a place in a seed's sequence: at least `count`. mulberry32, Box–Muller. */
export function normals(seed, place, count) {
  if (!kept.has(seed)) {
    if (kept.size >= 4) kept.delete(kept.keys().next().value);
    kept.set(seed, new Map());
  }
  const places = kept.get(seed);
  const before = places.get(place);
  if (before?.length >= count) return before;
  const draws = new Float64Array(count);
  const start = Math.imul(seed, 0x9e3779b1);
  const uniform = (index) => {
    let bits = (start + Math.imul(index, 0x6d2b79f5)) | 0;
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
    bits ^= (bits + Math.imul(bits ^ (bits >>> 7), bits | 61)) | 0;
    return (((bits ^ (bits >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
  for (let index = 0; index < count; index += 1) {
    const at = 4096 * place + 2 * index + 1;
    draws[index] = Math.sqrt(-2 * Math.log(uniform(at))) * Math.cos(2 * Math.PI * uniform(at + 1));
  }
  places.set(place, draws);
  return draws;
}

// ---------------------------------------------------------------- sums

/** The mean of all values. */
export function meanOf(values) {
  let sum = 0;
  for (let index = 0; index < values.length; index += 1) sum += values[index];
  return sum / values.length;
}

/** Standard deviation of all values. */
export function deviationOf(values) {
  const mean = meanOf(values);
  let square = 0;
  for (let index = 0; index < values.length; index += 1) square += (values[index] - mean) ** 2;
  return Math.sqrt(square / values.length);
}

/** Euclidean norm of the first `count` values. */
export function norm(values, count = values.length) {
  let sum = 0;
  for (let index = 0; index < count; index += 1) sum += values[index] * values[index];
  if (sum > 1e-280 && sum < 1e300) return Math.sqrt(sum);
  let largest = 0; // else scaled first, as the square of 1e-200 is 0
  for (let index = 0; index < count; index += 1) {
    const size = Math.abs(values[index]);
    if (!(size <= largest)) largest = size; // a nan stays
  }
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  let square = 0;
  for (let index = 0; index < count; index += 1) square += (values[index] / largest) ** 2;
  return largest * Math.sqrt(square);
}

/**
 * out[r, c] = sum over k of a[r * aRow + k * aStep] * b[k * bStep + c * bColumn], or added to what is
 * there. Four rows and two columns at once, which is as many sums as a processor has registers for.
 * (Here and below, `let [a, b] = [0, 0]` in place of two plain words makes it three times as slow.)
 */
export function multiply(out, a, aRow, aStep, b, bStep, bColumn, rows, steps, columns, add) {
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
 * How alike slopes at neighbouring points are: the mean over neighbours a and b of 2ab / (a² + b²). It
 * is 1 where they are the same, 0 for white noise, -1 where they are opposite. Every pair counts the
 * same, however large its slopes: one steep place does not make noise look smooth. NaN where a slope
 * is not finite.
 */
export function neighboursAlike(slopes) {
  if (!slopes.every(Number.isFinite)) return NaN;
  let sum = 0;
  for (let at = 1; at < slopes.length; at += 1) {
    const larger = Math.max(Math.abs(slopes[at - 1]), Math.abs(slopes[at]));
    const [a, b] = [slopes[at - 1] / larger, slopes[at] / larger]; // as the square of 1e-200 is 0
    sum += larger ? (2 * a * b) / (a * a + b * b) : 1; // two zeros are the same
  }
  return sum / (slopes.length - 1);
}

/** Does to the end what a page does in slices. */
export function finish(work) {
  let step = work.next();
  while (!step.done) step = work.next();
  return step.value;
}
