// Starts reveal.js and fits each slide into the window. reveal.js does not scale the slides, because
// the pointer would then miss the marks of a widget.
(() => {
  const TEXT_SIZES = [1, 0.93, 0.86, 0.8, 0.74, 0.68]; // smaller text is unreadable in the last row
  const ZOOMS = [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6]; // of a widget at 1280 × 720
  let zoomIndex = 0; // of ZOOMS; larger zooms do not fit on this slide

  const overflows = (box) => box.scrollHeight > box.clientHeight + 1 || box.scrollWidth > box.clientWidth + 1;

  /** Makes the content of a slide smaller until it fits; if it never fits, the slide scrolls. */
  function fitSlide(slide) {
    const frame = slide?.querySelector(".frame");
    if (!frame) return;
    frame.classList.remove("scrolls");
    frame.removeAttribute("tabindex");
    const parts = frame.querySelectorAll(".rl:not(.rl-prediction) > *");
    parts.forEach(observeSize);
    if (parts.length ? fitWidget(frame) : fitText(frame)) return;
    frame.classList.add("scrolls");
    frame.tabIndex = 0; // the keyboard scrolls it
  }

  function fitText(frame) {
    return TEXT_SIZES.some((size) => {
      frame.style.setProperty("--fit", size);
      frame.style.setProperty("--zoom", Math.max(1, (size * innerWidth) / 780)); // a prediction's
      return !overflows(frame);
    });
  }

  /** Makes widgets smaller, never larger, because each zoom makes them redraw later. */
  function fitWidget(frame) {
    const scale = Math.min(innerWidth / 1280, innerHeight / 720);
    for (; zoomIndex < ZOOMS.length; zoomIndex += 1) {
      frame.style.setProperty("--zoom", ZOOMS[zoomIndex] * scale);
      if (!overflows(frame)) return true;
    }
    return false;
  }

  // Formulas and widgets load later, and a widget may grow when it is used.
  const observer = new ResizeObserver(() => fitCurrentSlide());
  const observed = new WeakSet();
  function observeSize(element) {
    if (!observed.has(element)) observer.observe(element);
    observed.add(element);
  }

  // reveal.js treats every section as a slide, so the sections of widgets become regions.
  const createElement = document.createElement.bind(document);
  document.createElement = (name, ...options) => {
    if (name !== "section") return createElement(name, ...options);
    const region = createElement("div", ...options);
    region.setAttribute("role", "region");
    return region;
  };

  const fitCurrentSlide = () => fitSlide(Reveal.getCurrentSlide());
  const refit = () => {
    zoomIndex = 0;
    fitCurrentSlide();
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
    // The focused element keeps its keys: an arrow moves a slider instead of the slides.
    keyboardCondition: (event) => !inWidget(event.target),
    plugins: [RevealNotes],
  }).then(fitCurrentSlide);
  Reveal.on("slidechanged", () => {
    // A hidden widget gets no keys.
    if (inWidget(document.activeElement)) document.activeElement.blur();
    refit();
  });
  Reveal.on("resize", refit);

  // A remote turns slides wherever the focus is, and Escape returns the keys to the slides.
  const DECK_KEYS = { PageDown: () => Reveal.next(), PageUp: () => Reveal.prev(), Escape: () => {} };
  addEventListener("keydown", (event) => {
    if (!DECK_KEYS[event.key] || !inWidget(document.activeElement)) return;
    document.activeElement.blur();
    DECK_KEYS[event.key]();
    event.stopPropagation();
    event.preventDefault();
  }, { capture: true });

  document.querySelectorAll(".shown").forEach(observeSize);
  document.querySelectorAll(".rl-widget").forEach((one) => one.setAttribute("data-prevent-swipe", ""));
})();
