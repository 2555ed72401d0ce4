// Loads nets into the inference worker, and computes the net that is shown for its image.
import { startInferenceWorker } from "../net_in_page/worker_client.mjs";
import { isWhole } from "./board_state.mjs";

/**
 * @typedef {{imageKey: string, net: import("./recorded_errors.mjs").Net, scales: number[], watchedBlock: number,
 *   probabilities: Float32Array, branch: number[], skip: number[], maps: Float32Array,
 *   shape: number[], milliseconds: number}} Inference
 */

/** The worker and the nets in it. */
export class NetInference {
  /**
   * @param {import("./board_state.mjs").BoardState} state
   * @param {function(string): Promise<Uint8Array>} loadFile
   */
  constructor(state, loadFile) {
    Object.assign(this, { state, loadFile });
    this.isStopped = false;
    this.whole = null; // { imageKey, probabilities }: the last prediction with every block on
    this.client = null;
    this.forgetNets();
  }

  forgetNets() {
    this.loading = new Map(); // net file to a promise
    this.loaded = new Set(); // net files
  }

  /** Whether the net that is shown is in the worker. */
  get isLoaded() {
    return this.loaded.has(this.state.net.file);
  }

  /** Loads the net that is shown. @returns {Promise<import("../net_in_page/worker_client.mjs").WorkerClient>} */
  async prepare() {
    if (!this.client) {
      const source = new TextDecoder().decode(await this.loadFile(this.state.model.get("worker")));
      if (this.isStopped) throw new Error("this widget has gone");
      this.client ??= startInferenceWorker(source);
    }
    const { file } = this.state.net;
    if (!this.loading.has(file)) {
      this.loading.set(file, this.loadFile(file).then((bytes) => this.client.load(file, bytes)));
    }
    try {
      await this.loading.get(file);
    } catch (problem) {
      this.loading.delete(file);
      throw problem;
    }
    this.loaded.add(file);
    return this.client;
  }

  /**
   * Computes the net that is shown for its image.
   * @param {function(): boolean} isCurrent  whether the result is still wanted
   * @param {function(): void} onloaded
   * @returns {Promise<Inference | null>} null if it is not wanted any more
   */
  async compute(isCurrent, onloaded) {
    const { state } = this;
    const { net, imageKey } = state;
    const client = await this.prepare();
    if (!isCurrent()) return null;
    onloaded();
    const request = { net: net.file, pixels: state.pixels.slice() };
    if (!isWhole(state.scales) && this.whole?.imageKey !== imageKey) {
      const found = await client.predict({ ...request, scales: state.scales.map(() => 1) });
      if (!found || !isCurrent()) return null; // a newer request has replaced it
      this.whole = { imageKey, probabilities: found.probabilities };
    }
    // Read again: the reader may have switched blocks while a net was loaded.
    const [scales, watchedBlock] = [state.scales, state.chosen];
    const found = await client.predict({ ...request, scales, watchedBlock });
    if (!found || !isCurrent()) return null;
    if (isWhole(scales)) this.whole = { imageKey, probabilities: found.probabilities };
    return { ...found, imageKey, net, scales, watchedBlock };
  }

  /** Returns the probabilities with every block on for this result, if they are other ones. @param {Inference} inference */
  findWhole({ scales, imageKey }) {
    return !isWhole(scales) && this.whole?.imageKey === imageKey ? this.whole.probabilities : null;
  }

  /** Ends the worker; the next request starts another one and loads the files again. */
  reset() {
    this.client?.stop();
    this.client = null;
    this.forgetNets();
  }

  stop() {
    this.isStopped = true;
    this.client?.stop();
  }
}
