import { loadNet, softmax } from "./block_net.mjs";

// A worker that computes nets, so that the page never waits: what it is asked and what it answers.
// net_worker.mjs starts it, from a blob of this text.

const PROGRESS = 5; // images from one word of progress to the next

/**
 * Takes requests and answers each, by its id, through `answer(message, transfer)`:
 *
 *   {id, do: "load", net, bytes}                    {id, loaded: net, blocks}
 *   {id, do: "look", net, pixels, scales, watch}    {id, logits, probabilities, milliseconds, branch, skip, maps, shape}
 *   {id, do: "accuracy", net, images, labels, scales}
 *                                                   {id, done, right}, …, {id, done, right, finished: true}
 *   {id, do: "cancel", of}                          {id: of, cancelled: true, done, right}, from that accuracy
 *
 * and what goes wrong with {id, error}. An accuracy pauses after every image: a look need not wait.
 */
export function netServer(answer) {
  const nets = new Map(); // name to a promise of the net
  const cancelled = new Set(); // ids
  const counting = new Set();

  async function netOf(name) {
    if (nets.has(name)) return nets.get(name);
    throw new Error(`no net "${name}" is loaded; loaded are: ${[...nets.keys()].join(", ") || "none"}`);
  }

  const actions = {
    async load({ id, net: name, bytes }) {
      const loading = loadNet(bytes);
      nets.set(name, loading);
      try {
        answer({ id, loaded: name, blocks: (await loading).blocks });
      } catch (error) {
        nets.delete(name);
        throw error;
      }
    },

    async look({ id, net: name, pixels, scales, watch }) {
      const net = await netOf(name);
      const start = performance.now();
      const look = net.forward(pixels, scales, watch);
      const milliseconds = performance.now() - start;
      answer({ id, ...look, probabilities: softmax(look.logits), milliseconds }, look.maps ? [look.maps.buffer] : []);
    },

    async accuracy({ id, net: name, images, labels, scales }) {
      counting.add(id);
      try {
        const net = await netOf(name);
        const values = images.length / labels.length;
        let [done, right] = [0, 0];
        for (const label of labels) {
          await pause();
          if (cancelled.has(id)) return answer({ id, cancelled: true, done, right });
          const { logits } = net.forward(images.subarray(done * values, (done + 1) * values), scales);
          if (logits.indexOf(Math.max(...logits)) === label) right += 1;
          done += 1;
          if (done % PROGRESS === 0 && done < labels.length) answer({ id, done, right });
        }
        answer({ id, done, right, finished: true });
      } finally {
        counting.delete(id);
        cancelled.delete(id);
      }
    },

    async cancel({ of }) {
      if (counting.has(of)) cancelled.add(of); // else it has ended, and said so
    },
  };

  return async (request) => {
    try {
      if (!Object.hasOwn(actions, request.do)) throw new Error(`nothing is called "${request.do}" here`);
      await actions[request.do](request);
    } catch (error) {
      answer({ id: request.id, error: error.message });
    }
  };
}

/** Lets messages that have come in go first; a timer would wait for 4 ms. */
function pause() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

// On import in a page or in node there is nothing to serve.
if (typeof WorkerGlobalScope !== "undefined" && globalThis instanceof WorkerGlobalScope) {
  const serve = netServer((message, transfer) => globalThis.postMessage(message, transfer));
  globalThis.onmessage = ({ data }) => serve(data);
}
