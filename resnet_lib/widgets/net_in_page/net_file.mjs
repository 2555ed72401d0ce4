// The file of a trained net, as files.py writes it and says. No DOM here.

export const STAGES = [0, 1, 2].map((stage) => ({ side: 32 >> stage, channels: 16 << stage }));
const CLASSES = 10;
export const IMAGE = { side: 32, channels: 3 };
export const VALUES = IMAGE.side ** 2 * IMAGE.channels; // of a picture

/**
 * @typedef {{name: string, shape: number[], kernel: Float32Array, shift: Float32Array}} Layer
 *   kernel is (3, 3, inputs, outputs), for the classifier (inputs, outputs); shift is added
 */

/** Name and shape of every layer with weights, in order of use. */
function layersOf(n) {
  const layers = [{ name: "stem_conv", shape: [3, 3, IMAGE.channels, STAGES[0].channels] }];
  let inputs = STAGES[0].channels;
  STAGES.forEach(({ channels }, stage) => {
    for (let block = 1; block <= n; block += 1) {
      for (const place of [1, 2]) {
        const name = `stage${stage + 1}_block${block}_${place}_conv`;
        layers.push({ name, shape: [3, 3, inputs, channels] });
        inputs = channels;
      }
    }
  });
  return [...layers, { name: "classifier", shape: [inputs, CLASSES] }];
}

const POWERS = Array.from({ length: 31 }, (_, exponent) => 2 ** (Math.max(exponent, 1) - 25));

/** Half precision to numbers. */
function decodeHalves(halves) {
  return Float32Array.from(halves, (bits) => {
    const exponent = (bits >> 10) & 31;
    if (exponent === 31) throw new Error("it holds a weight that is no finite number");
    const size = ((bits & 1023) + (exponent ? 1024 : 0)) * POWERS[exponent];
    return bits & 0x8000 ? -size : size;
  });
}

/**
 * What a net file holds, with every kernel multiplied by its scale.
 * @param {Uint8Array | ArrayBuffer} bytes
 * @returns {{n: number, shortcut: "pad" | "none", layers: Layer[], mean: Float32Array}}
 */
export function unpack(bytes) {
  try {
    const file = new Uint8Array(bytes).slice(); // a copy of its own starts at a multiple of 8
    const start = 4 + new DataView(file.buffer).getUint32(0, true);
    if (start % 8 || start > file.length) throw new Error(`its ${file.length} bytes hold no header`);
    const header = JSON.parse(new TextDecoder().decode(file.subarray(4, start)));
    const array = (Type, offset, count) => new Type(file.buffer, start + offset, count);
    const { n, shortcut } = header;
    if (shortcut !== "pad" && shortcut !== "none") throw new Error(`its shortcut is "${shortcut}"`);
    const told = (layers) => JSON.stringify(layers.map(({ name, shape }) => [name, shape]));
    if (header.layers.length !== 6 * n + 2 || told(header.layers) !== told(layersOf(n))) {
      throw new Error(`its layers are not those of a net with n = ${n}`);
    }
    const layers = header.layers.map(({ name, shape, kernel, scale, shift }) => {
      const outputs = shape.at(-1);
      const weights = decodeHalves(array(Uint16Array, kernel, shape.reduce((a, b) => a * b)));
      if (scale !== null) {
        const scales = array(Float32Array, scale, outputs);
        weights.forEach((weight, at) => (weights[at] = weight * scales[at % outputs]));
      }
      return { name, shape, kernel: weights, shift: array(Float32Array, shift, outputs) };
    });
    return { n, shortcut, layers, mean: array(Float32Array, header.mean, VALUES) };
  } catch (error) {
    throw new Error(`this is no net file as files.py writes it: ${error.message}`);
  }
}
