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

// Suggestions below a field: a combobox as ARIA 1.2 describes it. Without it the field is a plain one.
document.querySelectorAll("input[data-suggest]").forEach(function (input) {
  const list = document.createElement("ul");
  list.id = input.id + "-list";
  list.className = "suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "提示");
  input.after(list);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", list.id]]) {
    input.setAttribute(name, value);
  }

  let active = -1; // the option that the arrow keys are on
  let timer, request;

  function show(open) {
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) mark(-1);
  }
  function mark(n) {
    active = n;
    Array.from(list.children).forEach(function (option, i) {
      option.setAttribute("aria-selected", String(i === n));
      if (i === n) option.scrollIntoView({ block: "nearest" });
    });
    if (n < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", list.children[n].id);
  }
  function stop() {
    clearTimeout(timer);
    if (request) request.abort();
  }
  function choose(option) {
    input.value = option.dataset.text;
    stop();
    show(false);
    input.form.requestSubmit();
  }
  function option(suggestion, i) {
    const li = document.createElement("li");
    li.id = list.id + "-" + i;
    li.setAttribute("role", "option");
    li.setAttribute("aria-selected", "false");
    li.dataset.text = suggestion.text;
    const words = li.appendChild(document.createElement("span"));
    for (const part of suggestion.parts) {
      words.appendChild(document.createElement(part.mark ? "mark" : "span")).textContent = part.text;
    }
    if (suggestion.policy) {
      const tag = li.appendChild(document.createElement("span"));
      tag.className = "tag";
      tag.textContent = "政策";
    }
    return li;
  }
  async function ask() {
    request = new AbortController();
    const mine = request;
    try {
      const answer = await fetch(input.dataset.suggest + "?q=" + encodeURIComponent(input.value), { signal: mine.signal });
      if (!answer.ok) return show(false);
      const found = (await answer.json()).suggestions;
      if (mine.signal.aborted || document.activeElement !== input) return;
      list.replaceChildren(...found.map(option));
      mark(-1);
      show(found.length > 0);
    } catch (e) {
      if (e.name !== "AbortError") show(false); // the search itself still works
    }
  }

  input.addEventListener("ask", function () {
    stop();
    if (input.value.trim()) timer = setTimeout(ask, 120);
    else show(false);
  });
  input.addEventListener("keydown", function (event) {
    const n = list.children.length;
    if (event.isComposing) return;
    if (event.key === "Enter") stop();
    if (n === 0) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (list.hidden) show(true);
      mark(active < 0 && step < 0 ? n - 1 : active + step >= n ? -1 : active + step);
    } else if (event.key === "Enter") {
      if (active >= 0) {
        event.preventDefault();
        choose(list.children[active]);
      }
      show(false);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      stop();
      show(false);
    }
  });
  input.addEventListener("blur", function () { stop(); show(false); });
  list.addEventListener("mousedown", function (event) { event.preventDefault(); }); // the field keeps the focus
  list.addEventListener("click", function (event) {
    const chosen = event.target.closest("[role=option]");
    if (chosen) choose(chosen);
  });
});

// The inbox follows what comes in. Without it the page shows what there was when it was opened.
document.querySelectorAll("[data-live]").forEach(function (letters) {
  const note = document.getElementById("live-note");
  const badge = document.getElementById("unread");
  const stream = new EventSource(letters.dataset.live);
  stream.addEventListener("inbox", function (event) {
    const state = JSON.parse(event.data);
    const list = letters.querySelector("[data-mark]");
    const news = list && list.dataset.mark !== state.mark;
    if (badge) {
      badge.hidden = state.unread === 0;
      document.getElementById("unread-n").textContent = state.unread;
    }
    if (news) {
      htmx.ajax("GET", letters.dataset.part, { target: letters, swap: "innerHTML" });
      note.textContent = "有新消息，已经更新。";
    }
  });
  stream.addEventListener("end", function () {
    stream.close();
    note.textContent = "登录已经结束，页面不再更新。请重新登录。";
  });
  stream.addEventListener("open", function () { letters.dataset.state = "open"; });
  stream.addEventListener("error", function () {
    if (stream.readyState === EventSource.CLOSED) note.textContent = "页面不再自动更新，请刷新页面查看。";
  });
  window.addEventListener("pagehide", function () { stream.close(); });
});

// The inbox by keys: from message to message, to its reasons, and done.
document.addEventListener("keydown", function (event) {
  const letters = document.querySelector("[data-live]");
  if (!letters || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, [contenteditable]")) return;
  const all = Array.from(letters.querySelectorAll(".letter"));
  const at = all.indexOf(document.activeElement && document.activeElement.closest(".letter"));
  const key = event.key.toLowerCase();
  if (key === "j" || key === "k") {
    const next = all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + (key === "j" ? 1 : -1)))];
    if (!next) return;
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  } else if (at >= 0 && key === "o") {
    const link = all[at].querySelector(".letter-do a");
    if (link) link.click();
  } else if (at >= 0 && key === "d") {
    all[at].querySelector(".letter-do form").requestSubmit();
  } else {
    return;
  }
  event.preventDefault();
});

// After an order the page comes back to the message that it was about; new messages leave the focus where it was.
window.addEventListener("DOMContentLoaded", function () {
  const letter = location.hash.startsWith("#m-") && document.getElementById(location.hash.slice(1));
  if (letter) letter.focus();
});
document.addEventListener("htmx:beforeSwap", function (event) {
  const letter = document.activeElement && document.activeElement.closest(".letter");
  if (!letter || !event.target.matches("[data-live]")) return;
  event.target.addEventListener("htmx:afterSettle", function () {
    const same = document.getElementById(letter.id);
    if (same) same.focus({ preventScroll: true });
  }, { once: true });
});
