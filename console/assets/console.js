// Live conversation, and forms of the chat without a page load. Everything else works without this.
"use strict";

const thread = document.getElementById("thread");
const asking = document.getElementById("ask");
const status = document.getElementById("status");
const input = document.getElementById("text");

const tell = (words) => { if (status) status.textContent = words; };
const atEnd = () => innerHeight + scrollY >= document.documentElement.scrollHeight - 160;
const toEnd = () => scrollTo({ top: document.documentElement.scrollHeight });

// What a person ticked or opened stays so when the rest of a message changes.
function keep(old, fresh) {
  for (const box of old.querySelectorAll("input[name=chosen]")) {
    const twin = fresh.querySelector(`input[name=chosen][value="${CSS.escape(box.value)}"]`);
    if (twin) twin.checked = box.checked;
  }
  const opened = old.querySelectorAll("details");
  fresh.querySelectorAll("details").forEach((twin, i) => { if (opened[i]) twin.open = opened[i].open; });
}

// Who works by keyboard stays where she was, or at least in the same message.
function refocus(had, fresh) {
  const twin = had.name && fresh.querySelector(`[name="${CSS.escape(had.name)}"][value="${CSS.escape(had.value)}"]`);
  if (!twin) fresh.tabIndex = -1;
  (twin || fresh).focus({ preventScroll: true });
}

// Puts in what is new, replaces what changed, leaves alone what did not.
function sync(html) {
  const next = document.createElement("template");
  next.innerHTML = html;
  const follow = atEnd();
  const wanted = new Set();
  let place = thread.firstElementChild;
  for (const fresh of [...next.content.children]) {
    wanted.add(fresh.id);
    const old = document.getElementById(fresh.id);
    let item = fresh;
    if (old && old.dataset.version === fresh.dataset.version) {
      item = old;
    } else if (old) {
      const had = document.activeElement;
      const isIn = old.contains(had);
      keep(old, fresh);
      if (place === old) place = fresh;
      old.replaceWith(fresh);
      if (isIn) refocus(had, fresh);
    }
    if (item === place) place = item.nextElementSibling;
    else thread.insertBefore(item, place);
  }
  for (const item of [...thread.children]) if (!wanted.has(item.id)) item.remove();
  if (follow) toEnd();
}

// The same words sent again because no answer came are the same act, which counts once; after an
// answer they are another.
let answered = 0;

// Hands something in; gives the page's answer, or nothing after saying why there is none.
async function hand(form, body) {
  body.set("once", `${thread.dataset.once}.${answered}`);
  form.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } });
    const elsewhere = answer.headers.get("HX-Redirect");
    if (elsewhere) return void location.assign(elsewhere);
    const html = await answer.text();
    if (!answer.ok) {
      const problem = new DOMParser().parseFromString(html, "text/html").querySelector(".problem");
      return void tell(problem ? problem.textContent : "That did not work. Nothing was sent; try again.");
    }
    answered += 1;
    tell("");
    return { html, isQuestion: answer.headers.get("HX-Retarget") === "#ask" };
  } catch {
    tell("Dealdesk cannot be reached. Try again: what did arrive is not done twice.");
  } finally {
    form.removeAttribute("aria-busy");
  }
}

async function send(form, button) {
  // Not `disabled`: the button would lose the focus.
  if (button) button.setAttribute("aria-disabled", "true");
  const answer = await hand(form, new URLSearchParams(new FormData(form, button)));
  if (button) button.removeAttribute("aria-disabled");
  if (!answer) return;
  if (answer.isQuestion) {
    asking.innerHTML = answer.html;
    asking.querySelector("textarea").focus();
    return;
  }
  asking.replaceChildren();
  if (form.matches(".say")) form.reset();
  sync(answer.html);
  toEnd();
}

function listen() {
  let line = null;
  let again = 0;
  const open = () => {
    if (line || document.hidden) return;
    line = new EventSource(thread.dataset.events);
    line.addEventListener("thread", (event) => { tell(""); sync(event.data); });
    line.onerror = () => {
      if (line && line.readyState === EventSource.CLOSED) {
        line = null;
        clearTimeout(again);
        again = setTimeout(open, 3000);
      }
      tell("Reconnecting…");
    };
  };
  // A hidden tab gives its connection back: browsers allow six to one server.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) return open();
    if (line) line.close();
    line = null;
  });
  open();
}

// A file goes off as soon as it is chosen or dropped; its card comes in the thread like any other.
async function sendFile(form, file) {
  if (!file || form.hasAttribute("aria-busy")) return;
  const body = new FormData();
  tell(`Sending ${file.name}…`);
  // The form's number comes before the file: what is too large is refused before it is read to its end.
  body.set("once", "");
  body.set("file", file, file.name);
  const answer = await hand(form, body);
  form.reset();
  if (!answer) return;
  sync(answer.html);
  toEnd();
}

// Files can be dropped anywhere on the chat, and on the form of the Contracts page.
for (const form of document.querySelectorAll("[data-drop]")) {
  const zone = form.dataset.drop === "page" ? document.documentElement : form;
  const choice = form.querySelector("input[type=file]");
  const carries = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  zone.addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    zone.classList.add("dropping");
  });
  zone.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget || !zone.contains(event.relatedTarget)) zone.classList.remove("dropping");
  });
  zone.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    zone.classList.remove("dropping");
    const files = event.dataTransfer.files;
    if (files.length > 1) return tell("One file at a time: each becomes a document of its own.");
    if (thread) return sendFile(form, files[0]);
    choice.files = files;
  });
  if (thread) {
    // The clip opens the choice, and choosing sends: nobody needs to reach the button.
    form.classList.add("hidden");
    form.querySelector("button").hidden = true;
    choice.addEventListener("change", () => sendFile(form, choice.files[0]));
  }
}

// A quote of the report lights up where it stands.
for (const link of document.querySelectorAll("[data-quote]")) {
  link.addEventListener("click", () => {
    for (const old of document.querySelectorAll("mark.lit")) old.classList.remove("lit");
    for (const mark of document.querySelectorAll(`mark[data-q~="${link.dataset.quote}"]`)) mark.classList.add("lit");
  });
}

// What was marked in the document goes into the form as the sentence.
let marked = "";
document.addEventListener("selectionchange", () => {
  const chosen = getSelection();
  const text = document.getElementById("document");
  if (text && !chosen.isCollapsed && text.contains(chosen.anchorNode)) marked = chosen.toString();
});
for (const button of document.querySelectorAll("[data-marked]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const field = button.form.elements.quote;
    if (marked) field.value = marked;
    else button.textContent = "Mark the sentence in the document first";
    button.form.elements.state.value = "stated";
    field.focus();
  });
}

if (thread) {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.getAttribute("action").startsWith("/chat/")) return;
    event.preventDefault();
    if (!form.hasAttribute("aria-busy")) send(form, event.submitter);
  });
  asking.addEventListener("click", (event) => {
    if (!event.target.matches("[data-cancel]")) return;
    event.preventDefault();
    asking.replaceChildren();
    input.focus();
  });
  listen();
  if (!asking.firstElementChild) toEnd();
}

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("input, textarea, select");
  if (event.key === "/" && input && !isTyping) {
    event.preventDefault();
    input.focus();
  } else if (event.key === "Escape") {
    if (asking) asking.replaceChildren();
    for (const sheet of document.querySelectorAll("details.narrow[open]")) sheet.open = false;
  }
});

for (const button of document.querySelectorAll("[data-copy]")) {
  const field = button.parentElement.querySelector("[data-select]");
  field.addEventListener("focus", () => field.select());
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
  });
}

// "just now" stops being true.
function renewTimes() {
  for (const time of document.querySelectorAll("time")) {
    const s = (Date.now() - Date.parse(time.dateTime)) / 1000;
    if (s < 45 || s >= 86400) continue;
    time.textContent = s < 3600 ? `${Math.round(s / 60)} min ago` : `${Math.round(s / 3600)} h ago`;
  }
}
setInterval(renewTimes, 30000);
