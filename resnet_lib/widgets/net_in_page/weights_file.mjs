// Reads the weights file of a trained net, which weights_file.py writes. It uses no DOM.

export const STAGES = [0, 1, 2].map((stage) => ({ side: 32 >> stage, channels: 16 << stage }));
export const CLASSIFIER_INPUT = STAGES.at(-1);
export const IMAGE = { side: 32, channels: 3 };
export const PIXEL_VALUES = IMAGE.side ** 2 * IMAGE.channels; // of a picture
const CLASSES = 10;

/**
 * @typedef {{name: string, shape: number[], kernel: Float32Array, shift: Float32Array}} Layer
 *   kernel is (3, 3, inputs, outputs), for the classifier (inputs, outputs); shift is added
 */

/** Lists name and shape of each layer with weights, in order of use. */
function listLayers(n) {
  const layers = [{ name: "stem_conv", shape: [3, 3, IMAGE.channels, STAGES[0].channels] }];
  let inputs = STAGES[0].channels;
  STAGES.forEach(({ channels }, stage) => {
    for (let block = 1; block <= n; block += 1) {
      for (const index of [1, 2]) {
        const name = `stage${stage + 1}_block${block}_${index}_conv`;
        layers.push({ name, shape: [3, 3, inputs, channels] });
        inputs = channels;
      }
    }
  });
  return [...layers, { name: "classifier", shape: [inputs, CLASSES] }];
}

const POWERS = Array.from({ length: 31 }, (_, exponent) => 2 ** (Math.max(exponent, 1) - 25));

/** Converts half precision to numbers. */
function decodeHalves(halves) {
  return Float32Array.from(halves, (bits) => {
    const exponent = (bits >> 10) & 31;
    if (exponent === 31) throw new Error("it holds a weight that is no finite number");
    const size = ((bits & 1023) + (exponent ? 1024 : 0)) * POWERS[exponent];
    return bits & 0x8000 ? -size : size;
  });
}

/** Throws an `Error` unless the header describes a net that this page can compute. */
function checkHeader({ n, shortcut, layers }) {
  if (shortcut !== "pad" && shortcut !== "none") throw new Error(`its shortcut is "${shortcut}"`);
  const describeLayers = (list) => JSON.stringify(list.map(({ name, shape }) => [name, shape]));
  if (layers.length !== 6 * n + 2 || describeLayers(layers) !== describeLayers(listLayers(n))) {
    throw new Error(`its layers are not those of a net with n = ${n}`);
  }
}

/**
 * Reads a weights file, and multiplies each kernel by its scale.
 * @param {Uint8Array | ArrayBuffer} bytes
 * @returns {{n: number, shortcut: "pad" | "none", layers: Layer[], mean: Float32Array}}
 */
export function parseWeightsFile(bytes) {
  try {
    const file = new Uint8Array(bytes).slice(); // a copy starts at a multiple of 8
    const start = 4 + new DataView(file.buffer).getUint32(0, true);
    if (start % 8 || start > file.length) throw new Error(`its ${file.length} bytes hold no header`);
    const header = JSON.parse(new TextDecoder().decode(file.subarray(4, start)));
    checkHeader(header);
    const readArray = (Type, offset, count) => new Type(file.buffer, start + offset, count);
    const layers = header.layers.map(({ name, shape, kernel, scale, shift }) => {
      const outputs = shape.at(-1);
      const weights = decodeHalves(readArray(Uint16Array, kernel, shape.reduce((a, b) => a * b)));
      if (scale !== null) {
        const scales = readArray(Float32Array, scale, outputs);
        weights.forEach((weight, at) => (weights[at] = weight * scales[at % outputs]));
      }
      return { name, shape, kernel: weights, shift: readArray(Float32Array, shift, outputs) };
    });
    return { n: header.n, shortcut: header.shortcut, layers, mean: readArray(Float32Array, header.mean, PIXEL_VALUES) };
  } catch (error) {
    throw new Error(`this is no net file as weights_file.py writes it: ${error.message}`);
  }
}
