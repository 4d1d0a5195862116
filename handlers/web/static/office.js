// A comfort for the office: its pages do their work without it.
"use strict";
{
  // An import tells how far it is, and shows its report when it is over.
  const running = document.getElementById("running");
  const millisecondsBetweenLooks = 500;
  const look = async () => {
    try {
      const answer = await fetch(running.dataset.progress, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.statusText);
      const at = await answer.json();
      if (at.done) return location.reload();
      running.querySelector(".stage b").textContent = at.stage;
      running.querySelector(".words").textContent = at.words;
      const bar = running.querySelector("progress");
      bar.max = at.rows;
      bar.value = at.handled;
    } catch {
      // The server is away; the next look may find it.
    }
    setTimeout(look, millisecondsBetweenLooks);
  };
  if (running) setTimeout(look, millisecondsBetweenLooks);

  // A token can be copied where the browser allows it.
  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
      button.textContent = button.dataset.done;
    });
  }
}
