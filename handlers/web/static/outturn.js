// Everything here is a comfort: each page does its work without it.
"use strict";

// The theme changes without loading the page again; the cookie is the one that
// the server sets for ?theme=.
const secondsOfTheme = 365 * 24 * 60 * 60;
for (const link of document.querySelectorAll("[data-set-theme]")) {
  link.addEventListener("click", (click) => {
    click.preventDefault();
    const theme = link.dataset.setTheme;
    document.documentElement.dataset.theme = theme;
    document.cookie = `outturn_theme=${theme}; path=/; max-age=${secondsOfTheme}; samesite=lax`;
    for (const other of document.querySelectorAll("[data-set-theme]")) other.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
  });
}

// On a narrow screen the filters are folded, so that the figures come first.
if (matchMedia("(max-width: 760px)").matches) document.querySelector(".filtering")?.removeAttribute("open");

// When new events were recorded, the page offers to show them. It never changes
// a number or an order under the reader's eyes.
const news = document.querySelector(".news");
const millisecondsBetweenLooks = 15000;
async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch("/position", { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const { sequence } = await answer.json();
    const shown = Number(document.body.dataset.sequence);
    if (sequence <= shown) return;
    news.querySelector("span").textContent = news.dataset.text.replace("{n}", sequence - shown);
    news.hidden = false;
  } catch {
    // The server is away; the next look may find it.
  }
}
if (document.body.dataset.sequence) {
  setInterval(look, millisecondsBetweenLooks);
  addEventListener("focus", look);
}

// A number of a form opens beside it, without losing the place in the form.
// Without this the link loads the page again and leads to the same panel.
async function openCell(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!answer.ok) throw new Error(answer.statusText);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of [".scroll tbody", "#side", ".tools"]) document.querySelector(part).replaceWith(fresh.querySelector(part));
  const panel = document.getElementById("cell");
  panel.focus({ preventScroll: true });
  panel.scrollIntoView({ block: "nearest" });
}
document.addEventListener("click", (click) => {
  const link = click.target.closest?.('.desk a[href*="cell="][href$="#cell"]');
  if (!link || click.ctrlKey || click.metaKey || click.shiftKey || click.button) return;
  click.preventDefault();
  openCell(link.href).then(() => history.pushState(null, "", link.href), () => location.assign(link.href));
});
if (document.querySelector(".desk")) addEventListener("popstate", () => location.reload());

// A file can be dropped on the form that takes one.
const drop = document.querySelector(".drop");
for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
  drop?.addEventListener(name, (drag) => {
    drag.preventDefault();
    drop.classList.toggle("over", over);
    if (drag.dataTransfer.files.length) drop.querySelector("[type=file]").files = drag.dataTransfer.files;
  });
}
