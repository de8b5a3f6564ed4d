// What the page of the workbench does by itself: tips on the map, fresh rows for a table, and saving files.
// Nothing is bound to an element, so that what the kernel draws anew behaves at once.
(() => {
  if (window.oproepWorkbench) return;
  window.oproepWorkbench = true;
  const PLACE = ".oproep-map [data-tip]";
  const tip = document.createElement("div");
  tip.className = "oproep-tip";
  tip.setAttribute("aria-hidden", "true"); // who hears the page is told the label of the place itself
  tip.hidden = true;
  document.body.append(tip);

  const place = (event) => event.target.closest?.(PLACE);
  const show = (found) => {
    tip.textContent = found.dataset.tip;
    tip.hidden = false;
    const spot = found.getBoundingClientRect();
    const left = spot.left + spot.width / 2 - tip.offsetWidth / 2;
    tip.style.left = `${Math.max(4, Math.min(left, innerWidth - tip.offsetWidth - 4))}px`;
    const above = spot.top - tip.offsetHeight - 6;
    tip.style.top = `${above < 4 ? spot.bottom + 6 : above}px`;
  };
  const hide = () => { tip.hidden = true; };
  document.addEventListener("mouseover", (event) => {
    if (place(event)) show(place(event));
    else if (!document.activeElement?.matches?.(PLACE)) hide();
  });
  document.addEventListener("focusin", (event) => (place(event) ? show(place(event)) : hide()));
  document.addEventListener("scroll", hide, true);

  // One stop of the Tab key for the whole map; arrows, Home and End go from place to place. JupyterLab must not see them.
  const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  document.addEventListener("keydown", (event) => {
    const found = place(event);
    if (!found) return;
    if (event.key === "Escape") hide();
    const all = [...found.closest(".oproep-map").querySelectorAll("[data-tip]")];
    const ends = { Home: 0, End: all.length - 1 };
    const next = event.key in STEPS ? all.indexOf(found) + STEPS[event.key] : ends[event.key];
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const goal = all[(next + all.length) % all.length];
    all.forEach((one) => one.setAttribute("tabindex", one === goal ? "0" : "-1"));
    goal.focus();
  }, true);

  // itables' own promise of its bundle; its name carries the version.
  const bundle = () => window[Object.keys(window).find((name) => name.startsWith("_itables_"))];
  const waiting = new Map();
  const fill = async (id, rows, tries = 100) => {
    if (waiting.get(id) !== rows) return; // newer rows have come in the meantime
    const table = document.getElementById(id);
    const loaded = table?.matches(".dataTable") && (await bundle());
    if (!loaded) {
      if (tries) setTimeout(() => fill(id, rows, tries - 1), 100);
      return;
    }
    const data = loaded.jQuery(table).DataTable();
    const top = table.parentElement.scrollTop;
    data.clear().rows.add(JSON.parse(rows)).draw(false); // in the reader's order, and as searched
    table.parentElement.scrollTop = top;
  };
  const save = (file) => {
    const link = document.createElement("a");
    link.href = file.dataset.href;
    link.download = file.dataset.name;
    link.click();
  };
  const take = (node) => {
    node.querySelectorAll?.("[data-rows]").forEach((feed) => {
      waiting.set(feed.dataset.table, feed.dataset.rows);
      fill(feed.dataset.table, feed.dataset.rows);
    });
    node.querySelectorAll?.("[data-href]").forEach(save);
  };
  // Names for what ipywidgets leaves unnamed to who hears the page, and the parts that are told when they change.
  const name = (found, text) => { if (text && found.getAttribute("aria-label") !== text) found.setAttribute("aria-label", text); };
  const LABELLED = ".noUi-handle, .widget-readout, .widget-radio-box, .widget-select-multiple select";
  const describe = () => {
    for (const found of document.querySelectorAll(`.oproep-workbench :is(${LABELLED})`)) {
      name(found, found.closest(".jupyter-widgets")?.querySelector(".widget-label")?.textContent);
      if (found.matches(".widget-readout")) found.setAttribute("role", "textbox");
      if (found.matches(".widget-radio-box")) found.setAttribute("role", "radiogroup");
    }
    for (const group of document.querySelectorAll(".oproep-group")) {
      group.setAttribute("role", "group");
      name(group, group.querySelector("h3")?.textContent);
    }
    for (const live of document.querySelectorAll(".oproep-live")) live.setAttribute("aria-live", "polite");
  };
  let due = 0;
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) {
      const feed = target.closest?.(".oproep-feed");
      if (feed) take(feed);
      for (const node of addedNodes) {
        if (!feed && node.querySelectorAll) node.querySelectorAll(".oproep-feed").forEach(take);
      }
    }
    cancelAnimationFrame(due);
    due = requestAnimationFrame(describe);
  }).observe(document.body, { childList: true, subtree: true });
  document.querySelectorAll(".oproep-feed").forEach(take);
  describe();
})();
