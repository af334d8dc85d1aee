// Announcements as they happen: each comes as a piece of a page, escaped by the server. A picture beside them is asked
// for anew once a second at most.
"use strict";

for (const place of document.querySelectorAll("[data-live]")) {
  const list = place.querySelector("[data-list]");
  const status = place.querySelector("[data-status]");
  const pause = place.querySelector("[data-pause]");
  const none = place.querySelector("[data-none]");
  const most = Number(place.dataset.most);
  const labels = { pause: pause.textContent, resume: pause.dataset.resume };
  const picture = document.querySelector("[data-picture]");
  let waiting = [];
  let paused = false;
  let asked = null;

  const show = (html) => {
    const piece = document.createElement("template");
    piece.innerHTML = html;
    const item = piece.content.firstElementChild;
    for (const old of list.children) if (old.dataset.id === item.dataset.id) return;
    item.classList.add("new");
    list.prepend(item);
    while (list.children.length > most) list.lastElementChild.remove();
    if (none) none.hidden = true;
  };

  const redraw = async () => {
    asked = null;
    const answer = await fetch(picture.dataset.picture);
    if (!answer.ok || answer.redirected || picture.contains(document.activeElement)) return;
    const open = picture.querySelector("details").open;
    picture.innerHTML = await answer.text();
    picture.querySelector("details").open = open;
  };

  const source = new EventSource(place.dataset.live);
  source.onopen = () => { status.textContent = status.dataset.waiting; };
  source.onerror = () => { status.textContent = status.dataset.broken; };
  source.onmessage = (event) => {
    if (paused) waiting = [...waiting, event.data].slice(-most);
    else show(event.data);
    if (picture && !paused && asked === null) asked = setTimeout(redraw, 1000);
  };

  pause.hidden = false;
  pause.onclick = () => {
    paused = !paused;
    pause.textContent = paused ? labels.resume : labels.pause;
    if (paused) return;
    waiting.forEach(show);
    waiting = [];
    if (picture) redraw();
  };
  addEventListener("pagehide", () => source.close());
}
