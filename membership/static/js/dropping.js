// Pictures dropped or pasted into the text are sent, and a line that shows them is written; others are chosen from the library.
const MOST_BYTES = 20 * 1024 * 1024;

for (const form of document.querySelectorAll('form[data-behaviour~="dropping"]')) {
  const text = form.elements.namedItem("body");
  const isMarkdown = text.dataset.format === "markdown";
  const place = document.getElementById("dropping");
  const [words, bar] = [place.querySelector("span"), place.querySelector("progress")];

  const say = (sentence, percent) => {
    place.hidden = !sentence;
    words.textContent = sentence;
    bar.hidden = percent === undefined;
    if (percent !== undefined) bar.value = percent;
  };
  const escaped = (value) =>
    value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
  function put(picture) {
    const title = [picture.caption, picture.credit && `(${picture.credit})`].filter(Boolean).join(" ");
    const line = isMarkdown
      ? `![${picture.alt.replaceAll("]", "\\]")}](${picture.name}${title ? ` "${title.replaceAll('"', "'")}"` : ""})`
      : `<figure><img src="/media/${picture.name}" alt="${escaped(picture.alt)}"><figcaption>${escaped(title)}</figcaption></figure>`;
    const caret = isMarkdown ? 2 + picture.alt.length : line.indexOf('alt="') + 5 + escaped(picture.alt).length;
    text.dispatchEvent(new CustomEvent("editor:insert", { detail: { words: line, caret } }));
    say(picture.alt ? "" : form.dataset.saysDescribe);
  }

  // fetch does not tell how far an upload is.
  const send = (file) =>
    new Promise((resolve) => {
      if (file.size > MOST_BYTES) {
        say(form.dataset.saysTooLarge);
        resolve();
        return;
      }
      const request = new XMLHttpRequest();
      const body = new FormData();
      body.set("csrf_token", form.elements.namedItem("csrf_token").value);
      body.set("file", file, file.name || "picture.png");
      request.responseType = "json";
      request.upload.addEventListener("progress", (event) => {
        say(form.dataset.saysUploading.replace("{name}", file.name), (100 * event.loaded) / event.total);
      });
      request.addEventListener("loadend", () => {
        const told = request.response;
        if (request.status === 200 && told?.name) put(told);
        else if (request.status === 413) say(form.dataset.saysTooLarge);
        else say(told?.error ?? (request.responseURL.includes("/sign-in") ? form.dataset.saysSignedOut : form.dataset.saysFailed));
        resolve();
      });
      request.open("POST", form.dataset.drop);
      request.send(body);
    });
  async function sendAll(files) {
    for (const file of files) await send(file);
  }
  const pictures = (data) => [...(data?.files ?? [])].filter((file) => file.type.startsWith("image/"));

  for (const kind of ["dragenter", "dragover"]) {
    form.addEventListener(kind, (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      form.dataset.over = "";
    });
  }
  form.addEventListener("dragleave", (event) => {
    if (!form.contains(event.relatedTarget)) delete form.dataset.over;
  });
  form.addEventListener("drop", (event) => {
    delete form.dataset.over;
    const found = pictures(event.dataTransfer);
    if (!found.length) return;
    event.preventDefault();
    sendAll(found);
  });
  text.addEventListener("paste", (event) => {
    const found = pictures(event.clipboardData);
    if (!found.length) return;
    event.preventDefault();
    sendAll(found);
  });

  // The library.
  const dialog = document.getElementById("pictures-dialog");
  const found = document.getElementById("pictures-found");
  const search = document.getElementById("pictures-words");
  let use = put;
  let later;
  async function look() {
    const answer = await fetch(`${form.dataset.choice}?words=${encodeURIComponent(search.value)}`, { redirect: "manual" });
    if (answer.ok) found.innerHTML = await answer.text();
    else found.textContent = form.dataset.saysSignedOut;
  }
  function open(whatThen) {
    use = whatThen;
    dialog.showModal();
    look();
  }
  function asOpening(picture) {
    const set = (name, value) => { if (value) form.elements.namedItem(name).value = value; };
    set("picture", picture.name);
    set("picture_alt", picture.alt);
    set("picture_caption", picture.caption);
    set("picture_credit", picture.credit);
    const opening = document.getElementById("opening");
    const image = document.createElement("img");
    image.src = `/media/${picture.name}`;
    image.alt = picture.alt;
    opening.replaceChildren(image);
    opening.hidden = false;
    say(form.dataset.saysOpening);
    form.dispatchEvent(new Event("input", { bubbles: true }));
  }
  form.querySelector('[data-act="choose-picture"]').addEventListener("click", () => open(put));
  const opening = form.querySelector('[data-act="choose-opening"]');
  opening.hidden = false;
  opening.addEventListener("click", () => open(asOpening));
  search.addEventListener("input", () => {
    clearTimeout(later);
    later = setTimeout(look, 300);
  });
  dialog.addEventListener("click", (event) => {
    const choice = event.target.closest("button");
    if (choice?.dataset.act === "close" || event.target === dialog) dialog.close();
    else if (choice?.dataset.name) {
      const { name, alt, caption, credit } = choice.dataset;
      dialog.close();
      use({ name, alt, caption, credit });
    }
  });
}
