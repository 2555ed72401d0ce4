// Starts the inference worker and sends it requests: each call returns a promise of the answer.

/**
 * @typedef {Object} WorkerClient
 * @property {function(string, Uint8Array): Promise} load  sends a weights file, of which the caller keeps its copy
 * @property {function({net: string, pixels: Uint8Array, scales: number[], watchedBlock?: number}): Promise} predict
 *   computes the newest request. While one is computed, only the newest that has come since is kept;
 *   a dropped request resolves to null.
 * @property {function({net: string, images: Uint8Array, labels: number[], scales: number[]}, function=):
 *   {done: Promise, cancel: function(): void}} evaluate  counts the images that a net classifies correctly;
 *   `done` resolves to the last answer, which has `finished` or `cancelled`
 * @property {function(): void} stop  ends the worker; all unanswered and later requests resolve to null
 */

/**
 * Starts a worker from its source, which works from file:// too. A promise is rejected with an `Error`
 * if the worker reports an error or cannot start.
 * @param {string} source
 * @returns {WorkerClient}
 */
export function startInferenceWorker(source) {
  const connection = new WorkerConnection(source);

  function load(net, bytes) {
    const copy = bytes.slice().buffer;
    return connection.send({ action: "load", net, bytes: copy }, { transfer: [copy] }).answer;
  }

  function evaluate(request, onProgress = () => {}) {
    const { id, answer } = connection.send({ action: "evaluate", ...request }, { onProgress });
    return { done: answer, cancel: () => void connection.send({ action: "cancel", of: id }) };
  }

  const predict = keepNewest((request) => connection.send({ action: "predict", watchedBlock: -1, ...request }).answer);
  return { load, predict, evaluate, stop: () => connection.stop() };
}

/** A worker whose answers are matched with the requests by their ids. */
class WorkerConnection {
  constructor(source) {
    // A module worker cannot start in a page from file://, and a classic one may not export.
    const script = source.replace(/^export /gm, "");
    this.url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    this.worker = new Worker(this.url);
    this.unanswered = new Map(); // id to { resolve, reject, onProgress }
    this.lastId = 0;
    this.problem = null;
    this.isStopped = false;
    this.worker.onmessage = ({ data }) => this.receive(data);
    this.worker.onerror = (event) => {
      event.preventDefault(); // the requests report it
      this.problem = new Error(`the worker that computes the net failed: ${event.message ?? "it could not start"}`);
      this.settleAll(({ reject }) => reject(this.problem));
    };
  }

  send(request, { transfer = [], onProgress } = {}) {
    this.lastId += 1;
    const id = this.lastId;
    const answer = new Promise((resolve, reject) => {
      if (this.isStopped) return resolve(null);
      if (this.problem) return reject(this.problem);
      this.unanswered.set(id, { resolve, reject, onProgress });
      this.worker.postMessage({ id, ...request }, transfer);
    });
    return { id, answer };
  }

  receive({ id, ...answer }) {
    const request = this.unanswered.get(id);
    if (!request) return;
    const isProgress = request.onProgress && !answer.finished && !answer.cancelled && !answer.error;
    if (isProgress) return request.onProgress(answer);
    this.unanswered.delete(id);
    if (answer.error) request.reject(new Error(answer.error));
    else request.resolve(answer);
  }

  settleAll(settle) {
    for (const request of this.unanswered.values()) settle(request);
    this.unanswered.clear();
  }

  stop() {
    this.isStopped = true;
    this.worker.terminate();
    URL.revokeObjectURL(this.url);
    this.settleAll(({ resolve }) => resolve(null));
  }
}

/** Calls `send` for one request at a time. Of the requests meanwhile it keeps the newest; others resolve to null. */
function keepNewest(send) {
  let isBusy = false;
  let next = null; // { request, resolve }

  function start(request) {
    isBusy = true;
    const answer = send(request);
    const startNext = () => {
      isBusy = false;
      if (!next) return;
      const { request: newest, resolve } = next;
      next = null;
      resolve(start(newest));
    };
    answer.then(startNext, startNext);
    return answer;
  }

  return (request) => {
    if (!isBusy) return start(request);
    next?.resolve(null);
    return new Promise((resolve) => (next = { request, resolve }));
  };
}
