// What a page can do beyond being read: find the search field, change the theme, copy ids. Nothing needs it.
(() => {
  const root = document.documentElement;
  const say = (words) => { document.getElementById("said").textContent = words; };

  // "/" goes to the search field.
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing) return;
    event.preventDefault();
    const field = document.getElementById("q");
    field.focus();
    field.select();
  });

  // The theme: as the system has it, light, dark, and round again.
  const THEMES = ["auto", "light", "dark"];
  const button = document.querySelector(".theme");
  const current = () => root.dataset.theme || "auto";
  const label = () => {
    button.title = `Theme: ${current()}`;
    button.querySelector("[data-theme-label]").textContent = button.title;
  };
  button.addEventListener("click", () => {
    const theme = THEMES[(THEMES.indexOf(current()) + 1) % THEMES.length];
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    try {
      localStorage.setItem("theme", theme);
    } catch (error) {
      // storage is switched off: it holds for this page
    }
    label();
    say(button.title);
  });
  label();

  // Each [data-copy] gets a button that copies its text whole; the attribute names what is copied.
  const copy = async (element) => {
    const text = element.querySelector(".id, .chunks").textContent;
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    getSelection().selectAllChildren(element.querySelector(".id, .chunks")); // plain http has no clipboard
    if (!document.execCommand("copy")) throw new Error("not copied");
  };
  for (const element of document.querySelectorAll("[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.setAttribute("aria-label", `Copy the ${element.dataset.copy}`);
    button.addEventListener("click", async () => {
      try {
        await copy(element);
      } catch (error) {
        say("Copying is not possible here");
        return;
      }
      say(`Copied the ${element.dataset.copy}`);
      button.classList.add("done");
      setTimeout(() => button.classList.remove("done"), 1500);
    });
    element.append(button);
  }
})();
