// node --test: what a file is by its bytes, and what is said of one that is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { explainRefusal, identifyFile } from "../../../resnet_lib/widgets/net_in_page/picture_formats.mjs";

const text = (words) => new TextEncoder().encode(words);
const bytes = (...parts) => Uint8Array.from(parts.flatMap((part) => (typeof part === "string" ? [...part].map((one) => one.charCodeAt(0)) : part)));
const png = (width, height) => {
  const head = bytes("\x89PNG\r\n\x1a\n", [0, 0, 0, 13], "IHDR", Array(8).fill(0));
  new DataView(head.buffer).setUint32(16, width);
  new DataView(head.buffer).setUint32(20, height);
  return head;
};
// A JPEG whose frame header stands behind an application segment and a Huffman table.
const jpeg = bytes([0xff, 0xd8, 0xff, 0xe1, 0, 6], "Exif", [0xff, 0xc4, 0, 4, 1, 2, 0xff, 0xc2, 0, 17, 8, 0x01, 0x2c, 0x07, 0xd0, 3, 0, 0, 0]);

test("a file is what its bytes say", () => {
  assert.deepEqual(identifyFile(png(640, 480)), { picture: "PNG", size: [640, 480] });
  assert.deepEqual(identifyFile(png(640, 480).subarray(0, 12)), { picture: "PNG", size: null });
  assert.deepEqual(identifyFile(jpeg), { picture: "JPEG", size: [2000, 300] });
  assert.deepEqual(identifyFile(jpeg.subarray(0, 14)), { picture: "JPEG", size: null });
  assert.deepEqual(identifyFile(bytes("GIF89a", [44, 1, 10, 0])), { picture: "GIF", size: [300, 10] });
  assert.deepEqual(identifyFile(bytes("RIFF", [0, 0, 0, 0], "WEBPVP8X", Array(8).fill(0), [0x2b, 1, 0, 9, 0, 0])), { picture: "WebP", size: [300, 10] });
  // VP8L: 14 bits of width - 1, then 14 of height - 1.
  const lossless = 299 | (9 << 14);
  assert.deepEqual(identifyFile(bytes("RIFF", [0, 0, 0, 0], "WEBPVP8L", [0, 0, 0, 0, 0x2f, lossless & 255, (lossless >> 8) & 255, (lossless >> 16) & 255, lossless >>> 24], Array(8).fill(0))),
    { picture: "WebP", size: [300, 10] });
  assert.deepEqual(identifyFile(bytes([0, 0, 0, 28], "ftypavif", Array(12).fill(0), [0, 0, 0, 20], "ispe", [0, 0, 0, 0, 0, 0, 1, 0x2c, 0, 0, 0, 10], Array(8).fill(0))),
    { picture: "AVIF", size: [300, 10] });
  assert.deepEqual(identifyFile(bytes("BM", Array(12).fill(0), [40, 0, 0, 0, 44, 1, 0, 0, 0xf6, 0xff, 0xff, 0xff])), { picture: "BMP", size: [300, 10] });
  const others = {
    "a text file": text("Dear reader,\nthis is no picture. Überhaupt nicht."),
    "an HTML page": text("\n<!DOCTYPE html><html><svg></svg></html>"),
    "an SVG drawing, which has no pixels of its own": text('<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="http://www.w3.org/2000/svg"/>'),
    "a PDF": text("%PDF-1.7"),
    "a HEIC picture, which browsers do not decode": bytes([0, 0, 0, 24], "ftypheic"),
    "a film or a sound": bytes([0, 0, 0, 24], "ftypisom"),
    "a ZIP archive, or a document that is one": bytes("PK\x03\x04"),
    "a TIFF picture, which browsers do not decode": bytes("II*\0"),
    "no picture of a kind known here": bytes([0x7f], "ELF", [2, 1, 1, 0]),
  };
  for (const [said, content] of Object.entries(others)) assert.deepEqual(identifyFile(content), { other: said });
});

test("what cannot be taken is told with what came and what is expected", () => {
  const expected = "Choose a picture: PNG, JPEG, WebP, GIF, AVIF or BMP.";
  assert.equal(explainRefusal("a.png", 0, new Uint8Array()), `“a.png” is empty: 0 bytes. ${expected}`);
  assert.match(explainRefusal("a.png", 20_000_001, new Uint8Array()), /has 20\.0 MB, and at most 20 MB are read/);
  assert.equal(explainRefusal("notes.png", 9, text("some text")), `“notes.png” is a text file. ${expected}`);
  assert.match(explainRefusal("a.png", 24, png(50_000, 50_000)), /has 50,000 × 50,000 pixels, and at most 50 million are decoded/);
  assert.match(explainRefusal("a.png", 24, png(0, 5)), /a PNG of 0 × 5 pixels: there is nothing in it/);
  assert.equal(explainRefusal("a.png", 24, png(10_000, 5_000)), "");
  assert.equal(explainRefusal("photo.jpg", 40, jpeg), "");
  const long = explainRefusal(`${"x".repeat(300)}.png`, 0, new Uint8Array());
  assert.ok(long.length < 140 && long.includes("….") === false && long.includes("…xxxxxxxx.png"));
});
