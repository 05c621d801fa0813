// Asks before leaving a form whose text has been changed and not sent.
for (const form of document.querySelectorAll('form[data-behaviour~="unsaved"]')) {
  let changed = false;
  form.addEventListener("input", () => { changed = true; });
  form.addEventListener("submit", () => { changed = false; });
  window.addEventListener("beforeunload", (event) => {
    if (changed) event.preventDefault();
  });
}
