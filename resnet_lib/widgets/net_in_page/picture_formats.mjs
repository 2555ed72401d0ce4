// Finds the format and size of a picture file from its first bytes, and says why a file is refused.
import { formatInteger } from "../shared/formatting.mjs";

// A few bytes can claim more pixels than a machine has memory for, so they are read before anything is
// decoded. This module uses no DOM.

export const MAX_FILE_BYTES = 20e6;
const MAX_PICTURE_PIXELS = 50e6;
const FORMATS = "PNG, JPEG, WebP, GIF, AVIF or BMP";

const ascii = (bytes, from, to) => String.fromCharCode(...bytes.subarray(from, to));

/** Reads width and height from the frame header of a JPEG; null if there is none. */
function readJpegSize(bytes, view) {
  let at = 2;
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1];
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return [view.getUint16(at + 7), view.getUint16(at + 5)];
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  return null;
}

function readWebpSize(bytes, view) {
  const readUint24 = (at) => bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
  const chunk = ascii(bytes, 12, 16);
  if (chunk === "VP8X") return [readUint24(24) + 1, readUint24(27) + 1];
  if (chunk === "VP8L") {
    const bits = view.getUint32(21, true);
    return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
  }
  return chunk === "VP8 " ? [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff] : null;
}

/** Returns the size of the largest picture in an AVIF file. */
function readAvifSize(bytes, view) {
  let [width, height] = [0, 0];
  for (let at = 4; at + 16 < Math.min(bytes.length, 65536); at += 1) {
    if (ascii(bytes, at, at + 4) !== "ispe") continue;
    [width, height] = [Math.max(width, view.getUint32(at + 8)), Math.max(height, view.getUint32(at + 12))];
  }
  return width ? [width, height] : null;
}

/**
 * Identifies a file by its first bytes, whatever its name is: a picture in a format that browsers
 * decode, with its size if the header holds it, or something else, in words.
 * @param {Uint8Array} bytes
 * @returns {{picture: string, size: number[] | null} | {other: string}}
 */
export function identifyFile(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const has = (length) => bytes.length >= length;
  const brand = ascii(bytes, 4, 12);
  if (ascii(bytes, 0, 8) === "\x89PNG\r\n\x1a\n") {
    return { picture: "PNG", size: has(24) ? [view.getUint32(16), view.getUint32(20)] : null };
  }
  if (has(3) && bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) {
    return { picture: "JPEG", size: readJpegSize(bytes, view) };
  }
  if (/^GIF8[79]a/.test(ascii(bytes, 0, 6))) {
    return { picture: "GIF", size: has(10) ? [view.getUint16(6, true), view.getUint16(8, true)] : null };
  }
  if (ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 12) === "WEBP") {
    return { picture: "WebP", size: has(30) ? readWebpSize(bytes, view) : null };
  }
  if (/^ftypavi[fs]/.test(brand)) return { picture: "AVIF", size: readAvifSize(bytes, view) };
  if (ascii(bytes, 0, 2) === "BM" && has(26) && view.getUint32(14, true) >= 40) {
    return { picture: "BMP", size: [view.getInt32(18, true), Math.abs(view.getInt32(22, true))] };
  }
  return { other: describeOther(bytes, brand) };
}

function describeOther(bytes, brand) {
  const start = ascii(bytes, 0, 1024).replace(/^\xef\xbb\xbf/, "").trimStart();
  if (start.startsWith("%PDF")) return "a PDF";
  if (/^(<\?xml[^>]*>\s*|<!--[^]*?-->\s*|<!doctype svg[^>]*>\s*)*<svg\b/i.test(start)) return "an SVG drawing, which has no pixels of its own";
  if (/^<(!doctype html|html)\b/i.test(start)) return "an HTML page";
  if (/^ftyp(hei[cfmsx]|mif1|hev)/.test(brand)) return "a HEIC picture, which browsers do not decode";
  if (/^ftyp/.test(brand)) return "a film or a sound";
  if (/^(II\*\0|MM\0\*)/.test(start)) return "a TIFF picture, which browsers do not decode";
  if (start.startsWith("PK\x03\x04")) return "a ZIP archive, or a document that is one";
  // No control characters but tabs and ends of lines: text, in whatever encoding.
  return /^[^\0-\x08\x0e-\x1f]*$/.test(start) ? "a text file" : "no picture of a kind known here";
}

/**
 * Explains why a file is refused and what to do; "" for a file that may be decoded.
 * @param {string} name
 * @param {number} byteCount
 * @param {Uint8Array} bytes  of its content; none if there are too many
 * @returns {string}
 */
export function explainRefusal(name, byteCount, bytes) {
  const quoted = `“${name.length > 40 ? `${name.slice(0, 24)}…${name.slice(-12)}` : name}”`;
  if (!byteCount) return `${quoted} is empty: 0 bytes. Choose a picture: ${FORMATS}.`;
  if (byteCount > MAX_FILE_BYTES) {
    return `${quoted} has ${(byteCount / 1e6).toFixed(1)} MB, and at most ${MAX_FILE_BYTES / 1e6} MB are read. Save it smaller, or choose another.`;
  }
  const { other, picture, size } = identifyFile(bytes);
  if (other) return `${quoted} is ${other}. Choose a picture: ${FORMATS}.`;
  return size ? explainSizeRefusal(quoted, picture, size) : "";
}

/**
 * Explains why a picture of this size is refused; "" for a size that may be decoded.
 * @param {string} quoted  its name in quotation marks
 * @param {string} picture  its format
 * @param {number[]} size  width and height
 * @returns {string}
 */
export function explainSizeRefusal(quoted, picture, [width, height]) {
  const pixels = `${formatInteger(width)} × ${formatInteger(height)} pixels`;
  if (!(width > 0 && height > 0)) return `${quoted} says it is a ${picture} of ${pixels}: there is nothing in it. Choose another.`;
  if (width * height > MAX_PICTURE_PIXELS) {
    return `${quoted} has ${pixels}, and at most ${MAX_PICTURE_PIXELS / 1e6} million are decoded. Save it smaller, or choose another.`;
  }
  return "";
}
