// Holds the epoch that is read or replayed, as the state of the widget.
import { playEpochs } from "../shared/epoch_navigation.mjs";
import { clamp } from "../shared/plotting.mjs";

const REPLAY_MS = 9000; // how long a whole replay takes
const MIN_REPLAYED_EPOCHS = 18; // a shorter run is replayed in less time

/**
 * Creates the state. `at` is the epoch that is read, a fraction during a replay, 0 for the end. `last` is
 * the last epoch, 0 while there is no chart. `isGrowing` says that the curves end at `at`, in a replay
 * that runs or is paused. `hovered` is the epoch under the pointer, 0 for none.
 * @param {number} at
 * @param {{onmove: () => void, onrest: () => void, save: (epoch: number) => void}} handlers
 *   `onmove` is called after each change, `onrest` when an epoch has been reached, `save` with that epoch
 */
export function createEpochPosition(at, { onmove, onrest, save }) {
  const position = { at, last: 0, isGrowing: false, isPlaying: false, hovered: 0,
    setLast, getReading, goTo, hover, start, pause, follow, stop };
  let stopPlaying = null;

  function stop() {
    stopPlaying?.();
    stopPlaying = null;
    position.isPlaying = false;
  }
  function setLast(last) {
    position.last = last;
    position.at = Math.min(position.at, last);
  }
  /** Gets the epoch that is read: under the pointer, or gone to, or 0 for the end. */
  function getReading() {
    return position.hovered && !position.isPlaying ? position.hovered : Math.floor(position.at);
  }
  /** Reads at an epoch, or at the end (0); a replay that runs goes on from there. */
  function goTo(epoch) {
    position.at = clamp(epoch, 0, position.last);
    if (!position.at) {
      position.isGrowing = false;
      pause();
    }
    position.hovered = 0;
    if (!position.isPlaying) save(position.at);
    onmove();
    onrest();
  }
  function hover(epoch) {
    position.hovered = epoch;
    onmove();
  }
  function start() {
    if (!position.isGrowing) position.at = position.at && position.at < position.last ? position.at : 1;
    Object.assign(position, { isGrowing: true, isPlaying: true, hovered: 0 });
    stopPlaying = playEpochs(REPLAY_MS / Math.max(MIN_REPLAYED_EPOCHS, position.last), (epochs) => {
      position.at = Math.min(position.last, position.at + epochs);
      if (position.at >= position.last) goTo(0);
      else onmove();
    });
    onmove();
  }
  function pause() {
    if (!position.isPlaying) return;
    stop();
    position.at = Math.floor(position.at);
    save(position.at);
    onmove();
    onrest();
  }
  /** Follows an epoch that the kernel sets, or another view. */
  function follow(epoch) {
    if (!position.last || epoch === position.at || position.isPlaying) return;
    position.isGrowing = false;
    position.at = Math.min(epoch, position.last);
    onmove();
    onrest();
  }
  return position;
}
