// What a file is, from its first bytes, and why one cannot be taken: a few bytes can claim more pixels
// than a machine has memory for, so they are read before anything is decoded. No DOM here.
import { formatInteger } from "../shared/formatting.mjs";

export const MOST_BYTES = 20e6;
const MOST_PIXELS = 50e6;
const KINDS_READ = "PNG, JPEG, WebP, GIF, AVIF or BMP";

const ascii = (bytes, from, to) => String.fromCharCode(...bytes.subarray(from, to));

/** Width and height from the frame header of a JPEG, wherever it stands; null where there is none. */
function sizeOfJpeg(bytes, view) {
  let at = 2;
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1];
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return [view.getUint16(at + 7), view.getUint16(at + 5)];
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  return null;
}

function sizeOfWebp(bytes, view) {
  const three = (at) => bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
  const form = ascii(bytes, 12, 16);
  if (form === "VP8X") return [three(24) + 1, three(27) + 1];
  if (form === "VP8L") {
    const bits = view.getUint32(21, true);
    return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
  }
  return form === "VP8 " ? [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff] : null;
}

/** The largest picture that an AVIF file says it holds. */
function sizeOfAvif(bytes, view) {
  let [width, height] = [0, 0];
  for (let at = 4; at + 16 < Math.min(bytes.length, 65536); at += 1) {
    if (ascii(bytes, at, at + 4) !== "ispe") continue;
    [width, height] = [Math.max(width, view.getUint32(at + 8)), Math.max(height, view.getUint32(at + 12))];
  }
  return width ? [width, height] : null;
}

/**
 * What a file is by its first bytes, whatever it is called: a picture of a kind that browsers
 * decode, with its size where the header tells it, or something else, in words.
 * @param {Uint8Array} bytes
 * @returns {{picture: string, size: number[] | null} | {other: string}}
 */
export function whatIs(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const has = (length) => bytes.length >= length;
  const brand = ascii(bytes, 4, 12);
  if (ascii(bytes, 0, 8) === "\x89PNG\r\n\x1a\n") {
    return { picture: "PNG", size: has(24) ? [view.getUint32(16), view.getUint32(20)] : null };
  }
  if (has(3) && bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) {
    return { picture: "JPEG", size: sizeOfJpeg(bytes, view) };
  }
  if (/^GIF8[79]a/.test(ascii(bytes, 0, 6))) {
    return { picture: "GIF", size: has(10) ? [view.getUint16(6, true), view.getUint16(8, true)] : null };
  }
  if (ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 12) === "WEBP") {
    return { picture: "WebP", size: has(30) ? sizeOfWebp(bytes, view) : null };
  }
  if (/^ftypavi[fs]/.test(brand)) return { picture: "AVIF", size: sizeOfAvif(bytes, view) };
  if (ascii(bytes, 0, 2) === "BM" && has(26) && view.getUint32(14, true) >= 40) {
    return { picture: "BMP", size: [view.getInt32(18, true), Math.abs(view.getInt32(22, true))] };
  }
  return { other: otherKind(bytes, brand) };
}

function otherKind(bytes, brand) {
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

/** Why a file cannot be taken, and what to do; "" for one that may be decoded. */
export function refusal(name, byteCount, bytes) {
  const called = `“${name.length > 40 ? `${name.slice(0, 24)}…${name.slice(-12)}` : name}”`;
  if (!byteCount) return `${called} is empty: 0 bytes. Choose a picture: ${KINDS_READ}.`;
  if (byteCount > MOST_BYTES) {
    return `${called} has ${(byteCount / 1e6).toFixed(1)} MB, and at most ${MOST_BYTES / 1e6} MB are read. Save it smaller, or choose another.`;
  }
  const { other, picture, size } = whatIs(bytes);
  if (other) return `${called} is ${other}. Choose a picture: ${KINDS_READ}.`;
  return size ? refusalOfSize(called, picture, size) : "";
}

/** The same of a picture by its size alone, `called` what it is called. */
export function refusalOfSize(called, picture, [width, height]) {
  const pixels = `${formatInteger(width)} × ${formatInteger(height)} pixels`;
  if (!(width > 0 && height > 0)) return `${called} says it is a ${picture} of ${pixels}: there is nothing in it. Choose another.`;
  if (width * height > MOST_PIXELS) {
    return `${called} has ${pixels}, and at most ${MOST_PIXELS / 1e6} million are decoded. Save it smaller, or choose another.`;
  }
  return "";
}
