// Asks before leaving a form whose text has been changed and not sent.
for (const form of document.querySelectorAll('form[data-behaviour~="unsaved"]')) {
  let changed = false;
  form.addEventListener("input", () => { changed = true; });
  form.addEventListener("submit", (event) => {
    if ((event.submitter?.formTarget || form.target) !== "_blank") changed = false; // a preview beside it saves nothing
  });
  window.addEventListener("beforeunload", (event) => {
    if (changed) event.preventDefault();
  });
}
