import { makeConvolution } from "./convolution.mjs";
import { IMAGE, STAGES, VALUES, unpack } from "./net_file.mjs";

// A trained v1 net of the paper, residual or plain, that computes in the page: what Keras computes,
// with a scale on every block's branch. files.py writes the file that it is read from,
// resnet_lib/inside/lesions.py says the same of the scales, and tests hold the two to each other. No DOM here.
//
// All maps lie in one memory that is made with the net: to look at a picture asks for none.

/**
 * @typedef {{logits: Float32Array, branch: number[], skip: number[], maps: Float32Array | null,
 *   shape: number[] | null}} Look  branch and skip: root mean squares of the two terms of each block's
 *   sum; maps: what the watched block hands on, (height, width, channels) = shape
 */

/**
 * The net of a file, ready to look at pictures.
 *
 * `net.forward(pixels, scales, watch)` takes 32×32 RGB bytes, a scale from 0 (off) to 1 (as trained)
 * for each of `net.blocks`, and the place of a block whose maps are wanted, or -1. A block hands on
 * relu(skip + scale · F); of a plain net, whose skip is what its residual twin would have,
 * relu((1 - scale) · skip + scale · F).
 * @param {Uint8Array | ArrayBuffer} bytes
 * @returns {Promise<{blocks: string[], forward: function(Uint8Array, number[], number=): Look}>}
 */
export async function loadNet(bytes, convolutionOf = makeConvolution) {
  const { shortcut, layers, mean } = unpack(bytes);

  let count = 0;
  const place = (length) => {
    count += length;
    return count - length;
  };
  const placeMap = ({ side, channels }) => place((side + 2) ** 2 * channels);
  const image = placeMap(IMAGE);
  const mapsOf = STAGES.map((stage) => [placeMap(stage), placeMap(stage), placeMap(stage)]);
  const convolutions = layers.slice(0, -1).map(({ name, shape, kernel, shift }) => ({
    name,
    inputs: shape[2],
    stage: STAGES.findIndex(({ channels }) => channels === shape[3]),
    kernel: { at: place(kernel.length), values: kernel },
    shift: { at: place(shift.length), values: shift },
  }));
  const { numbers, convolve } = await convolutionOf(count);
  for (const { kernel, shift } of convolutions) {
    numbers.set(kernel.values, kernel.at);
    numbers.set(shift.values, shift.at);
  }
  const [stem, ...rest] = convolutions;
  const blocks = rest.filter((_, at) => at % 2 === 0).map((first, block) => ({
    name: first.name.slice(0, -"_1_conv".length),
    first,
    second: rest[2 * block + 1],
    stride: STAGES[first.stage].channels / first.inputs,
  }));

  function apply({ kernel, shift, inputs, stage }, from, to, stride, relu) {
    const { side, channels } = STAGES[stage];
    convolve(4 * from, 4 * kernel.at, 4 * shift.at, 4 * to, side, inputs, channels, stride, relu);
  }

  function enter(pixels) {
    const { side, channels } = IMAGE;
    for (let y = 0, at = 0; y < side; y += 1) {
      const row = image + ((y + 1) * (side + 2) + 1) * channels;
      for (let x = 0; x < side * channels; x += 1, at += 1) numbers[row + x] = pixels[at] / 255 - mean[at];
    }
  }

  function forward(pixels, scales, watch = -1) {
    check(pixels, scales, watch);
    enter(pixels);
    let now = mapsOf[0][0];
    apply(stem, image, now, 1, 1);
    const look = { logits: null, branch: [], skip: [], maps: null, shape: null };
    blocks.forEach(({ first, second, stride }, block) => {
      const scale = scales[block];
      const [middle, end] = mapsOf[first.stage].filter((map) => map !== now);
      if (scale > 0) {
        apply(first, now, middle, stride, 1);
        apply(second, middle, end, 1, 0);
      }
      const kept = shortcut === "none" ? 1 - scale : 1;
      const sizes = join(numbers, now, end, STAGES[first.stage], stride, kept, scale);
      look.skip.push(sizes[0]);
      look.branch.push(sizes[1]);
      now = end;
      if (block === watch) {
        const { side, channels } = STAGES[first.stage];
        look.maps = withoutBorder(numbers, now, side, channels);
        look.shape = [side, side, channels];
      }
    });
    look.logits = classify(withoutBorder(numbers, now, STAGES[2].side, STAGES[2].channels), layers.at(-1));
    return look;
  }

  function check(pixels, scales, watch) {
    if (pixels?.length !== VALUES) {
      throw new Error(`expected the ${VALUES} values of 32×32 RGB pixels; got ${pixels?.length}`);
    }
    if (scales?.length !== blocks.length || ![...scales].every((scale) => scale >= 0 && scale <= 1)) {
      throw new Error(`expected ${blocks.length} scales from 0 to 1, one a block; got ${scales}`);
    }
    if (watch >= blocks.length) throw new Error(`there is no block ${watch} of ${blocks.length}`);
  }

  return { blocks: blocks.map(({ name }) => name), forward };
}

/**
 * Where F(x) stands, at `end`, relu(kept · skip + scale · F(x)); returns the root mean squares of both
 * terms. The skip is x itself, or where the shape changes every 2nd pixel of it and zero channels.
 */
function join(numbers, x, end, { side, channels }, stride, kept, scale) {
  const given = channels / stride; // channels of x
  const width = stride * side + 2;
  let [ofSkip, ofBranch] = [0, 0];
  for (let row = 0; row < side; row += 1) {
    for (let column = 0; column < side; column += 1) {
      const from = x + ((stride * row + 1) * width + stride * column + 1) * given;
      const to = end + ((row + 1) * (side + 2) + column + 1) * channels;
      for (let c = 0; c < channels; c += 1) {
        const skip = c < given ? kept * numbers[from + c] : 0;
        const branch = scale > 0 ? scale * numbers[to + c] : 0; // off, what stands there is another's
        ofSkip += skip * skip;
        ofBranch += branch * branch;
        numbers[to + c] = Math.max(0, skip + branch);
      }
    }
  }
  return [ofSkip, ofBranch].map((sum) => Math.sqrt(sum / (side * side * channels)));
}

function withoutBorder(numbers, map, side, channels) {
  const pixels = new Float32Array(side * side * channels);
  for (let row = 0; row < side; row += 1) {
    const from = map + ((row + 1) * (side + 2) + 1) * channels;
    pixels.set(numbers.subarray(from, from + side * channels), row * side * channels);
  }
  return pixels;
}

/** The mean of every map, then the classifier's logits. */
function classify(maps, { shape: [channels, classes], kernel, shift }) {
  const means = new Float64Array(channels);
  maps.forEach((value, at) => (means[at % channels] += value));
  const pixels = maps.length / channels;
  return Float32Array.from(shift, (bias, k) => {
    let logit = bias;
    for (let c = 0; c < channels; c += 1) logit += (means[c] / pixels) * kernel[c * classes + k];
    return logit;
  });
}

/** Logits to probabilities. */
export function softmax(logits) {
  const most = Math.max(...logits);
  const powers = Float32Array.from(logits, (logit) => Math.exp(logit - most));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}
