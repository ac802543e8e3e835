// The form to subscribe, live: today's edition under it while interests are typed, and the time
// zone of this computer. Without it, the form has a button that does the same.
"use strict";
(() => {
  const form = document.getElementById("subscribe");
  const zone = document.getElementById("zone");
  const interests = document.getElementById("interests");
  const shown = document.getElementById("preview");
  const state = document.getElementById("preview-state");
  if (!form || !interests || !shown || !state) {
    return;
  }
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && zone.dataset.guess && here) {
    zone.value = here;
    const said = document.getElementById("zone-said");
    if (said) {
      said.textContent = here;
    }
  }
  const longest = 2000;
  let before = interests.value;
  let timer = 0;
  let asked = null;
  const show = async () => {
    const text = interests.value;
    if (text === before || text.length > longest) {
      return;
    }
    before = text;
    asked?.abort();
    asked = new AbortController();
    state.textContent = "Today’s edition is being made …";
    try {
      const address = `${form.dataset.part}?${new URLSearchParams({ interests: text })}`;
      const answer = await fetch(address, { signal: asked.signal });
      if (!answer.ok) {
        throw new Error(String(answer.status));
      }
      shown.innerHTML = await answer.text();
      const papers = shown.querySelectorAll(".paper").length;
      const count = papers === 1 ? "1 paper" : `${papers} papers`;
      state.textContent = papers ? `So your letter would begin today, with ${count}:` : "No preview yet.";
    } catch (error) {
      if (error.name !== "AbortError") {
        state.textContent = "No preview at the moment; you can subscribe all the same.";
      }
    }
  };
  interests.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, 500);
  });
})();
