// Describes the CIFAR nets in numbers: the layers that `resnet_lib/nets/resnet.py` builds.

const LAYERS_PER_N = { v1: 6, v2: 9 };
const SHORTCUTS = ["projection", "pad", "none", "highway"];
const MAX_N = 200; // of ResNet-1202
/** The images of a batch, for which activations are counted. */
export const BATCH_SIZE = 128;
const BYTES_PER_VALUE = 4; // float32

/**
 * @typedef {{version: string, n: number, shortcut: string}} NetChoice
 * @typedef {{name: string, type: string, label: string, shape: number[], params: number,
 *   trainable: number, macs: number}} Layer  `shape` is height, width, channels of its output
 * @typedef {{name: string, role: "stem"|"block"|"head", stage: number, index: number,
 *   shortcut: string, layers: Layer[], input: number[], output: number[], params: number,
 *   trainable: number, macs: number}} Block
 * @typedef {NetChoice & {blocks: Block[], layers: Layer[], depth: number, params: number,
 *   trainable: number, macs: number, activationBytes: number}} Net
 */

/**
 * Finds what is wrong with the choice of a net, "" where it can be built.
 * @param {NetChoice} choice
 */
export function findNetProblem({ version, n, shortcut }) {
  if (!(version in LAYERS_PER_N)) return `version must be v1 or v2; got ${version}`;
  if (!Number.isInteger(n) || n < 1 || n > MAX_N) return `n must be a whole number from 1 to ${MAX_N}; got ${n}`;
  if (!SHORTCUTS.includes(shortcut)) return `shortcut must be one of ${SHORTCUTS.join(", ")}; got ${shortcut}`;
  return "";
}

/**
 * Computes the depth, 6n+2 or 9n+2: the layers with weights on the longest path.
 * @param {string} version
 * @param {number} n
 */
export const computeDepth = (version, n) => LAYERS_PER_N[version] * n + 2;

/** Collects layers, block by block, as `resnet_v1` and `resnet_v2` build them. */
class NetBuilder {
  constructor(shortcut) {
    this.shortcut = shortcut;
    this.hasBias = shortcut === "projection" || shortcut === "highway";
    /** @type {Block[]} */
    this.blocks = [];
  }
  begin(name, role, stage, index, input) {
    this.blocks.push({ name, role, stage, index, input, shortcut: "", layers: [] });
  }
  layer(name, type, label, shape, params = 0, trainable = params, macs = 0) {
    this.blocks.at(-1).layers.push({ name, type, label, shape, params, trainable, macs });
    return shape;
  }
  convolution(x, filters, kernel, strides, name, { type = "conv", label = "conv" } = {}) {
    const shape = [Math.ceil(x[0] / strides), Math.ceil(x[1] / strides), filters];
    const weights = kernel * kernel * x[2] * filters;
    const size = `${kernel}×${kernel}${strides > 1 ? ` / ${strides}` : ""}`;
    const params = weights + (this.hasBias ? filters : 0);
    return this.layer(name, type, `${label} ${size}`, shape, params, params, weights * shape[0] * shape[1]);
  }
  batchNorm(x, name) {
    return this.layer(name, "bn", "batch norm", x, 4 * x[2], 2 * x[2]); // its averages are not trained
  }
  resnetLayer(x, filters, name, { kernel = 3, strides = 1, activate = true, normalize = true, convFirst = true } = {}) {
    const convolve = (y) => this.convolution(y, filters, kernel, strides, `${name}_conv`);
    const normalizeAndActivate = (y) => {
      if (normalize) this.batchNorm(y, `${name}_bn`);
      if (activate) this.layer(`${name}_relu`, "relu", "ReLU", y);
      return y;
    };
    return convFirst ? normalizeAndActivate(convolve(x)) : convolve(normalizeAndActivate(x));
  }
  /** Adds the shortcut of a block around its branch. */
  join(x, branch, strides, name) {
    const [block, { shortcut }] = [this.blocks.at(-1), this];
    block.shortcut = shortcut === "none" ? "none" : "identity";
    if (shortcut === "none") return branch;
    if (strides > 1 || x[2] !== branch[2]) {
      block.shortcut = shortcut === "pad" ? "pad" : "projection";
      if (shortcut === "pad") this.layer(`${name}_shortcut_pad`, "pad", "pad with zeros", branch);
      else this.convolution(x, branch[2], 1, strides, `${name}_shortcut_conv`, { type: "projection" });
    }
    if (shortcut === "highway") {
      this.convolution(branch, branch[2], 1, 1, `${name}_gate`, { type: "gate", label: "gate T," });
      this.layer(`${name}_difference`, "mix", "F(x) − x", branch);
      this.layer(`${name}_gated`, "mix", "times T", branch);
    }
    return this.layer(`${name}_add`, "add", shortcut === "highway" ? "plus x" : "x + F(x)", branch);
  }
}

/** Adds a block of two 3×3 convolutions. */
function addBlockV1(builder, x, filters, strides, name) {
  const y = builder.resnetLayer(x, filters, `${name}_1`, { strides });
  const branch = builder.resnetLayer(y, filters, `${name}_2`, { activate: false });
  return builder.layer(`${name}_relu`, "relu", "ReLU", builder.join(x, branch, strides, name));
}

/** Adds a bottleneck block; the stem's batch norm and ReLU are the first block's too. */
function addBlockV2(builder, x, [filters, filtersOut], strides, name, isFirst) {
  const options = { kernel: 1, strides, convFirst: false, activate: !isFirst, normalize: !isFirst };
  let branch = builder.resnetLayer(x, filters, `${name}_1`, options);
  branch = builder.resnetLayer(branch, filters, `${name}_2`, { convFirst: false });
  branch = builder.resnetLayer(branch, filtersOut, `${name}_3`, { kernel: 1, convFirst: false });
  return builder.join(x, branch, strides, name);
}

function addStages(builder, x, { version, n }) {
  const filters = version === "v1" ? [16, 32, 64] : [[16, 64], [64, 128], [128, 256]];
  for (const stage of [1, 2, 3]) {
    for (let index = 1; index <= n; index += 1) {
      const name = `stage${stage}_block${index}`;
      const strides = stage > 1 && index === 1 ? 2 : 1;
      builder.begin(name, "block", stage, index, x);
      x = version === "v1" ? addBlockV1(builder, x, filters[stage - 1], strides, name)
        : addBlockV2(builder, x, filters[stage - 1], strides, name, stage === 1 && index === 1);
    }
  }
  return x;
}

function addHead(builder, x, { version, numClasses }) {
  builder.begin("head", "head", 4, 0, x);
  if (version === "v2") {
    builder.batchNorm(x, "final_bn");
    builder.layer("final_relu", "relu", "ReLU", x);
  }
  builder.layer("pool", "pool", "average pool", [x[2]]);
  const weights = x[2] * numClasses;
  builder.layer("classifier", "dense", "dense, softmax", [numClasses], weights + numClasses, undefined, weights);
}

const total = (layers, key) => layers.reduce((sum, one) => sum + one[key], 0);

/**
 * Describes the net that `resnet_v1` or `resnet_v2` builds, with the same layers under the same names.
 * Multiply-adds are those of convolutions and the dense layer, for one image. Activations are the
 * bytes of every layer's output (the input left out) in float32 for a batch of 128: what a
 * framework that fuses nothing keeps for the backward pass.
 * @param {NetChoice & {inputShape?: number[], numClasses?: number}} choice
 * @returns {Net}
 */
export function describeNet({ version, n, shortcut, inputShape = [32, 32, 3], numClasses = 10 }) {
  const problem = findNetProblem({ version, n, shortcut });
  if (problem) throw new RangeError(problem);
  const builder = new NetBuilder(shortcut);
  builder.begin("stem", "stem", 0, 0, inputShape);
  const x = addStages(builder, builder.resnetLayer(inputShape, 16, "stem"), { version, n });
  addHead(builder, x, { version, numClasses });
  const { blocks } = builder;
  for (const block of blocks) {
    block.output = block.layers.at(-1).shape;
    for (const key of ["params", "trainable", "macs"]) block[key] = total(block.layers, key);
  }
  const layers = blocks.flatMap((block) => block.layers);
  const values = layers.reduce((sum, layer) => sum + layer.shape.reduce((a, b) => a * b), 0);
  return {
    version, n, shortcut, blocks, layers,
    depth: computeDepth(version, n),
    params: total(blocks, "params"),
    trainable: total(blocks, "trainable"),
    macs: total(blocks, "macs"),
    activationBytes: BYTES_PER_VALUE * BATCH_SIZE * values,
  };
}

/**
 * Formats the Python that builds a net.
 * @param {NetChoice} choice
 */
export function formatPythonCall({ version, n, shortcut }) {
  const option = shortcut === "projection" ? "" : `, shortcut="${shortcut}"`;
  return `from resnet_lib import resnet_${version}\nmodel = resnet_${version}((32, 32, 3), depth=${computeDepth(version, n)}${option})`;
}

/**
 * Formats a net's name: ResNet-20 v1, Plain-20 v1, Highway-20 v1.
 * @param {NetChoice} choice
 */
export function formatNetName({ version, n, shortcut }) {
  const family = { none: "Plain", highway: "Highway" }[shortcut] ?? "ResNet";
  return `${family}-${computeDepth(version, n)} ${version}`;
}

/**
 * Compares a net with the other version's nearest in depth, in one sentence.
 * @param {Net} net
 */
export function compareVersions(net) {
  const version = net.version === "v1" ? "v2" : "v1";
  const nearest = Math.round((net.depth - 2) / LAYERS_PER_N[version]);
  const n = Math.min(MAX_N, Math.max(1, nearest));
  const other = describeNet({ ...net, version, n });
  const [params, macs] = [other.params / net.params, other.macs / net.macs];
  return (
    `${formatNetName(other)} (n = ${n}) has ${params.toFixed(2)} times as many parameters and does ` +
    `${macs.toFixed(2)} times the multiply-adds: the two versions differ in more than their order of layers.`
  );
}
