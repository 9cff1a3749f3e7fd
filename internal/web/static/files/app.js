// Small help for the pages; all of them work without it.
"use strict";

// Search as you type waits until an input method has composed its characters: half a syllable is not a query.
document.addEventListener("input", function (event) {
  if (event.target.matches("[data-ask]") && !event.isComposing) {
    event.target.dispatchEvent(new CustomEvent("ask", { bubbles: true }));
  }
});
document.addEventListener("compositionend", function (event) {
  if (event.target.matches("[data-ask]")) {
    event.target.dispatchEvent(new CustomEvent("ask", { bubbles: true }));
  }
});

// Where the address points into a closed part of the page, open it.
function reveal() {
  if (!location.hash) return;
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let e = target; e; e = e.parentElement) {
    if (e.tagName === "DETAILS") e.open = true;
  }
  if (target) target.scrollIntoView();
}
window.addEventListener("hashchange", reveal);
window.addEventListener("DOMContentLoaded", reveal);
