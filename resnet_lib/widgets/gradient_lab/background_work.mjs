// Runs long work in slices, so that the page stays responsive.

const SLICE_MS = 8; // of work, before the page has its turn

/**
 * Runs a generator in slices.
 * @param {Generator} work
 * @param {function(*): void} ondone  gets what the generator returns
 * @param {number} [delay]  before it starts, in milliseconds
 * @returns {function(): void} stops the work
 */
export function runInSlices(work, ondone, delay = 0) {
  let timer = setTimeout(function runSlice() {
    const end = performance.now() + SLICE_MS;
    let step = work.next();
    while (!step.done && performance.now() < end) step = work.next();
    if (step.done) ondone(step.value);
    else timer = setTimeout(runSlice);
  }, delay);
  return () => clearTimeout(timer);
}

/**
 * Runs several generators in turns, and returns a list of what they returned.
 * @param {Generator[]} works
 */
export function* interleave(works) {
  const results = works.map(() => undefined);
  const unfinished = new Set(works.keys());
  while (unfinished.size) {
    for (const index of [...unfinished]) {
      const step = works[index].next();
      if (step.done) {
        results[index] = step.value;
        unfinished.delete(index);
      }
      yield;
    }
  }
  return results;
}
