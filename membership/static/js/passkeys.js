// Passkeys, where the browser has them: opens the desk with one, or makes one. Without script the code of the app does.
const ask = async (url) => (await fetch(url, { method: "POST" })).json();
const send = (url, body) => fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

const guarded = (element, act) => async (event) => {
  event.preventDefault();
  const error = element.querySelector('[role="alert"]');
  error.hidden = true;
  try {
    if (!(await act()).ok) error.hidden = false;
  } catch {
    error.hidden = false; // canceled by the person, or refused by the device
  }
};

if (window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
  for (const element of document.querySelectorAll('[data-behaviour~="passkey"]')) {
    element.hidden = false;
    element.querySelector("button").addEventListener("click", guarded(element, async () => {
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(await ask(element.dataset.url));
      const credential = await navigator.credentials.get({ publicKey });
      const answer = await send(element.dataset.sendTo, { credential: credential.toJSON() });
      if (answer.ok) location.assign(element.dataset.next);
      return answer;
    }));
  }
  for (const form of document.querySelectorAll('[data-behaviour~="new-passkey"]')) {
    form.hidden = false;
    form.addEventListener("submit", guarded(form, async () => {
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(await ask(form.dataset.url));
      const credential = await navigator.credentials.create({ publicKey });
      const answer = await send(form.dataset.sendTo, { credential: credential.toJSON(), name: form.elements.name.value });
      if (answer.ok) location.reload();
      return answer;
    }));
  }
}
