// What a page can do beyond being read: find the search field, change the theme, copy ids, go by keys. Nothing needs it.
(() => {
  const root = document.documentElement;
  const said = document.getElementById("said");
  const stored = (name, value) => {
    try {
      if (value === undefined) return localStorage.getItem(name);
      localStorage.setItem(name, value);
    } catch (error) {
      // storage is switched off: it holds for this page
    }
    return null;
  };

  // The theme: as the system has it, light, or dark.
  const themes = document.querySelectorAll("[data-choose-theme]");
  const show = () => {
    for (const button of themes) {
      button.setAttribute("aria-pressed", button.dataset.chooseTheme === (root.dataset.theme || "auto"));
    }
  };
  for (const button of themes) {
    button.addEventListener("click", () => {
      const theme = button.dataset.chooseTheme;
      if (theme === "auto") delete root.dataset.theme;
      else root.dataset.theme = theme;
      stored("theme", theme);
      show();
    });
  }
  show();

  // The settings: the visitor's own zone, and closed by whatever happens elsewhere.
  const settings = document.querySelector(".settings");
  const zone = document.querySelector("[data-zone]");
  if (zone) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  document.addEventListener("click", (event) => {
    if (!settings.contains(event.target)) settings.open = false;
  });
  settings.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    settings.open = false;
    settings.querySelector("summary").focus();
  });

  // Each [data-copy] gets a button that copies its text whole; the attribute names what it does.
  const copy = async (element) => {
    const text = element.querySelector(".id, .chunks, code").textContent;
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    getSelection().selectAllChildren(element.querySelector(".id, .chunks, code")); // plain http has no clipboard
    if (!document.execCommand("copy")) throw new Error("not copied");
  };
  const equip = () => {
    for (const element of document.querySelectorAll("[data-copy]")) {
      if (element.querySelector(".copy")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.dataset.own = "";
      button.setAttribute("aria-label", element.dataset.copy);
      element.append(button);
    }
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest(".copy");
    if (!button) return;
    try {
      await copy(button.parentElement);
    } catch (error) {
      said.textContent = said.dataset.notCopied;
      return;
    }
    said.textContent = said.dataset.copied;
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 1500);
  });
  equip();
  document.addEventListener("explorer:changed", equip);

  // Keys. They can be switched off, since somebody's speech may press them (WCAG 2.1.4).
  const help = document.getElementById("keys");
  const on = help.querySelector("input");
  on.checked = stored("keys") !== "off";
  on.addEventListener("change", () => stored("keys", on.checked ? "on" : "off"));
  const seen = (link) => link.checkVisibility ? link.checkVisibility() : link.offsetParent !== null;
  const step = (by) => {
    const rows = [...document.querySelectorAll("main [data-row]")].filter(seen);
    if (!rows.length) return;
    const at = rows.indexOf(document.activeElement);
    const top = document.querySelector(".top").getBoundingClientRect().bottom;
    const first = rows.findIndex((row) => row.getBoundingClientRect().top >= top);
    const next = at < 0 ? Math.max(first, 0) : Math.min(Math.max(at + by, 0), rows.length - 1);
    rows[next].focus();
    rows[next].scrollIntoView({ block: "nearest" });
  };
  const follow = (selector) => document.querySelector(selector)?.click();
  const KEYS = {
    "/": () => {
      const field = document.getElementById("q");
      field.focus();
      field.select();
    },
    j: () => step(1),
    k: () => step(-1),
    "[": () => follow("main a[rel=prev]"),
    "]": () => follow("main a[rel=next]"),
    "?": () => help.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open || !(event.key in KEYS)) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    if (!on.checked && event.key !== "?") return;
    event.preventDefault();
    KEYS[event.key]();
  });
  document.querySelector("[data-keys]").addEventListener("click", () => help.showModal());
  help.addEventListener("click", (event) => {
    if (event.target === help) help.close(); // beside it
  });
})();
