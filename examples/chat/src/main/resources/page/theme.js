// A classic script in the head, so that a page whose theme was chosen is never painted in the other one first.
{
  const KEY = "comet-chat/theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const shown = () => root.dataset.theme ?? (system.matches ? "dark" : "light");

  const chosen = localStorage.getItem(KEY);
  if (chosen === "dark" || chosen === "light") {
    root.dataset.theme = chosen;
  }

  addEventListener("click", event => {
    if (event.target.closest("[data-action=toggle-theme]")) {
      root.dataset.theme = shown() === "dark" ? "light" : "dark";
      localStorage.setItem(KEY, root.dataset.theme);
    }
  });
}
