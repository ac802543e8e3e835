// The form to subscribe, live: today's edition under it while interests are typed and the dial is
// turned, and the time zone of this computer. Without it, the form has a button that does the same.
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
  const asking = () => {
    const trend = form.elements.namedItem("trend")?.value ?? "";
    return new URLSearchParams({ interests: interests.value, trend }).toString();
  };
  let before = asking();
  let timer = 0;
  let running = null;
  const show = async () => {
    const asked = asking();
    if (asked === before || interests.value.length > longest) {
      return;
    }
    before = asked;
    running?.abort();
    running = new AbortController();
    state.textContent = "Today’s edition is being made …";
    try {
      const answer = await fetch(`${form.dataset.part}?${asked}`, { signal: running.signal });
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
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, 500);
  });
})();
