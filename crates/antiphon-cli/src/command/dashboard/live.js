// Adds rows of new events to a page that shows the newest ones, and renews the figures of the others.
"use strict";
const LONGEST = 500;

const table = document.querySelector("tbody[data-live]");
if (table) {
  const state = document.querySelector(".live");
  let last = Number(table.dataset.after);
  const url = new URL(table.dataset.live, location.href);
  url.searchParams.set("after", last);
  const source = new EventSource(url);
  const tell = (on, text) => {
    state.classList.toggle("on", on);
    state.textContent = text;
  };
  source.onopen = () => tell(true, "new events appear as they are stored");
  source.onerror = () => tell(false, "the server does not answer; trying again");
  source.onmessage = (message) => {
    const position = Number(message.lastEventId);
    if (position <= last) return;
    last = position;
    const row = document.createElement("template");
    row.innerHTML = message.data;
    row.content.firstElementChild.classList.add("new");
    table.prepend(row.content);
    while (table.rows.length > LONGEST) table.deleteRow(-1);
  };
}

const parts = document.querySelectorAll("[data-renew]");
if (parts.length) {
  const wait = Number(parts[0].dataset.renew) * 1000;
  // What a form is about: its hidden fields name it.
  const about = (form) =>
    [...form.querySelectorAll("input[type=hidden]")].map((field) => field.name + "=" + field.value).join("\n");
  const fields = (form) => [...form.elements].filter((field) => field.name && !["hidden", "submit"].includes(field.type));
  const isChanged = (field) => {
    if (field.options) {
      const chosen = [...field.options].filter((one) => one.defaultSelected);
      const first = !field.multiple && !chosen.length ? field.options[0] : undefined;
      return [...field.options].some((one) => one.selected !== (one.defaultSelected || one === first));
    }
    return field.value !== field.defaultValue || field.checked !== field.defaultChecked;
  };
  // What somebody has begun to fill in stays; where its form is gone, the part stays as it is.
  const keep = (part, next) => {
    for (const form of part.querySelectorAll("form")) {
      const filled = fields(form);
      if (!filled.some(isChanged)) continue;
      const same = [...next.querySelectorAll("form")].find((one) => about(one) === about(form));
      if (!same || fields(same).length !== filled.length) return false;
      fields(same).forEach((field, index) => field.replaceWith(filled[index]));
    }
    return true;
  };
  const put = (part, next) => {
    if (!next || part.contains(document.activeElement) || !keep(part, next)) return;
    const open = [...part.querySelectorAll("details[id][open]")].map((one) => one.id);
    part.replaceChildren(...next.childNodes);
    for (const id of open) part.querySelector("#" + CSS.escape(id))?.setAttribute("open", "");
  };
  const renew = async () => {
    if (!document.hidden) {
      try {
        const answer = await fetch(location.href);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const renewed = page.querySelectorAll("[data-renew]");
        parts.forEach((part, index) => put(part, renewed[index]));
      } catch {
        // The server is away; the next try may find it.
      }
    }
    setTimeout(renew, wait);
  };
  setTimeout(renew, wait);
}
