// The preview beside the text: what the server would give readers, asked for again when typing rests.
const ASK_AFTER_MS = 500;
const SHOWN = "editor-preview";

for (const place of document.querySelectorAll('[data-behaviour~="live-preview"]')) {
  const form = document.getElementById("editor");
  const columns = place.parentElement;
  const button = document.querySelector('[data-behaviour~="preview-switch"]');
  let later;
  let asking;

  async function ask() {
    asking?.abort();
    asking = new AbortController();
    const body = new FormData(form);
    body.delete("picture_file");
    body.set("article_id", place.dataset.article);
    try {
      const answer = await fetch(place.dataset.url, { method: "POST", body, signal: asking.signal, redirect: "manual" });
      const told = await answer.text();
      if (answer.ok) place.innerHTML = told; // sanitized by the server, and scripts in it would be refused by the page's policy
      else if (answer.status === 422) place.textContent = told;
      if (answer.ok) delete place.dataset.old;
    } catch (error) {
      if (error.name !== "AbortError") place.dataset.old = "";
    }
  }
  function turn(on) {
    place.hidden = !on;
    columns.dataset.preview = on ? "on" : "off";
    button.setAttribute("aria-pressed", on);
    localStorage.setItem(SHOWN, on ? "on" : "off");
    if (on) ask();
  }

  button.hidden = false;
  button.addEventListener("click", () => turn(place.hidden));
  form.addEventListener("input", () => {
    if (place.hidden) return;
    place.dataset.old = "";
    clearTimeout(later);
    later = setTimeout(ask, ASK_AFTER_MS);
  });
  if (localStorage.getItem(SHOWN) === "on") turn(true);
}
