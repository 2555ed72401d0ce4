// The CIFAR nets in numbers: `describe` says of each what `resnet_lib/nets/resnet.py` builds. Nothing here draws.

const LAYERS_PER_N = { v1: 6, v2: 9 };
const SHORTCUTS = ["projection", "pad", "none", "highway"];
const MOST = 200; // n of ResNet-1202
export const BATCH_SIZE = 128;

/**
 * @typedef {{name: string, type: string, label: string, shape: number[], params: number,
 *   trainable: number, macs: number}} Layer  `shape` is height, width, channels of its output
 * @typedef {{name: string, role: "stem"|"block"|"head", stage: number, index: number,
 *   shortcut: string, layers: Layer[], input: number[], output: number[], params: number,
 *   trainable: number, macs: number}} Block
 */

/** What is wrong with a state, in words, or "" where it can be drawn. */
export function findNetProblem({ version, n, shortcut }) {
  if (!(version in LAYERS_PER_N)) return `version must be v1 or v2; got ${version}`;
  if (!Number.isInteger(n) || n < 1 || n > MOST) return `n must be a whole number from 1 to ${MOST}; got ${n}`;
  if (!SHORTCUTS.includes(shortcut)) return `shortcut must be one of ${SHORTCUTS.join(", ")}; got ${shortcut}`;
  return "";
}

/** 6n+2 or 9n+2: the layers with weights on the longest path. */
export const computeDepth = (version, n) => LAYERS_PER_N[version] * n + 2;

/**
 * The net that `resnet_v1` or `resnet_v2` builds, with the same layers under the same names.
 * Multiply-adds are those of convolutions and the dense layer, for one image. Activations are the
 * bytes of every layer's output (the input left out) in float32 for a batch of 128: what a
 * framework that fuses nothing keeps for the backward pass.
 */
export function describeNet({ version, n, shortcut, inputShape = [32, 32, 3], numClasses = 10 }) {
  const wrong = findNetProblem({ version, n, shortcut });
  if (wrong) throw new RangeError(wrong);
  const bias = shortcut === "projection" || shortcut === "highway";
  /** @type {Block[]} */
  const blocks = [];

  function layer(name, type, label, shape, params = 0, trainable = params, macs = 0) {
    blocks.at(-1).layers.push({ name, type, label, shape, params, trainable, macs });
    return shape;
  }
  function begin(name, role, stage, index, input) {
    blocks.push({ name, role, stage, index, input, shortcut: "", layers: [] });
  }
  function convolution(x, filters, kernel, strides, name, { type = "conv", label = "conv", hasBias = bias } = {}) {
    const shape = [Math.ceil(x[0] / strides), Math.ceil(x[1] / strides), filters];
    const weights = kernel * kernel * x[2] * filters;
    const size = `${kernel}×${kernel}${strides > 1 ? ` / ${strides}` : ""}`;
    const params = weights + (hasBias ? filters : 0);
    return layer(name, type, `${label} ${size}`, shape, params, params, weights * shape[0] * shape[1]);
  }
  function batchNorm(x, name) {
    return layer(name, "bn", "batch norm", x, 4 * x[2], 2 * x[2]); // its averages are not trained
  }
  function resnetLayer(x, filters, name, options = {}) {
    const { kernel = 3, strides = 1, activate = true, normalize = true, convFirst = true } = options;
    const convolve = (y) => convolution(y, filters, kernel, strides, `${name}_conv`);
    const normalizeAndActivate = (y) => {
      if (normalize) batchNorm(y, `${name}_bn`);
      if (activate) layer(`${name}_relu`, "relu", "ReLU", y);
      return y;
    };
    return convFirst ? normalizeAndActivate(convolve(x)) : convolve(normalizeAndActivate(x));
  }
  function join(x, branch, strides, name) {
    const block = blocks.at(-1);
    block.shortcut = shortcut === "none" ? "none" : "identity";
    if (shortcut === "none") return branch;
    if (strides > 1 || x[2] !== branch[2]) {
      block.shortcut = shortcut === "pad" ? "pad" : "projection";
      if (shortcut === "pad") layer(`${name}_shortcut_pad`, "pad", "pad with zeros", branch);
      else convolution(x, branch[2], 1, strides, `${name}_shortcut_conv`, { type: "projection" });
    }
    if (shortcut === "highway") {
      convolution(branch, branch[2], 1, 1, `${name}_gate`, { type: "gate", label: "gate T," });
      layer(`${name}_difference`, "mix", "F(x) − x", branch);
      layer(`${name}_gated`, "mix", "times T", branch);
    }
    return layer(`${name}_add`, "add", shortcut === "highway" ? "plus x" : "x + F(x)", branch);
  }

  begin("stem", "stem", 0, 0, inputShape);
  let x = resnetLayer(inputShape, 16, "stem");
  let [filters, filtersOut] = version === "v1" ? [16, 16] : [16, 64];
  for (const stage of [1, 2, 3]) {
    for (let index = 1; index <= n; index += 1) {
      const name = `stage${stage}_block${index}`;
      const strides = stage > 1 && index === 1 ? 2 : 1;
      begin(name, "block", stage, index, x);
      let y;
      if (version === "v1") {
        y = resnetLayer(x, filters, `${name}_1`, { strides });
        y = resnetLayer(y, filters, `${name}_2`, { activate: false });
      } else {
        const done = stage === 1 && index === 1; // by the stem's own batch norm and ReLU
        const first = { kernel: 1, strides, convFirst: false, activate: !done, normalize: !done };
        y = resnetLayer(x, filters, `${name}_1`, first);
        y = resnetLayer(y, filters, `${name}_2`, { convFirst: false });
        y = resnetLayer(y, filtersOut, `${name}_3`, { kernel: 1, convFirst: false });
      }
      x = join(x, y, strides, name);
      if (version === "v1") layer(`${name}_relu`, "relu", "ReLU", x);
    }
    [filters, filtersOut] = version === "v1" ? [2 * filters, 0] : [filtersOut, 2 * filtersOut];
  }
  begin("head", "head", 4, 0, x);
  if (version === "v2") {
    batchNorm(x, "final_bn");
    layer("final_relu", "relu", "ReLU", x);
  }
  layer("pool", "pool", "average pool", [x[2]]);
  const weights = x[2] * numClasses;
  layer("classifier", "dense", "dense, softmax", [numClasses], weights + numClasses, undefined, weights);

  const total = (layers, key) => layers.reduce((sum, one) => sum + one[key], 0);
  for (const block of blocks) {
    block.output = block.layers.at(-1).shape;
    for (const key of ["params", "trainable", "macs"]) block[key] = total(block.layers, key);
  }
  const layers = blocks.flatMap((block) => block.layers);
  const values = layers.reduce((sum, one) => sum + one.shape.reduce((a, b) => a * b), 0);
  return {
    version, n, shortcut, blocks, layers,
    depth: computeDepth(version, n),
    params: total(blocks, "params"),
    trainable: total(blocks, "trainable"),
    macs: total(blocks, "macs"),
    activationBytes: 4 * BATCH_SIZE * values,
  };
}

/** The Python that builds this net. */
export function formatPythonCall({ version, n, shortcut }) {
  const option = shortcut === "projection" ? "" : `, shortcut="${shortcut}"`;
  return `from resnet_lib import resnet_${version}\nmodel = resnet_${version}((32, 32, 3), depth=${computeDepth(version, n)}${option})`;
}

/** ResNet-20 v1, Plain-20 v1, Highway-20 v1. */
export function formatNetName({ version, n, shortcut }) {
  const kind = { none: "Plain", highway: "Highway" }[shortcut] ?? "ResNet";
  return `${kind}-${computeDepth(version, n)} ${version}`;
}

/** One sentence that sets the net beside the other version's nearest in depth. */
export function compareVersions(net) {
  const version = net.version === "v1" ? "v2" : "v1";
  const nearest = Math.round((net.depth - 2) / LAYERS_PER_N[version]);
  const n = Math.min(MOST, Math.max(1, nearest));
  const other = describeNet({ ...net, version, n });
  const [params, macs] = [other.params / net.params, other.macs / net.macs];
  return (
    `${formatNetName(other)} (n = ${n}) has ${params.toFixed(2)} times as many parameters and does ` +
    `${macs.toFixed(2)} times the multiply-adds: the two versions differ in more than their order of layers.`
  );
}
