// The editor's text: toolbar, keys, lists that go on, addresses pasted over words, counting, the typeface.
const WORDS_A_MINUTE = 220;
const FACE = "editor-face";

for (const form of document.querySelectorAll('form[data-behaviour~="writing"]')) {
  const text = form.elements.namedItem("body");
  const isMarkdown = text.dataset.format === "markdown";

  // Types as a person would, so that the browser's own undo takes it back.
  const type = (words, from = text.selectionStart, to = text.selectionEnd) => {
    text.focus();
    text.setSelectionRange(from, to);
    if (!document.execCommand("insertText", false, words)) {
      text.setRangeText(words, from, to, "end");
      text.dispatchEvent(new Event("input", { bubbles: true }));
    }
  };
  const chosen = () => text.value.slice(text.selectionStart, text.selectionEnd);

  const around = (mark) => {
    const from = text.selectionStart;
    const words = chosen();
    const inside = words.startsWith(mark) && words.endsWith(mark) && words.length > 2 * mark.length;
    type(inside ? words.slice(mark.length, -mark.length) : `${mark}${words}${mark}`);
    const to = from + (inside ? words.length - 2 * mark.length : words.length + mark.length);
    text.setSelectionRange(inside ? from : from + mark.length, to);
  };
  const linesOf = (mark) => {
    const start = text.value.lastIndexOf("\n", text.selectionStart - 1) + 1;
    const end = Math.max(text.selectionEnd, start);
    const lines = text.value.slice(start, end).split("\n");
    const marked = lines.map((line, index) => {
      const sign = typeof mark === "function" ? mark(index) : mark;
      return line.startsWith(sign) ? line.slice(sign.length) : sign + line;
    });
    type(marked.join("\n"), start, end);
  };
  const block = (words, caret) => {
    const before = text.value.slice(0, text.selectionStart);
    const gap = before === "" || before.endsWith("\n\n") ? "" : before.endsWith("\n") ? "\n" : "\n\n";
    const at = text.selectionStart + gap.length;
    type(`${gap}${words}\n\n`);
    if (caret !== undefined) text.setSelectionRange(at + caret, at + caret);
  };
  const acts = {
    heading: () => linesOf("## "),
    bold: () => around("**"),
    italic: () => around("*"),
    quote: () => linesOf("> "),
    list: () => linesOf("- "),
    numbers: () => linesOf((index) => `${index + 1}. `),
    rule: () => block("---"),
    link: () => {
      const from = text.selectionStart;
      const words = chosen();
      type(`[${words}](https://)`);
      const at = words ? from + words.length + 3 : from + 1;
      text.setSelectionRange(at, words ? at + 8 : at);
    },
    footnote: () => {
      const taken = [...text.value.matchAll(/\[\^(\d+)\]/g)].map((found) => Number(found[1]));
      const number = Math.max(0, ...taken) + 1;
      type(`[^${number}]`, text.selectionEnd, text.selectionEnd);
      const note = `${text.value.endsWith("\n") ? "" : "\n"}\n[^${number}]: `;
      type(note, text.value.length, text.value.length);
    },
  };

  const bar = form.querySelector('[data-behaviour~="toolbar"]');
  bar.hidden = false;
  bar.addEventListener("click", (event) => {
    const act = event.target.closest("button")?.dataset.act;
    if (acts[act]) acts[act]();
  });
  form.querySelector('[data-behaviour~="shortcuts"]').hidden = !isMarkdown;

  const KEYS = isMarkdown ? { b: "bold", i: "italic", k: "link" } : {};
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key === "s" && !event.shiftKey) {
      event.preventDefault();
      form.requestSubmit();
    } else if (key === "p" && event.shiftKey) {
      event.preventDefault();
      document.querySelector('[data-behaviour~="preview-switch"]').click();
    } else if (event.target === text && KEYS[key] && !event.shiftKey) {
      event.preventDefault();
      acts[KEYS[key]]();
    }
  });
  form.elements.namedItem("headline").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
    event.preventDefault(); // a headline is one line
    form.elements.namedItem("standfirst").focus();
  });
  text.addEventListener("keydown", (event) => {
    if (!isMarkdown || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    if (text.selectionStart !== text.selectionEnd) return;
    const start = text.value.lastIndexOf("\n", text.selectionStart - 1) + 1;
    const found = /^(\s*)([-*+]|(\d+)[.)]|>) (.*)$/.exec(text.value.slice(start, text.selectionStart));
    if (!found) return;
    event.preventDefault();
    if (found[4].trim() === "") {
      type("\n", start, text.selectionStart); // an empty item ends the list
      return;
    }
    const sign = found[3] ? found[2].replace(found[3], Number(found[3]) + 1) : found[2];
    type(`\n${found[1]}${sign} `);
  });
  text.addEventListener("paste", (event) => {
    const pasted = event.clipboardData.getData("text/plain").trim();
    const words = chosen();
    if (!isMarkdown || !words || /\s/.test(pasted) || !/^https?:\/\//.test(pasted) || /^https?:\/\//.test(words)) return;
    event.preventDefault();
    type(`[${words}](${pasted})`);
  });
  text.addEventListener("editor:insert", (event) => block(event.detail.words, event.detail.caret));

  const count = document.getElementById("count");
  const tell = () => {
    const bare = text.value.replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/<[^>]+>/g, " ");
    const words = bare.match(/[\p{L}\p{N}][\p{L}\p{N}\u2019'\u02bc-]*/gu)?.length ?? 0;
    const minutes = Math.max(1, Math.round(words / WORDS_A_MINUTE));
    const shown = words.toLocaleString(document.documentElement.lang);
    count.textContent =
      `${count.dataset.words.replace("{words}", shown)} · ${count.dataset.minutes.replace("{minutes}", minutes)}`;
  };
  let later;
  text.addEventListener("input", () => {
    clearTimeout(later);
    later = setTimeout(tell, 300);
  });

  const kept = localStorage.getItem(FACE);
  for (const face of form.querySelectorAll('input[name="face"]')) {
    face.checked = kept ? face.value === kept : face.checked;
    face.addEventListener("change", (event) => {
      event.stopPropagation();
      localStorage.setItem(FACE, face.value);
    });
    face.addEventListener("input", (event) => event.stopPropagation()); // how it looks is no change of the text
  }
}
