// Mounts every widget of the page from the modules below, without a kernel and without a network.
(() => {
  const modules = /* MODULES */ {};

  // As much of ipywidgets' model as a widget uses: values, and a word when one has changed.
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

  async function mount(twin) {
    const picture = twin.querySelector(".rl-picture");
    const el = document.createElement("div");
    try {
      const state = JSON.parse(twin.querySelector('script[type="application/json"]').textContent);
      const { default: widget } = await load(twin.dataset.rlModule);
      twin.append(el);
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
