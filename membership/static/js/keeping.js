// Keeps what is typed as a working copy, and learns who else has the story open. Nothing that readers see changes.
const KEEP_AFTER_MS = 2000;
const SIGN_EVERY_MS = 30000;

for (const form of document.querySelectorAll('form[data-behaviour~="keeping"]')) {
  const said = document.getElementById("kept");
  const { keep, presence } = form.dataset;
  let changed = false;
  let sending = false;
  let stopped = false;
  let later;

  const show = (id, sentence) => {
    const place = document.getElementById(id);
    if (!place || place.textContent === (sentence ?? "")) return;
    place.textContent = sentence ?? "";
    place.hidden = !sentence;
  };
  const take = (answer) => {
    show("others", answer.others);
    show("overtaken", answer.overtaken);
  };
  const post = (address, body) =>
    fetch(address, { method: "POST", body, redirect: "manual", headers: { Accept: "application/json" } });

  async function send() {
    if (sending || stopped || !changed) return;
    sending = true;
    changed = false;
    const body = new FormData(form);
    body.delete("picture_file");
    try {
      const answer = await post(keep, body);
      if (answer.type === "opaqueredirect" || answer.status === 400 || answer.status === 403) {
        said.textContent = form.dataset.saysSignedOut;
        stopped = true;
      } else if (answer.ok) {
        const told = await answer.json();
        form.elements.namedItem("version").value = told.version;
        if (!changed) said.textContent = told.kept;
        take(told);
      } else if (answer.status === 409) {
        said.textContent = (await answer.json()).error;
        stopped = true;
      } else {
        throw new Error(answer.status);
      }
    } catch {
      changed = true;
      said.textContent = form.dataset.saysOffline;
      clearTimeout(later);
      later = setTimeout(send, 3 * KEEP_AFTER_MS);
    }
    sending = false;
    if (changed && !stopped) {
      clearTimeout(later);
      later = setTimeout(send, KEEP_AFTER_MS);
    }
  }

  form.addEventListener("input", () => {
    changed = true;
    if (stopped) return;
    if (!keep) {
      said.textContent = form.dataset.saysWaiting;
      return;
    }
    if (!sending) said.textContent = form.dataset.saysUnsaved;
    clearTimeout(later);
    later = setTimeout(send, KEEP_AFTER_MS);
  });
  form.addEventListener("submit", () => {
    stopped = true; // what is saved needs no copy
    clearTimeout(later);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") send();
  });

  if (presence) {
    const sign = () => {
      const body = new FormData();
      for (const name of ["csrf_token", "seen"]) body.set(name, form.elements.namedItem(name).value);
      return body;
    };
    setInterval(async () => {
      if (stopped || sending) return;
      try {
        const answer = await post(presence, sign());
        if (answer.ok) take(await answer.json());
      } catch {
        // no connection: the next sign tells
      }
    }, SIGN_EVERY_MS);
    window.addEventListener("pagehide", () => navigator.sendBeacon(`${presence}/delete`, sign()));
  }
}
