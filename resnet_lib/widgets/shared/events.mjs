// Handles keys, the pointer, resizing and repeated changes for all widgets.

/**
 * Returns a listener that calls `draw` once, however many changes arrive together.
 * @param {() => void} draw
 */
export function coalesce(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    queueMicrotask(() => {
      waiting = false;
      draw();
    });
  };
}

/**
 * Stops key events at `root`, because JupyterLab would take arrow keys and letters as its own commands.
 * @param {HTMLElement} root
 * @returns {() => void}  removes the listener
 */
export function containKeys(root) {
  const stop = (event) => event.stopPropagation();
  root.addEventListener("keydown", stop);
  return () => root.removeEventListener("keydown", stop);
}

/**
 * Calls `redraw` when the width of `element` changes by a pixel or more.
 * @param {HTMLElement} element
 * @param {() => void} redraw
 * @returns {() => void}  stops observing
 */
export function observeWidth(element, redraw) {
  let width = 0;
  const observer = new ResizeObserver(([entry]) => {
    if (Math.abs(entry.contentRect.width - width) >= 1) redraw();
    width = entry.contentRect.width;
  });
  observer.observe(element);
  return () => observer.disconnect();
}

/**
 * Converts the position of the pointer into pixels of `element`. CSS `zoom`, as on a slide, scales them.
 * @param {HTMLElement} element
 * @param {PointerEvent} event
 */
export function locatePointer(element, event) {
  const box = element.getBoundingClientRect();
  const zoom = element.currentCSSZoom ?? 1;
  return { x: (event.clientX - box.left) / zoom, y: (event.clientY - box.top) / zoom };
}
