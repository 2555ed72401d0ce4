import { lengthOf, playing } from "../shared/error_chart.mjs";
import { clamp } from "../shared/plotting.mjs";

// A recorded run played as if it were trained now: it says what a kernel would say.

const IMAGES = 50_000; // of CIFAR-10, in an epoch
const PLAYED_IN = 7000; // milliseconds, however many epochs

/** Milliseconds that an epoch is played in, where the reader wants no motion by quarters or more. */
export const pace = (epochs) => clamp(PLAYED_IN / Math.max(1, epochs), 40, 900);

/** Seconds that a run still took after `position` epochs, which may be a fraction. */
export function secondsLeft(run, position) {
  return run.seconds.reduce((sum, seconds, index) => sum + seconds * clamp(index + 1 - position, 0, 1), 0);
}

/**
 * `progress`, as the kernel tells it, of a run that has come to `position`: the epoch under way. Of
 * what was recorded once an epoch that epoch's is given.
 */
export function progressAt(run, position) {
  const epochs = lengthOf(run);
  const index = clamp(Math.floor(position), 0, epochs - 1);
  const steps = Math.floor(IMAGES / run.batch_size);
  const step = Math.round(steps * clamp(position - index, 0, 1));
  return {
    phase: step === steps ? "testing" : "training", epoch: index + 1, epochs: run.epochs, step, steps,
    learning_rate: run.learning_rate[index], error: null, images_per_second: run.images_per_second[index],
    seconds_left: secondsLeft(run, position),
  };
}

/** The first `epochs` of a run, as if it had stopped there. */
export function cut(run, epochs) {
  const lists = ["error", "test_error", "learning_rate", "seconds", "images_per_second"];
  const ended = epochs < lengthOf(run) ? { status: "stopped", training_error: null } : {};
  return { ...run, ...ended, ...Object.fromEntries(lists.map((name) => [name, run[name].slice(0, epochs)])) };
}

/** Plays runs: `state` holds what a kernel would have said, and `show()` is called when it changes. */
export function createReplay(show) {
  const ready = { status: "ready", message: {}, progress: {}, run: {} };
  let [run, position, until, end] = [null, 0, Infinity, null];
  const replay = { state: ready, whole: null, play, stop, resume, forget };

  function say(changes) {
    replay.state = { ...replay.state, ...changes };
    show();
  }
  function halt() {
    end?.();
    end = null;
  }
  function play(chosen) {
    halt();
    [run, position] = [chosen, 0];
    replay.whole = run;
    replay.state = ready;
    resume();
  }
  function resume() {
    if (!run || end || position >= lengthOf(run)) return;
    until = Infinity;
    end = playing(pace(lengthOf(run)) / 4, (quarters) => advance(quarters / 4));
    say({ status: "training", message: {}, progress: progressAt(run, position), run: cut(run, Math.floor(position)) });
  }
  function advance(epochs) {
    const last = Math.min(until, lengthOf(run));
    position = Math.min(last, position + epochs);
    const so = { run: cut(run, Math.floor(position + 1e-9)), progress: progressAt(run, position) };
    if (position < last) return say(so);
    halt();
    const finished = position >= lengthOf(run);
    const message = finished ? {} : { kind: "note", text: `Stopped after epoch ${position}: Resume goes on from there.` };
    return say({ ...so, status: finished ? run.status : "stopped", message, progress: {} });
  }
  function stop() {
    if (!end) return;
    until = Math.floor(position) + 1;
    say({ status: "stopping", message: { kind: "note", text: "It stops at the end of this epoch." } });
  }
  /** Back to before the first. */
  function forget() {
    halt();
    [run, position] = [null, 0];
    replay.whole = null;
    replay.state = ready;
  }
  return replay;
}
