import { deviationOf, meanOf, multiply, norm, normals } from "./numbers.mjs";

// A fully connected net, forwards and backwards: what resnet_lib/inside/dense.py says, number by number, and
// tests hold the two to each other. No DOM here, and float64 throughout.
//
// Arrays of units and points lie unit by unit, so that a unit's points are neighbours. All buffers
// are made once and for all depths: at every change of a control no memory is asked for.
// Long work is a generator that pauses often, so that a page can do it in slices.

export const WIDTH = 32;
export const POINTS = 64; // of the task, half of them in each class
export const LINE = 256; // points on which the net of one input is looked at
export const LEARNING_RATE = 0.02;
export const MOMENTUM = 0.9;
export const STEPS = 200;
export const ACTIVATIONS = ["sigmoid", "tanh", "relu"];
export const INITIALIZATIONS = ["small", "glorot", "he"];
export const NORMALIZATIONS = ["none", "batch"];
export const SKIPS = ["none", "identity", "scaled"];
const settings = (activation, initialization, normalization = "none", skip = "none") =>
  ({ activation, initialization, normalization, skip });
export const PRESETS = {
  1991: settings("sigmoid", "small"),
  Glorot: settings("tanh", "glorot"),
  He: settings("relu", "he"),
  "batch norm": settings("relu", "he", "batch"),
  residual: settings("relu", "he", "batch", "identity"),
};
const EPSILON = 1e-5; // in batch normalisation
const DEVIATION = {
  small: (n) => Math.sqrt(1 / (3 * n)),
  glorot: (n, m) => Math.sqrt(2 / (n + m)),
  he: (n) => Math.sqrt(2 / n),
};
const [LAST, NOISE, BIASES] = [0, 101, 102]; // places: hidden layer l has place l, its bias on a line 102 + l

/**
 * @typedef {{depth: number, activation: string, initialization: string, normalization: string,
 *   skip: string, seed: number}} Spec
 * @typedef {{W: Float64Array, b: Float64Array, gamma: Float64Array}} Weights  W is (inputs, outputs)
 */

/** What a branch is multiplied by before it is added. */
const scaleOf = (spec) => (spec.skip === "scaled" ? spec.depth ** -0.5 : 1);

// ---------------------------------------------------------------- the task, and weights

/** The task: two half-circles that interlock, (2, 64); the first half of the points is class 0. The
 *  same whatever a net's seed: new weights change the weights alone. */
export function twoMoons() {
  const half = POINTS / 2;
  const noise = normals(0, NOISE, 2 * POINTS);
  const points = new Float64Array(2 * POINTS);
  for (let p = 0; p < POINTS; p += 1) {
    const angle = (Math.PI * (p % half)) / (half - 1);
    const upper = [Math.cos(angle), Math.sin(angle)];
    for (const axis of [0, 1]) {
      const clean = p < half ? upper[axis] : [1, 0.5][axis] - upper[axis];
      points[axis * POINTS + p] = clean + 0.1 * noise[2 * p + axis];
    }
  }
  for (const axis of [0, 1]) {
    const row = points.subarray(axis * POINTS, (axis + 1) * POINTS);
    const [mean, deviation] = [meanOf(row), deviationOf(row)];
    row.forEach((value, p) => (row[p] = (value - mean) / deviation));
  }
  return points;
}

function fillWeights(W, spec, place, n, m) {
  const draws = normals(spec.seed, place, n * m);
  const deviation = DEVIATION[spec.initialization](n, m);
  for (let index = 0; index < n * m; index += 1) W[index] = deviation * draws[index];
}

// ---------------------------------------------------------------- forwards

/** What a hidden layer of `count` points leaves behind: its output h, and what going back needs. */
const traceOf = (count) => ({
  h: new Float64Array(WIDTH * count), normal: new Float64Array(WIDTH * count), slope: new Float64Array(WIDTH * count),
  mean: new Float64Array(WIDTH), deviation: new Float64Array(WIDTH),
});

/** h = f(a) where a stands, and the slope f'(a) beside it. */
function activate(activation, h, slope) {
  if (activation === "relu") {
    for (let index = 0; index < h.length; index += 1) {
      slope[index] = h[index] > 0 ? 1 : 0;
      if (h[index] < 0) h[index] = 0;
    }
  } else if (activation === "tanh") {
    for (let index = 0; index < h.length; index += 1) {
      const t = Math.tanh(h[index]);
      h[index] = t;
      slope[index] = 1 - t * t;
    }
  } else {
    for (let index = 0; index < h.length; index += 1) {
      const t = Math.tanh(h[index] / 2);
      h[index] = 0.5 + 0.5 * t;
      slope[index] = 0.25 * (1 - t * t);
    }
  }
}

/**
 * One hidden layer, from `input` (n, count) to `trace`.
 * @param {boolean} still  whether mean and deviation are taken from the trace as they are
 */
function hiddenForward(spec, weights, first, input, n, count, trace, still = false) {
  const { h, normal, mean, deviation } = trace;
  multiply(h, weights.W, 1, WIDTH, input, count, 1, WIDTH, n, count, false);
  for (let unit = 0; unit < WIDTH; unit += 1) {
    const start = unit * count, end = start + count;
    const b = weights.b[unit], gamma = weights.gamma[unit];
    if (spec.normalization === "batch") {
      if (!still) {
        let sum = 0, square = 0;
        for (let at = start; at < end; at += 1) sum += h[at];
        const middle = (mean[unit] = sum / count);
        for (let at = start; at < end; at += 1) square += (h[at] - middle) * (h[at] - middle);
        deviation[unit] = Math.sqrt(square / count + EPSILON);
      }
      const middle = mean[unit], narrow = 1 / deviation[unit];
      for (let at = start; at < end; at += 1) {
        normal[at] = (h[at] - middle) * narrow;
        h[at] = gamma * normal[at] + b;
      }
    } else {
      for (let at = start; at < end; at += 1) h[at] += b;
    }
  }
  activate(spec.activation, h, trace.slope);
  if (first || spec.skip === "none") return;
  const scale = scaleOf(spec);
  for (let at = 0; at < h.length; at += 1) h[at] = input[at] + scale * h[at];
}

/** Logits (count) of the last layer's inputs (n, count). */
function logitsOf({ W, b }, input, n, count, logits) {
  logits.fill(b[0]);
  for (let i = 0; i < n; i += 1) {
    for (let p = 0; p < count; p += 1) logits[p] += W[i] * input[i * count + p];
  }
  return logits;
}

// ---------------------------------------------------------------- the net on its task

const PARTS = ["W", "b", "gamma"];
function layerOf(inputs, outputs) {
  const sizes = { W: inputs * outputs, b: outputs, gamma: outputs };
  const made = () => Object.fromEntries(PARTS.map((name) => [name, new Float64Array(sizes[name])]));
  return { ...made(), gradient: made(), velocity: made() };
}

/** Two moons and a net for them; its buffers serve any `Spec` that is put in. */
export function createNet() {
  const unitByPoint = () => new Float64Array(WIDTH * POINTS);
  return {
    spec: null, x: twoMoons(), hidden: [], traces: [], last: layerOf(WIDTH, 1), logits: new Float64Array(POINTS),
    error: new Float64Array(POINTS), delta: unitByPoint(), slope: unitByPoint(),
  };
}

/** Puts the initial weights of `spec` into the net. */
export function initialize(net, spec) {
  net.spec = { ...spec };
  while (net.hidden.length < spec.depth - 1) {
    net.hidden.push(layerOf(net.hidden.length ? WIDTH : 2, WIDTH));
    net.traces.push(traceOf(POINTS));
  }
  for (let index = 0; index < spec.depth; index += 1) {
    const layer = index === spec.depth - 1 ? net.last : net.hidden[index];
    const n = index === 0 ? 2 : WIDTH;
    fillWeights(layer.W, spec, layer === net.last ? LAST : index + 1, n, layer === net.last ? 1 : WIDTH);
    layer.b.fill(0);
    layer.gamma.fill(1);
  }
}

/** Mean cross-entropy in nats; leaves the traces, and in `net.error` d loss / d logits. */
export function forward(net) {
  const { spec, x, hidden, traces, last, logits, error } = net;
  let [input, n] = [x, 2];
  for (let index = 0; index < spec.depth - 1; index += 1) {
    hiddenForward(spec, hidden[index], index === 0, input, n, POINTS, traces[index]);
    [input, n] = [traces[index].h, WIDTH];
  }
  logitsOf(last, input, n, POINTS, logits);
  let loss = 0;
  for (let p = 0; p < POINTS; p += 1) {
    const y = p < POINTS / 2 ? 0 : 1;
    const wrong = y ? -logits[p] : logits[p];
    loss += Math.max(0, wrong) + Math.log1p(Math.exp(-Math.abs(wrong)));
    error[p] = (0.5 + 0.5 * Math.tanh(logits[p] / 2) - y) / POINTS;
  }
  return loss / POINTS;
}

/** The chain rule, output to input, after `forward`: every layer's `gradient`. */
export function backward(net) {
  const { spec, x, hidden, traces, last, error, delta, slope } = net;
  const batch = spec.normalization === "batch";
  const width = spec.depth === 1 ? 2 : WIDTH;
  const before = spec.depth === 1 ? x : traces[spec.depth - 2].h;
  let sum = 0;
  for (let p = 0; p < POINTS; p += 1) sum += error[p];
  last.gradient.b[0] = sum;
  multiply(last.gradient.W, before, POINTS, 1, error, 1, 0, width, POINTS, 1, false);
  if (spec.depth > 1) multiply(delta, last.W, 1, 0, error, 0, 1, WIDTH, 1, POINTS, false);
  for (let index = spec.depth - 2; index >= 0; index -= 1) {
    const [{ W, gamma, gradient }, trace] = [hidden[index], traces[index]];
    const skipped = index > 0 && spec.skip !== "none";
    const scale = skipped ? scaleOf(spec) : 1;
    for (let unit = 0; unit < WIDTH; unit += 1) {
      const start = unit * POINTS, end = start + POINTS;
      let all = 0, along = 0;
      for (let at = start; at < end; at += 1) {
        slope[at] = scale * delta[at] * trace.slope[at];
        all += slope[at];
      }
      gradient.b[unit] = all;
      if (!batch) continue;
      for (let at = start; at < end; at += 1) along += slope[at] * trace.normal[at];
      gradient.gamma[unit] = along;
      const mean = all / POINTS, share = along / POINTS, factor = gamma[unit] / trace.deviation[unit];
      for (let at = start; at < end; at += 1) slope[at] = (slope[at] - mean - trace.normal[at] * share) * factor;
    }
    const [input, n] = index === 0 ? [x, 2] : [traces[index - 1].h, WIDTH];
    multiply(gradient.W, input, POINTS, 1, slope, 1, POINTS, n, POINTS, WIDTH, false);
    if (index > 0) multiply(delta, W, WIDTH, 1, slope, POINTS, 1, WIDTH, WIDTH, POINTS, skipped);
  }
}

/** Norms of d loss / d W, input to output (depth), and spreads of hidden outputs (depth - 1). */
export function firstLook(net, spec) {
  initialize(net, spec);
  forward(net);
  backward(net);
  const norms = new Float64Array(spec.depth);
  const spreads = new Float64Array(spec.depth - 1);
  for (let index = 0; index < spec.depth - 1; index += 1) {
    norms[index] = norm(net.hidden[index].gradient.W, (index === 0 ? 2 : WIDTH) * WIDTH);
    spreads[index] = deviationOf(net.traces[index].h);
  }
  norms[spec.depth - 1] = norm(net.last.gradient.W, spec.depth === 1 ? 2 : WIDTH);
  return { norms, spreads };
}

/** One step of gradient descent with momentum, after `backward`. */
export function descend(net) {
  for (let index = 0; index < net.spec.depth; index += 1) {
    const layer = index === net.spec.depth - 1 ? net.last : net.hidden[index];
    for (const name of PARTS) {
      if (name === "gamma" && (layer === net.last || net.spec.normalization !== "batch")) continue;
      const values = layer[name], velocity = layer.velocity[name], gradient = layer.gradient[name];
      for (let at = 0; at < values.length; at += 1) {
        velocity[at] = MOMENTUM * velocity[at] - LEARNING_RATE * gradient[at];
        values[at] += velocity[at];
      }
    }
  }
}

/** Trains `net`, with a pause between the two halves of each step; `told(loss)` before each step and
 *  after the last. It ends with the first loss that is not a finite number. */
export function* training(net, spec, told, steps = STEPS) {
  initialize(net, spec);
  for (const { velocity } of [...net.hidden, net.last]) PARTS.forEach((name) => velocity[name].fill(0));
  for (let step = 0; step <= steps; step += 1) {
    const loss = forward(net);
    told(loss);
    yield;
    if (!Number.isFinite(loss) || step === steps) return;
    backward(net);
    descend(net);
    yield;
  }
}

/** Logits of a trained net at other points, (2, count), with the task's own means and deviations. */
export function* logitsAt(net, points) {
  const { spec, hidden, traces } = net;
  const count = points.length / 2;
  const logits = new Float64Array(count);
  const two = [traceOf(POINTS), traceOf(POINTS)];
  const some = new Float64Array(2 * POINTS);
  for (let start = 0; start < count; start += POINTS) {
    const end = Math.min(count, start + POINTS);
    some.set(points.subarray(start, end));
    some.set(points.subarray(count + start, count + end), POINTS);
    let [input, n] = [some, 2];
    for (let index = 0; index < spec.depth - 1; index += 1) {
      const { mean, deviation } = traces[index];
      const trace = { ...two[index % 2], mean, deviation };
      hiddenForward(spec, hidden[index], index === 0, input, n, POINTS, trace, true);
      [input, n] = [trace.h, WIDTH];
    }
    logits.set(logitsOf(net.last, input, n, POINTS, new Float64Array(POINTS)).subarray(0, end - start), start);
    yield;
  }
  return logits;
}

// ---------------------------------------------------------------- the net of one input

/** d logit / d x at 256 points of [-2, 2]; pauses after every layer. See `slopes_on_a_line`. */
export function* slopesOnALine(spec) {
  let input = Float64Array.from({ length: LINE }, (_, index) => -2 + (4 * index) / (LINE - 1));
  let along = new Float64Array(LINE).fill(1); // d input / d x
  let n = 1;
  const two = [0, 1].map(() => ({ ...traceOf(LINE), along: new Float64Array(WIDTH * LINE) }));
  const weights = layerOf(WIDTH, WIDTH);
  weights.gamma.fill(1);
  for (let index = 0; index < spec.depth - 1; index += 1) {
    fillWeights(weights.W, spec, index + 1, n, WIDTH);
    const draws = normals(spec.seed, BIASES + index + 1, WIDTH);
    const wide = DEVIATION[spec.initialization](n, WIDTH);
    for (let unit = 0; unit < WIDTH; unit += 1) weights.b[unit] = wide * draws[unit];
    const trace = two[index % 2];
    hiddenForward(spec, weights, index === 0, input, n, LINE, trace);
    multiply(trace.along, weights.W, 1, WIDTH, along, LINE, 1, WIDTH, n, LINE, false);
    const skipped = index > 0 && spec.skip !== "none";
    const scale = skipped ? scaleOf(spec) : 1;
    for (let unit = 0; unit < WIDTH; unit += 1) {
      const factor = spec.normalization === "batch" ? scale / trace.deviation[unit] : scale;
      for (let at = unit * LINE; at < (unit + 1) * LINE; at += 1) {
        trace.along[at] = factor * trace.slope[at] * trace.along[at] + (skipped ? along[at] : 0);
      }
    }
    [input, along, n] = [trace.h, trace.along, WIDTH];
    yield;
  }
  fillWeights(weights.W, spec, LAST, n, 1);
  weights.b[0] = 0;
  return logitsOf(weights, along, n, LINE, new Float64Array(LINE));
}
