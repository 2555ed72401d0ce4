// Mounts every widget of the page from the modules beside it, without a kernel and without a network.
(() => {
  const modules = window.resnetLibModules ?? {}; // name to source, from scripts before this one

  // Files too heavy for a page are scripts, each asked for once: a script may come from file://, where
  // fetching is refused. What is in one calls resnetLibFile.
  const folder = new URL("files/", document.currentScript.src);
  const arrived = new Map(); // name to what takes the content
  const asked = new Map(); // name to a promise of the bytes
  window.resnetLibFile = (name, base64, stride) => arrived.get(name)?.(base64, stride);

  // The bytes of a file as widget_scripts.py packs them: deflated, every stride-th byte together.
  async function unpack(base64, stride) {
    const deflated = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const stream = new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate"));
    const together = new Uint8Array(await new Response(stream).arrayBuffer());
    const bytes = new Uint8Array(together.length);
    let from = 0;
    for (let start = 0; start < stride; start += 1) {
      for (let at = start; at < bytes.length; at += stride) bytes[at] = together[from++];
    }
    return bytes;
  }

  function loadFile(name) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      const fail = () => {
        asked.delete(name); // the next one to ask tries again
        script.remove();
        reject(new Error(`${script.src} could not be loaded, which this widget needs`));
      };
      arrived.set(name, (base64, stride) => {
        script.onload = null;
        resolve(unpack(base64, stride));
      });
      script.src = new URL(`${encodeURIComponent(name)}.js`, folder);
      script.onerror = fail;
      script.onload = fail; // it came, and held something else
      document.head.append(script);
    });
  }

  // As much of ipywidgets' model as a widget uses: values, a word when one has changed, and files.
  class PageModel {
    constructor(state) {
      this.state = state;
      this.listeners = new Map();
    }
    get(name) {
      return this.state[name];
    }
    set(name, value) {
      if (this.state[name] === value) return;
      this.state[name] = value;
      for (const event of [`change:${name}`, "change"]) {
        for (const listener of this.listeners.get(event) ?? []) listener(this, value);
      }
    }
    on(event, listener) {
      this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]);
    }
    off(event, listener) {
      const left = (this.listeners.get(event) ?? []).filter((one) => listener && one !== listener);
      this.listeners.set(event, left);
    }
    save_changes() {}
    file(name) {
      if (!asked.has(name)) asked.set(name, loadFile(name));
      return asked.get(name);
    }
  }

  // A blob has no path, so this works from file:// too, where importing a file is refused.
  const imported = new Map();
  function load(name) {
    if (!imported.has(name)) {
      const url = URL.createObjectURL(new Blob([modules[name]], { type: "text/javascript" }));
      imported.set(name, import(url));
    }
    return imported.get(name);
  }

  async function mount(container) {
    const picture = container.querySelector(".rl-picture");
    const el = document.createElement("div");
    try {
      const state = JSON.parse(container.querySelector('script[type="application/json"]').textContent);
      const { default: widget } = await load(container.dataset.rlModule);
      container.append(el);
      await widget.render({ model: new PageModel(state), el });
      picture.hidden = true;
    } catch (error) {
      el.textContent = "This widget could not start; the picture shows what it would.";
      console.error(error);
    }
  }

  const mountAll = () => document.querySelectorAll("[data-rl-module]").forEach(mount);
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", mountAll);
  else mountAll();
})();
