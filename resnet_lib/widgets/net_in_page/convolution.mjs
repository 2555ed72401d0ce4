// Computes a 3×3 convolution, compiled for speed and in JavaScript.

// Both are the same function; a test compares their results. They use no DOM.

// convolve.wat, compiled by `make wasm`.
const COMPILED =
  "AGFzbQEAAAABDQFgCX9/f39/f39/fwADAgEABQMBAAEHFQIGbWVtb3J5AgAIY29udm9sdmUAAAqGBQGDBQIRfwx7IAVBAnQhCSAJIAQgB2xBAmpsIQogCSAHbCELIAZBAnQhDCAMIARBAmpsIQ0gB0ECRgRAIAAgCiAJamohAAsgAyANIAxqaiEDIAhFBEBDAACA//0TIR0LA0BBACEPA0AgACAPIAcgCmxsaiESIAMgDyANbGohGUEAIRADQCAC/QAEACEeIAL9AAQQISIgHiEfICIhIyAeISAgIiEkIB4hISAiISUgASEYIBIhE0EDIREDQCATIAtqIRQgFCALaiEVIBUgC2ohFiATIAlBA2xqIRcDQCAY/QAEACEbIBj9AAQQIRwgE/0JAgAhGiAeIBogG/3mAf3kASEeICIgGiAc/eYB/eQBISIgFP0JAgAhGiAfIBogG/3mAf3kASEfICMgGiAc/eYB/eQBISMgFf0JAgAhGiAgIBogG/3mAf3kASEgICQgGiAc/eYB/eQBISQgFv0JAgAhGiAhIBogG/3mAf3kASEhICUgGiAc/eYB/eQBISUgGCAMaiEYIBRBBGohFCAVQQRqIRUgFkEEaiEWIBNBBGoiEyAXSQ0ACyATIAogCUEDbGtqIRMgEUEBayIRDQALIBkgHiAd/ekB/QsEACAZICIgHf3pAf0LBBAgGSAMaiEZIBkgHyAd/ekB/QsEACAZICMgHf3pAf0LBBAgGSAMaiEZIBkgICAd/ekB/QsEACAZICQgHf3pAf0LBBAgGSAMaiEZIBkgISAd/ekB/QsEACAZICUgHf3pAf0LBBAgGSAMaiEZIBIgC0ECdGohEiAQQQRqIhAgBEkNAAsgD0EBaiIPIARJDQALIAFBIGohASACQSBqIQIgA0EgaiEDIA5BCGoiDiAGSQ0ACwsA0gIEbmFtZQKWAgEAJgAFaW5wdXQBBmtlcm5lbAIEYmlhcwMGb3V0cHV0BARzaWRlBQZpbnB1dHMGB291dHB1dHMHBnN0cmlkZQgEcmVsdQkFcGl4ZWwKA3JvdwsJbmVpZ2hib3VyDAtvdXRwdXRQaXhlbA0Jb3V0cHV0Um93DgdjaGFubmVsDwF5EAF4EQlrZXJuZWxSb3cSBndpbmRvdxMDaW4wFANpbjEVA2luMhYDaW4zFwNlbmQYB3dlaWdodHMZAnRvGgV2YWx1ZRsId2VpZ2h0c0EcCHdlaWdodHNCHQVsZWFzdB4Fc3VtMEEfBXN1bTFBIAVzdW0yQSEFc3VtM0EiBXN1bTBCIwVzdW0xQiQFc3VtMkIlBXN1bTNCAzIBAAUCCGNoYW5uZWxzAwRyb3dzBApmb3VyUGl4ZWxzBQprZXJuZWxSb3dzBgVzdGVwcw==";

/**
 * Convolves one map in a block of memory. Addresses are in bytes. A map has a border of zeros, which is
 * never written: (side + 2, side + 2, channels). The kernel is (3, 3, inputs, outputs), the padding
 * Keras's "same". `side`, of the output, is a multiple of 4, and `outputs` one of 8.
 * @callback Convolve
 * @param {number} input  address of the input map, (stride · side + 2, …, inputs)
 * @param {number} kernel
 * @param {number} bias
 * @param {number} output
 * @param {number} side
 * @param {number} inputs
 * @param {number} outputs
 * @param {1 | 2} stride
 * @param {0 | 1} relu
 *
 * @typedef {{numbers: Float32Array, convolve: Convolve}} Convolution  the memory, and its convolution
 */

/**
 * Creates a convolution with room for `count` numbers, all zero. It is compiled, about twenty times as fast
 * as JavaScript, which is used if a browser lacks this WebAssembly or a page's policy forbids it.
 * @param {number} count
 * @returns {Promise<Convolution>}
 */
export async function createConvolution(count) {
  try {
    const bytes = Uint8Array.from(atob(COMPILED), (letter) => letter.charCodeAt(0));
    const { memory, convolve } = (await WebAssembly.instantiate(bytes)).instance.exports;
    memory.grow(Math.ceil((4 * count) / 65536)); // in pages
    return { numbers: new Float32Array(memory.buffer), convolve };
  } catch {
    return createScriptConvolution(count);
  }
}

/**
 * Creates the same convolution in JavaScript.
 * @param {number} count
 * @returns {Convolution}
 */
export function createScriptConvolution(count) {
  const numbers = new Float32Array(count);
  return { numbers, convolve: (...parameters) => convolveIn(numbers, ...parameters) };
}

function convolveIn(numbers, input, kernel, bias, output, side, inputs, outputs, stride, relu) {
  const sums = new Float64Array(outputs);
  const [from, weights, shift, to] = [input / 4, kernel / 4, bias / 4, output / 4];
  const width = stride * side + 2;
  const first = stride === 2 ? 1 : 0; // "same" leaves the border before out
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      for (let c = 0; c < outputs; c += 1) sums[c] = numbers[shift + c];
      let w = weights;
      for (let row = 0; row < 3; row += 1) {
        // Three pixels of a row lie one behind the other, with all their channels.
        const start = from + ((y * stride + first + row) * width + x * stride + first) * inputs;
        for (let at = start; at < start + 3 * inputs; at += 1, w += outputs) {
          const value = numbers[at];
          if (value === 0) continue; // half of what comes from a ReLU
          for (let c = 0; c < outputs; c += 1) sums[c] += value * numbers[w + c];
        }
      }
      const pixel = to + ((y + 1) * (side + 2) + x + 1) * outputs;
      for (let c = 0; c < outputs; c += 1) numbers[pixel + c] = relu ? Math.max(0, sums[c]) : sums[c];
    }
  }
}
