// Computes a trained v1 net of the paper, residual or plain, with a scale on each block's branch.
import { createConvolution } from "./convolution.mjs";
import { CLASSIFIER_INPUT, IMAGE, PIXEL_VALUES, STAGES, parseWeightsFile } from "./weights_file.mjs";

// weights_file.py writes the file. resnet_lib/inside/lesions.py defines the scales. Tests compare this
// module with Keras. It uses no DOM. One memory, made with the net, holds all feature maps, so that a
// forward pass allocates none.

/**
 * @typedef {{logits: Float32Array, branch: number[], skip: number[], maps: Float32Array | null,
 *   shape: number[] | null}} ForwardPass  branch and skip: root mean squares of the two terms of each
 *   block's sum; maps: the output of the watched block, (height, width, channels) = shape
 *
 * @typedef {{name: string, inputs: number, stage: number, kernel: Stored, shift: Stored}} StoredLayer
 * @typedef {{at: number, values: Float32Array}} Stored  values and their first place in the memory
 * @typedef {{name: string, first: StoredLayer, second: StoredLayer, stride: number}} StoredBlock
 */

/**
 * Loads the net of a weights file.
 * @param {Uint8Array | ArrayBuffer} bytes
 * @param {function(number): Promise<import("./convolution.mjs").Convolution>} [create]
 * @returns {Promise<TrainedNet>}
 */
export async function loadTrainedNet(bytes, create = createConvolution) {
  const weights = parseWeightsFile(bytes);
  const layout = planMemory(weights.layers);
  const { numbers, convolve } = await create(layout.size);
  for (const { kernel, shift } of layout.convolutions) {
    numbers.set(kernel.values, kernel.at);
    numbers.set(shift.values, shift.at);
  }
  return new TrainedNet(weights, layout, numbers, convolve);
}

/** Gives each map and each array of weights its place in the memory. */
function planMemory(layers) {
  let size = 0;
  const reserve = (length) => {
    size += length;
    return size - length;
  };
  const reserveMap = ({ side, channels }) => reserve((side + 2) ** 2 * channels);
  const image = reserveMap(IMAGE);
  const maps = STAGES.map((stage) => [reserveMap(stage), reserveMap(stage), reserveMap(stage)]);
  const convolutions = layers.slice(0, -1).map(({ name, shape, kernel, shift }) => ({
    name,
    inputs: shape[2],
    stage: STAGES.findIndex(({ channels }) => channels === shape[3]),
    kernel: { at: reserve(kernel.length), values: kernel },
    shift: { at: reserve(shift.length), values: shift },
  }));
  return { size, image, maps, convolutions };
}

/** @returns {StoredBlock[]} the convolutions after the stem, two per block */
function groupBlocks(convolutions) {
  return convolutions.filter((_, index) => index % 2 === 0).map((first, block) => ({
    name: first.name.slice(0, -"_1_conv".length),
    first,
    second: convolutions[2 * block + 1],
    stride: STAGES[first.stage].channels / first.inputs,
  }));
}

/** A net that is ready to classify pictures. `blockNames` lists its blocks in order of use. */
class TrainedNet {
  constructor({ shortcut, layers, mean }, { image, maps, convolutions }, numbers, convolve) {
    const [stem, ...others] = convolutions;
    Object.assign(this, { shortcut, mean, image, maps, stem, numbers, convolve });
    this.classifier = layers.at(-1);
    this.storedBlocks = groupBlocks(others);
    this.blockNames = this.storedBlocks.map(({ name }) => name);
  }

  /**
   * Computes the logits of a picture.
   *
   * A block outputs relu(skip + scale · F). A block of a plain net, whose skip is that of its residual
   * twin, outputs relu((1 - scale) · skip + scale · F).
   * @param {Uint8Array} pixels  32×32 RGB
   * @param {number[]} scales  for each block, from 0 (off) to 1 (as trained)
   * @param {number} [watchedBlock]  index of the block whose maps are returned, -1 for none
   * @returns {ForwardPass}
   */
  forward(pixels, scales, watchedBlock = -1) {
    this.checkInput(pixels, scales, watchedBlock);
    this.writeImage(pixels);
    let x = this.maps[0][0];
    this.applyConvolution(this.stem, this.image, x, 1, 1);
    const pass = { logits: null, branch: [], skip: [], maps: null, shape: null };
    this.storedBlocks.forEach((block, index) => {
      const { output, skip, branch } = this.applyBlock(block, x, scales[index]);
      x = output;
      pass.skip.push(skip);
      pass.branch.push(branch);
      if (index !== watchedBlock) return;
      const { side, channels } = STAGES[block.first.stage];
      pass.maps = copyWithoutBorder(this.numbers, x, side, channels);
      pass.shape = [side, side, channels];
    });
    const { side, channels } = CLASSIFIER_INPUT;
    pass.logits = classify(copyWithoutBorder(this.numbers, x, side, channels), this.classifier);
    return pass;
  }

  checkInput(pixels, scales, watchedBlock) {
    const count = this.blockNames.length;
    if (pixels?.length !== PIXEL_VALUES) {
      throw new Error(`expected the ${PIXEL_VALUES} values of 32×32 RGB pixels; got ${pixels?.length}`);
    }
    if (scales?.length !== count || ![...scales].every((scale) => scale >= 0 && scale <= 1)) {
      throw new Error(`expected ${count} scales from 0 to 1, one a block; got ${scales}`);
    }
    if (watchedBlock >= count) throw new Error(`there is no block ${watchedBlock} of ${count}`);
  }

  writeImage(pixels) {
    const { side, channels } = IMAGE;
    for (let y = 0, at = 0; y < side; y += 1) {
      const row = this.image + ((y + 1) * (side + 2) + 1) * channels;
      for (let x = 0; x < side * channels; x += 1, at += 1) this.numbers[row + x] = pixels[at] / 255 - this.mean[at];
    }
  }

  applyConvolution({ kernel, shift, inputs, stage }, input, output, stride, relu) {
    const { side, channels } = STAGES[stage];
    this.convolve(4 * input, 4 * kernel.at, 4 * shift.at, 4 * output, side, inputs, channels, stride, relu);
  }

  applyBlock({ first, second, stride }, x, scale) {
    const [middle, output] = this.maps[first.stage].filter((map) => map !== x);
    if (scale > 0) {
      this.applyConvolution(first, x, middle, stride, 1);
      this.applyConvolution(second, middle, output, 1, 0);
    }
    const skipScale = this.shortcut === "none" ? 1 - scale : 1;
    const [skip, branch] = addSkip(this.numbers, x, output, STAGES[first.stage], stride, skipScale, scale);
    return { output, skip, branch };
  }
}

/**
 * Replaces F(x) at `output` by relu(skipScale · skip + scale · F(x)). The skip is x itself. Where the
 * shape changes, it is every 2nd pixel of x and zero channels.
 * @returns {number[]} the root mean squares of the skip's and the branch's term
 */
function addSkip(numbers, x, output, { side, channels }, stride, skipScale, scale) {
  const inputs = channels / stride; // channels of x
  const width = stride * side + 2;
  let skipSquares = 0, branchSquares = 0;
  for (let row = 0; row < side; row += 1) {
    for (let column = 0; column < side; column += 1) {
      const from = x + ((stride * row + 1) * width + stride * column + 1) * inputs;
      const to = output + ((row + 1) * (side + 2) + column + 1) * channels;
      for (let c = 0; c < channels; c += 1) {
        const skip = c < inputs ? skipScale * numbers[from + c] : 0;
        const branch = scale > 0 ? scale * numbers[to + c] : 0; // of an off block, `to` holds another block's values
        skipSquares += skip * skip;
        branchSquares += branch * branch;
        numbers[to + c] = Math.max(0, skip + branch);
      }
    }
  }
  return [skipSquares, branchSquares].map((sum) => Math.sqrt(sum / (side * side * channels)));
}

function copyWithoutBorder(numbers, map, side, channels) {
  const pixels = new Float32Array(side * side * channels);
  for (let row = 0; row < side; row += 1) {
    const from = map + ((row + 1) * (side + 2) + 1) * channels;
    pixels.set(numbers.subarray(from, from + side * channels), row * side * channels);
  }
  return pixels;
}

/** Averages each map, and returns the classifier's logits. */
function classify(maps, { shape: [channels, classes], kernel, shift }) {
  const means = new Float64Array(channels);
  maps.forEach((value, at) => (means[at % channels] += value));
  const pixels = maps.length / channels;
  return Float32Array.from(shift, (bias, label) => {
    let logit = bias;
    for (let c = 0; c < channels; c += 1) logit += (means[c] / pixels) * kernel[c * classes + label];
    return logit;
  });
}

/**
 * Converts logits to probabilities.
 * @param {Float32Array} logits @returns {Float32Array}
 */
export function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = Float32Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}
