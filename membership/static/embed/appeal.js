// Puts the newsroom's appeal under the articles of another site: <div data-membership-appeal><a href="…/support">…</a></div>.
// The appeal comes in a frame of the newsroom's own, so it can read nothing here and nothing here can read it. It is
// fetched shortly before it comes into view; where that fails, the link in the div stays and the page is as it was.
// One global, `membershipAppeal`, keeps a script that stands twice from working twice.
(() => {
  if (window.membershipAppeal) return;
  window.membershipAppeal = true;
  const script = document.currentScript;
  const home = new URL(script.src).origin;
  const PATIENCE_MS = 10_000;
  const HIGHEST_PX = 4_000;

  // An article is named by its slug, or by its address here ("/…" or "https://…"), of which the path is told.
  const named = (article) => {
    if (!/^(https?:\/)?\//i.test(article)) return encodeURIComponent(article);
    const link = document.createElement("a");
    link.href = article;
    const path = link.pathname.replace(/^\/+|\/+$/g, "");
    return path && `at/${path}`;
  };

  const place = (holder) => {
    const { appealLanguage: language = "", appealArticle: article = "", appealTitle: title = "" } = holder.dataset;
    const path = [encodeURIComponent(language.slice(0, 2)), "embed/appeal", named(article)].filter(Boolean).join("/");
    const frame = document.createElement("iframe");
    frame.src = `${home}/${path}`;
    frame.title = title || holder.textContent.trim();
    frame.referrerPolicy = "origin";
    frame.style.cssText = "display:block;inline-size:100%;block-size:0;border:0;color-scheme:normal";
    let asked = 0;
    const ask = () => frame.contentWindow?.postMessage("membership-height", home);
    const giveUp = setTimeout(() => frame.remove(), PATIENCE_MS);
    window.addEventListener("message", (event) => {
      if (event.source !== frame.contentWindow || event.origin !== home) return;
      const height = event.data?.membershipHeight;
      if (!Number.isInteger(height) || height < 1 || height > HIGHEST_PX) return;
      clearTimeout(giveUp);
      frame.style.blockSize = `${height}px`;
      for (const other of holder.children) if (other !== frame) other.hidden = true;
    });
    frame.addEventListener("load", () => {
      ask();
      const again = setInterval(() => (++asked < 5 ? ask() : clearInterval(again)), 500);
    });
    holder.append(frame);
  };

  const start = () => {
    const holders = document.querySelectorAll("[data-membership-appeal]");
    if (!("IntersectionObserver" in window)) return holders.forEach(place);
    const watch = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) {
          if (!entry.isIntersecting) continue;
          watch.unobserve(entry.target);
          place(entry.target);
        }
      },
      { rootMargin: "1000px" },
    );
    holders.forEach((holder) => watch.observe(holder));
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
