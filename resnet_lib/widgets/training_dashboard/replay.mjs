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

/**
 * Creates a player of runs. `state` holds the traits that a kernel would set, `whole` the run that is played.
 * @param {() => void} onchange
 */
export function createReplay(onchange) {
  let [run, position, until, stopPlaying] = [null, 0, Infinity, null];
  const replay = { state: READY, whole: null, play, stop, resume, reset };

  function report(changes) {
    replay.state = { ...replay.state, ...changes };
    onchange();
  }
  function reset() {
    halt();
    [run, position] = [null, 0];
    [replay.whole, replay.state] = [null, READY];
  }
  function halt() {
    stopPlaying?.();
    stopPlaying = null;
  }
  function play(chosen) {
    reset();
    run = replay.whole = chosen;
    resume();
  }
  function resume() {
    if (!run || stopPlaying || position >= countEpochs(run)) return;
    until = Infinity;
    // By quarters of an epoch, because a reader who wants no motion sees whole steps.
    stopPlaying = playEpochs(computeEpochDuration(countEpochs(run)) / 4, (quarters) => advance(quarters / 4));
    report({ status: "training", message: {}, progress: computeProgress(run, position), run: truncateRun(run, Math.floor(position)) });
  }
  function advance(epochs) {
    const last = Math.min(until, countEpochs(run));
    position = Math.min(last, position + epochs);
    const changes = { run: truncateRun(run, Math.floor(position + 1e-9)), progress: computeProgress(run, position) };
    if (position < last) return report(changes);
    halt();
    const isFinished = position >= countEpochs(run);
    const message = isFinished ? {} : { kind: "note", text: `Stopped after epoch ${position}: Resume goes on from there.` };
    return report({ ...changes, status: isFinished ? run.status : "stopped", message, progress: {} });
  }
  function stop() {
    if (!stopPlaying) return;
    until = Math.floor(position) + 1;
    report({ status: "stopping", message: { kind: "note", text: "It stops at the end of this epoch." } });
  }
  return replay;
}
