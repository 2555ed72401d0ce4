// Starts reveal.js, and fits each slide into the window. The layout is that of the window itself:
// under reveal's own scaling the pointer would miss what a widget draws.
(() => {
  const SIZES = [1, 0.93, 0.86, 0.8, 0.74, 0.68]; // smaller cannot be read from the last row
  const ZOOMS = [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6]; // a widget's, in a window of 1280 × 720
  let tried = 0; // the zooms that are too large for the widget on this slide

  const over = (box) => box.scrollHeight > box.clientHeight + 1 || box.scrollWidth > box.clientWidth + 1;

  /** Smaller letters until all fits; else the slide scrolls. */
  function fit(slide) {
    const frame = slide?.querySelector(".frame");
    if (!frame) return;
    frame.classList.remove("scrolls");
    frame.removeAttribute("tabindex");
    const parts = frame.querySelectorAll(".rl:not(.rl-prediction) > *");
    parts.forEach(watch);
    if (parts.length ? fitWidget(frame) : fitText(frame)) return;
    frame.classList.add("scrolls");
    frame.tabIndex = 0; // the keyboard scrolls it
  }

  function fitText(frame) {
    return SIZES.some((size) => {
      frame.style.setProperty("--fit", size);
      frame.style.setProperty("--zoom", Math.max(1, (size * innerWidth) / 780)); // a prediction's
      return !over(frame);
    });
  }

  /** A widget draws itself anew for each zoom, later: it only becomes smaller, until the next slide. */
  function fitWidget(frame) {
    const scale = Math.min(innerWidth / 1280, innerHeight / 720);
    for (; tried < ZOOMS.length; tried += 1) {
      frame.style.setProperty("--zoom", ZOOMS[tried] * scale);
      if (!over(frame)) return true;
    }
    return false;
  }

  // Formulas and widgets arrive later, and a widget may grow under the hand.
  const sizes = new ResizeObserver(() => now());
  const watched = new WeakSet();
  function watch(one) {
    if (!watched.has(one)) sizes.observe(one);
    watched.add(one);
  }

  // reveal.js takes every section for a slide: those that a widget makes become regions.
  const createElement = document.createElement.bind(document);
  document.createElement = (name, ...options) => {
    if (name !== "section") return createElement(name, ...options);
    const region = createElement("div", ...options);
    region.setAttribute("role", "region");
    return region;
  };

  const now = () => fit(Reveal.getCurrentSlide());
  const anew = () => {
    tried = 0;
    now();
  };
  const inWidget = (target) => target instanceof Element && target.closest(".rl-widget, .scrolls");

  Reveal.initialize({
    width: "100%",
    height: "100%",
    margin: 0,
    minScale: 1,
    maxScale: 1,
    center: false,
    display: "flex",
    hash: true,
    transition: "none",
    slideNumber: "c/t",
    controlsTutorial: false,
    // What has the focus keeps its keys: an arrow moves a slider, and no slide.
    keyboardCondition: (event) => !inWidget(event.target),
    plugins: [RevealNotes],
  }).then(now);
  Reveal.on("slidechanged", () => {
    // A widget that is out of sight keeps no keys.
    if (inWidget(document.activeElement)) document.activeElement.blur();
    anew();
  });
  Reveal.on("resize", anew);

  // A presenter's remote turns slides wherever the focus is, and Escape gives the keys back to them.
  const away = { PageDown: () => Reveal.next(), PageUp: () => Reveal.prev(), Escape: () => {} };
  addEventListener("keydown", (event) => {
    if (!away[event.key] || !inWidget(document.activeElement)) return;
    document.activeElement.blur();
    away[event.key]();
    event.stopPropagation();
    event.preventDefault();
  }, { capture: true });

  document.querySelectorAll(".shown").forEach(watch);
  document.querySelectorAll(".rl-widget").forEach((one) => one.setAttribute("data-prevent-swipe", ""));
})();
