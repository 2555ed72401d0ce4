// The page's end of block_worker.mjs: a promise for every request.

/**
 * Starts a worker from its source, which works from file:// too.
 *
 * - `load(name, bytes)` hands it a net file (Uint8Array, which stays the caller's).
 * - `look({ net, pixels, scales, watch })`: the newest wins. While one is answered only the newest
 *   that has come since is kept; those dropped resolve to null.
 * - `accuracy({ net, images, labels, scales }, onProgress)` gives `{ done, cancel() }`, `done` a
 *   promise of the last answer: it has `finished` or `cancelled`.
 * - `stop()` ends the worker; all that wait resolve to null, and so does what is asked afterwards.
 *
 * Promises are rejected with an Error where the worker says what is wrong, or cannot start.
 */
export function startNet(source) {
  // A worker that is a module cannot start in a page from file://, and any other may not export.
  const script = source.replace(/^export /gm, "");
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const worker = new Worker(url);
  const waiting = new Map(); // id to { resolve, reject, onProgress }
  let lastRequest = 0;
  let problem = null;
  let stopped = false;

  worker.onmessage = ({ data: { id, ...answer } }) => {
    const asked = waiting.get(id);
    if (!asked) return;
    const isProgress = asked.onProgress && !answer.finished && !answer.cancelled && !answer.error;
    if (isProgress) return asked.onProgress(answer);
    waiting.delete(id);
    if (answer.error) asked.reject(new Error(answer.error));
    else asked.resolve(answer);
  };
  worker.onerror = (event) => {
    event.preventDefault(); // it is told to those who wait
    problem = new Error(`the worker that computes the net failed: ${event.message ?? "it could not start"}`);
    for (const { reject } of waiting.values()) reject(problem);
    waiting.clear();
  };

  function ask(request, { transfer = [], onProgress } = {}) {
    lastRequest += 1;
    const id = lastRequest;
    const answered = new Promise((resolve, reject) => {
      if (stopped) return resolve(null);
      if (problem) return reject(problem);
      waiting.set(id, { resolve, reject, onProgress });
      worker.postMessage({ id, ...request }, transfer);
    });
    return { id, answered };
  }

  function load(net, bytes) {
    const copy = bytes.slice().buffer;
    return ask({ do: "load", net, bytes: copy }, { transfer: [copy] }).answered;
  }

  let looking = false;
  let next = null; // { request, resolve } that waits for the look under way

  function look(request) {
    if (!looking) return send(request);
    next?.resolve(null);
    return new Promise((resolve) => (next = { request, resolve }));
  }

  function send(request) {
    looking = true;
    const { answered } = ask({ do: "look", watch: -1, ...request });
    const go = () => {
      looking = false;
      if (!next) return;
      const { request, resolve } = next;
      next = null;
      resolve(send(request));
    };
    answered.then(go, go);
    return answered;
  }

  function accuracy(request, onProgress = () => {}) {
    const { id, answered } = ask({ do: "accuracy", ...request }, { onProgress });
    return { done: answered, cancel: () => void ask({ do: "cancel", of: id }) };
  }

  function stop() {
    stopped = true;
    worker.terminate();
    URL.revokeObjectURL(url);
    for (const { resolve } of waiting.values()) resolve(null);
    waiting.clear();
  }

  return { load, look, accuracy, stop };
}
