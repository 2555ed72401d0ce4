// Holds the epoch that is read or replayed, as the state of the widget.
import { playEpochs } from "../shared/epoch_navigation.mjs";
import { clamp } from "../shared/plotting.mjs";

const REPLAY_MS = 9000; // how long a whole replay takes
const MIN_REPLAYED_EPOCHS = 18; // a shorter run is replayed in less time

/** The state of the epoch: reading, hovering, and replaying. */
export class EpochPosition {
  /**
   * @param {number} at  the epoch that is read, a fraction during a replay, 0 for the end
   * @param {{onmove: () => void, onrest: () => void, save: (epoch: number) => void}} handlers
   *   `onmove` is called after each change, `onrest` when an epoch has been reached, `save` with that epoch
   */
  constructor(at, handlers) {
    this.at = at;
    this.last = 0; // the last epoch, 0 while there is no chart
    this.hovered = 0; // the epoch under the pointer, 0 for none
    this.isGrowing = false; // the curves end at `at`, in a replay that runs or is paused
    this.stopPlaying = null;
    this.handlers = handlers;
  }
  get isPlaying() {
    return this.stopPlaying !== null;
  }
  /** The epoch that is read: under the pointer, or gone to, or 0 for the end. */
  get reading() {
    return this.hovered && !this.isPlaying ? this.hovered : Math.floor(this.at);
  }
  setLast(last) {
    this.last = last;
    this.at = Math.min(this.at, last);
  }
  /** Reads at an epoch, or at the end (0); a replay that runs goes on from there. */
  goTo(epoch) {
    this.at = clamp(epoch, 0, this.last);
    if (!this.at) {
      this.isGrowing = false;
      this.pause();
    }
    this.hovered = 0;
    if (!this.isPlaying) this.handlers.save(this.at);
    this.handlers.onmove();
    this.handlers.onrest();
  }
  hover(epoch) {
    this.hovered = epoch;
    this.handlers.onmove();
  }
  start() {
    if (!this.isGrowing) this.at = this.at && this.at < this.last ? this.at : 1;
    this.isGrowing = true;
    this.hovered = 0;
    this.stopPlaying = playEpochs(REPLAY_MS / Math.max(MIN_REPLAYED_EPOCHS, this.last), (epochs) => this.advance(epochs));
    this.handlers.onmove();
  }
  advance(epochs) {
    this.at = Math.min(this.last, this.at + epochs);
    if (this.at >= this.last) this.goTo(0);
    else this.handlers.onmove();
  }
  pause() {
    if (!this.isPlaying) return;
    this.stop();
    this.at = Math.floor(this.at);
    this.handlers.save(this.at);
    this.handlers.onmove();
    this.handlers.onrest();
  }
  stop() {
    this.stopPlaying?.();
    this.stopPlaying = null;
  }
  /** Follows an epoch that the kernel sets, or another view. */
  follow(epoch) {
    if (!this.last || epoch === this.at || this.isPlaying) return;
    this.isGrowing = false;
    this.at = Math.min(epoch, this.last);
    this.handlers.onmove();
    this.handlers.onrest();
  }
}
