// Shows the Python that builds a net, with a button that copies it.
import { h } from "../shared/dom.mjs";

/** Creates the code and its button; `draw` sets the code, `reset` the label of the button. */
export function createCodeSample() {
  const code = h("code", {});
  const button = h("button", { type: "button", class: "rl-button", onclick: copy }, "Copy");
  const element = h("div", { class: "rl-code" }, h("pre", { tabindex: 0, "aria-label": "Python that builds this net" }, code), button);

  async function copy() {
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      // The page has no right to the clipboard (a file, say): select the text for the reader's own copy.
      getSelection().selectAllChildren(code);
      button.textContent = document.execCommand("copy") ? "Copied" : "Press Ctrl-C";
      return;
    }
    button.textContent = "Copied";
  }
  return {
    element,
    draw: (text) => (code.textContent = text),
    reset: () => (button.textContent = "Copy"),
  };
}
