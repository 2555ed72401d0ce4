// Computes trained nets in a Web Worker, so that the page never waits. worker_client.mjs starts it.
import { loadTrainedNet, softmax } from "./trained_net.mjs";

const IMAGES_PER_PROGRESS = 5; // images between two progress messages

const ACTIONS = ["load", "predict", "evaluate", "cancel"];

/**
 * Handles the worker's requests. It answers each request through `answer(message, transfer)`, with the
 * request's id:
 *
 *   {id, action: "load", net, bytes}          {id, loaded: net, blockNames}
 *   {id, action: "predict", net, pixels, scales, watchedBlock}
 *                                             {id, logits, probabilities, milliseconds, branch, skip, maps, shape}
 *   {id, action: "evaluate", net, images, labels, scales}
 *                                             {id, done, right}, …, {id, done, right, finished: true}
 *   {id, action: "cancel", of}                {id: of, cancelled: true, done, right}, from that evaluation
 *
 * and an error with {id, error}. An evaluation pauses after each image, so that a prediction need not wait.
 */
export class RequestHandler {
  /** @param {function(Object, Transferable[]=): void} answer */
  constructor(answer) {
    this.answer = answer;
    this.nets = new Map(); // name to a promise of the net
    this.evaluations = new Map(); // id to whether it is cancelled
  }

  /** Answers a request. @param {{id: number, action: string}} request */
  async handle(request) {
    try {
      if (!ACTIONS.includes(request.action)) throw new Error(`nothing is called "${request.action}" here`);
      await this[request.action](request);
    } catch (error) {
      this.answer({ id: request.id, error: error.message });
    }
  }

  async getNet(name) {
    if (this.nets.has(name)) return this.nets.get(name);
    throw new Error(`no net "${name}" is loaded; loaded are: ${[...this.nets.keys()].join(", ") || "none"}`);
  }

  async load({ id, net: name, bytes }) {
    const loading = loadTrainedNet(bytes);
    this.nets.set(name, loading);
    try {
      this.answer({ id, loaded: name, blockNames: (await loading).blockNames });
    } catch (error) {
      this.nets.delete(name);
      throw error;
    }
  }

  async predict({ id, net: name, pixels, scales, watchedBlock }) {
    const net = await this.getNet(name);
    const start = performance.now();
    const pass = net.forward(pixels, scales, watchedBlock);
    const milliseconds = performance.now() - start;
    this.answer({ id, ...pass, probabilities: softmax(pass.logits), milliseconds }, pass.maps ? [pass.maps.buffer] : []);
  }

  async evaluate({ id, net: name, images, labels, scales }) {
    this.evaluations.set(id, false);
    try {
      const net = await this.getNet(name);
      const values = images.length / labels.length;
      let [done, right] = [0, 0];
      for (const label of labels) {
        await letMessagesIn();
        if (this.evaluations.get(id)) return this.answer({ id, cancelled: true, done, right });
        const { logits } = net.forward(images.subarray(done * values, (done + 1) * values), scales);
        if (logits.indexOf(Math.max(...logits)) === label) right += 1;
        done += 1;
        if (done % IMAGES_PER_PROGRESS === 0 && done < labels.length) this.answer({ id, done, right });
      }
      this.answer({ id, done, right, finished: true });
    } finally {
      this.evaluations.delete(id);
    }
  }

  async cancel({ of }) {
    if (this.evaluations.has(of)) this.evaluations.set(of, true); // an evaluation that has ended has been answered
  }
}

/** Handles the messages that have arrived before the work goes on; a timer would wait for 4 ms. */
function letMessagesIn() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

// A page or Node that imports this module is no worker.
if (typeof WorkerGlobalScope !== "undefined" && globalThis instanceof WorkerGlobalScope) {
  const handler = new RequestHandler((message, transfer) => globalThis.postMessage(message, transfer));
  globalThis.onmessage = ({ data }) => handler.handle(data);
}
