// Moves through the epochs of a chart: by key, or as time goes on.
import { clamp } from "./plotting.mjs";

const STILL_STEP_MS = 250; // between two steps for a reader who wants no motion
const MAX_FRAME_MS = 100; // a page that was hidden goes on from where it was

/**
 * Finds the epoch that a key leads to: 0 (Escape) is the end, undefined is no epoch.
 * @param {string} key
 * @param {number} at
 * @param {number} last
 */
export function findEpochByKey(key, at, last) {
  const page = Math.max(1, Math.round(last / 10));
  const to = { ArrowRight: at + 1, ArrowUp: at + 1, ArrowLeft: at - 1, ArrowDown: at - 1, Home: 1, End: last,
    PageUp: at + page, PageDown: at - page }[key];
  if (key === "Escape") return 0;
  return to === undefined ? undefined : clamp(to, 1, last);
}

/**
 * Calls `advance` as time goes on: with a fraction of an epoch each frame, or with whole epochs where
 * the reader wants no motion.
 * @param {number} epochDuration  in milliseconds
 * @param {(epochs: number) => void} advance
 * @returns {() => void}  ends it
 */
export function playEpochs(epochDuration, advance) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
    const step = Math.ceil(STILL_STEP_MS / epochDuration);
    const interval = setInterval(() => advance(step), step * epochDuration);
    return () => clearInterval(interval);
  }
  let before;
  let frame = requestAnimationFrame(function tick(now) {
    const passed = Math.min(MAX_FRAME_MS, now - (before ?? now));
    before = now;
    frame = requestAnimationFrame(tick);
    advance(passed / epochDuration);
  });
  return () => cancelAnimationFrame(frame);
}
