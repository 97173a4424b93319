// In the head, before anything is painted: the theme that was chosen, and that scripts run.
(function () {
  var root = document.documentElement;
  root.dataset.script = "";
  try {
    var theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch (error) {
    // storage is switched off: the system's theme it is
  }
})();
