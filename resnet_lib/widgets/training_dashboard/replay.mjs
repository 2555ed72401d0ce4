// Replays a recorded run as if it were trained now: it reports what a kernel would report.
import { playEpochs } from "../shared/epoch_navigation.mjs";
import { clamp } from "../shared/plotting.mjs";
import { countEpochs } from "../shared/recorded_runs.mjs";

/** @typedef {import("./reference_runs.mjs").TimedRun} TimedRun */

const IMAGES_PER_EPOCH = 50_000; // of CIFAR-10
const REPLAY_MS = 7000; // however many epochs
const [MIN_EPOCH_MS, MAX_EPOCH_MS] = [40, 900];

/**
 * Computes how long the replay of an epoch takes, in milliseconds.
 * @param {number} epochs
 */
export const computeEpochDuration = (epochs) => clamp(REPLAY_MS / Math.max(1, epochs), MIN_EPOCH_MS, MAX_EPOCH_MS);

/**
 * Computes the seconds that a run still took after `position` epochs, which may be a fraction.
 * @param {TimedRun} run
 * @param {number} position
 */
export function computeSecondsLeft(run, position) {
  return run.seconds.reduce((sum, seconds, index) => sum + seconds * clamp(index + 1 - position, 0, 1), 0);
}

/**
 * Computes the trait `progress`, as the kernel sends it, after `position` epochs. What was recorded once
 * per epoch is the value of the epoch under way.
 * @param {TimedRun} run
 * @param {number} position
 */
export function computeProgress(run, position) {
  const epochs = countEpochs(run);
  const index = clamp(Math.floor(position), 0, epochs - 1);
  const steps = Math.floor(IMAGES_PER_EPOCH / run.batch_size);
  const step = Math.round(steps * clamp(position - index, 0, 1));
  return {
    phase: step === steps ? "testing" : "training", epoch: index + 1, epochs: run.epochs, step, steps,
    learning_rate: run.learning_rate[index], error: null, images_per_second: run.images_per_second[index],
    seconds_left: computeSecondsLeft(run, position),
  };
}

/**
 * Truncates a run after `epochs`, as if it had stopped there.
 * @param {TimedRun} run
 * @param {number} epochs
 * @returns {TimedRun}
 */
export function truncateRun(run, epochs) {
  const lists = ["error", "test_error", "learning_rate", "seconds", "images_per_second"];
  const ended = epochs < countEpochs(run) ? { status: "stopped", training_error: null } : {};
  return { ...run, ...ended, ...Object.fromEntries(lists.map((name) => [name, run[name].slice(0, epochs)])) };
}

const READY = { status: "ready", message: {}, progress: {}, run: {} };

/** A player of runs: `state` holds the traits that a kernel would set, `whole` the run that is played. */
export class Replay {
  /** @param {() => void} onchange */
  constructor(onchange) {
    this.onchange = onchange;
    this.reset();
  }
  reset() {
    this.halt();
    this.whole = null;
    this.state = READY;
    this.position = 0; // in epochs
  }
  halt() {
    this.stopPlaying?.();
    this.stopPlaying = null;
  }
  play(run) {
    this.reset();
    this.whole = run;
    this.resume();
  }
  resume() {
    const { whole: run, position } = this;
    if (!run || this.stopPlaying || position >= countEpochs(run)) return;
    this.until = Infinity;
    // By quarters of an epoch, because a reader who wants no motion sees whole steps.
    this.stopPlaying = playEpochs(computeEpochDuration(countEpochs(run)) / 4, (quarters) => this.advance(quarters / 4));
    this.report({ status: "training", message: {}, progress: computeProgress(run, position), run: truncateRun(run, Math.floor(position)) });
  }
  advance(epochs) {
    const run = this.whole;
    const last = Math.min(this.until, countEpochs(run));
    this.position = Math.min(last, this.position + epochs);
    const changes = { run: truncateRun(run, Math.floor(this.position + 1e-9)), progress: computeProgress(run, this.position) };
    if (this.position >= last) this.end(changes);
    else this.report(changes);
  }
  end(changes) {
    this.halt();
    const isFinished = this.position >= countEpochs(this.whole);
    const message = isFinished ? {} : { kind: "note", text: `Stopped after epoch ${this.position}: Resume goes on from there.` };
    this.report({ ...changes, status: isFinished ? this.whole.status : "stopped", message, progress: {} });
  }
  /** Stops at the end of the epoch under way. */
  stop() {
    if (!this.stopPlaying) return;
    this.until = Math.floor(this.position) + 1;
    this.report({ status: "stopping", message: { kind: "note", text: "It stops at the end of this epoch." } });
  }
  report(changes) {
    this.state = { ...this.state, ...changes };
    this.onchange();
  }
}
