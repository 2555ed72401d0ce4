// Reads and changes the model of a widget: the kernel's, or the built page's.

/**
 * @typedef {{get: (name: string) => any, set: (name: string, value: any) => void, on: Function, off: Function,
 *   save_changes: () => void, send?: (message: Object) => void, file?: (name: string) => Promise<Uint8Array>}} Model
 *   as anywidget has it; only a live model has `send`, only the built page's has `file`
 */

/**
 * Sets traits and sends them to the kernel.
 * @param {Model} model
 * @param {Object<string, any>} changes
 */
export function setTraits(model, changes) {
  for (const [name, value] of Object.entries(changes)) model.set(name, value);
  model.save_changes();
}

/**
 * Adds listeners to a model.
 * @param {Model} model
 * @param {[string, Function][]} listeners  pairs of an event and its listener
 * @returns {() => void}  removes all of them
 */
export function listenToModel(model, listeners) {
  listeners.forEach(([event, listener]) => model.on(event, listener));
  return () => listeners.forEach(([event, listener]) => model.off(event, listener));
}

/**
 * Loads a file that is too heavy for the page: from the trait `files`, or from beside the built page.
 * @param {Model} model
 * @param {string} name
 * @returns {Promise<Uint8Array>}
 */
export async function loadWidgetFile(model, name) {
  const view = model.get("files")?.[name];
  if (view) return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  if (model.file) return model.file(name);
  throw new Error(`the widget holds no file ${name}`);
}
