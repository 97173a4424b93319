// Keeps the page as it would be after a reload: the server says when something moved, the page is asked for again, and what
// differs is changed in place. Where no stream is to be had, the page is asked for every few seconds (mostly a 304).
(() => {
  const root = document.documentElement;
  if (!root.dataset.live) return;
  const said = document.getElementById("said");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const REGIONS = ["#main", ".chain", ".bottom"];
  const POLL = 4000, POLL_UNSEEN = 20000, AGES = 30000, MEMPOOL = 2000, RETRY = 60000, PATIENCE = 5000; // milliseconds
  const moves = root.dataset.moves.split(" ");

  // --- changing in place --------------------------------------------------------------------------------------------
  const keyOf = (node) => (node.nodeType === 1 && (node.id || node.dataset.key)) || "";
  const isOwn = (node) => node.nodeType === 1 && "own" in node.dataset; // made by a script, unknown to the server
  const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName;
  const past = (node) => {
    while (node && isOwn(node)) node = node.nextSibling;
    return node;
  };

  const arrive = (node) => {
    if (node.nodeType !== 1 || !keyOf(node) || calm.matches) return;
    node.animate([{ opacity: 0, transform: "translateY(-0.5rem)" }, { opacity: 1, transform: "none" }], 200);
  };

  const morph = (old, fresh) => {
    if (old.nodeType !== 1) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    const isOpen = (name) => name === "open"; // what the reader unfolded stays so
    for (const { name } of [...old.attributes]) {
      if (!isOpen(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (!isOpen(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    const keyed = new Map([...old.children].filter(keyOf).map((child) => [keyOf(child), child]));
    let at = past(old.firstChild);
    const next = (want) => { // of the same kind, and no other's
      let node = at;
      while (node && want.nodeType === 1 && (keyOf(node) || !alike(node, want))) node = past(node.nextSibling);
      return node && !keyOf(node) && alike(node, want) ? node : null;
    };
    for (const want of [...fresh.childNodes]) {
      const key = keyOf(want);
      const have = key ? keyed.get(key) : next(want);
      if (have && alike(have, want)) {
        if (have === at) at = past(at.nextSibling);
        else old.insertBefore(have, at);
        morph(have, want);
      } else {
        const added = document.importNode(want, true);
        old.insertBefore(added, at);
        arrive(added);
      }
    }
    while (at) {
      const gone = at;
      at = past(at.nextSibling);
      gone.remove();
    }
  };

  // --- the page, again ----------------------------------------------------------------------------------------------
  let words, notice, noticedAt;
  const say = (text, isNotice) => {
    if (isNotice) [notice, noticedAt] = [text, performance.now()];
    const isNew = performance.now() - noticedAt < 2000; // nobody can have read it yet
    said.textContent = isNew && !isNotice ? `${notice} ${text}` : text;
    clearTimeout(words);
    words = setTimeout(() => { said.textContent = ""; }, 8000);
  };
  const announced = () => new Map(
    [...document.querySelectorAll("[data-announce]")].map((node) => [node.dataset.announce, node.textContent.trim()]),
  );
  // What is read stays where it is: the first thing in sight that is still there afterwards.
  const anchored = (change) => {
    const inSight = scrollY > 0 && [...document.querySelectorAll("main [data-key], main [id]")].find(
      (node) => node.getBoundingClientRect().top >= 0 && node.checkVisibility(),
    );
    const before = inSight && inSight.getBoundingClientRect().top;
    change();
    if (inSight && inSight.isConnected) scrollBy(0, inSight.getBoundingClientRect().top - before);
  };

  const show = (fresh, whole) => {
    const before = announced();
    anchored(() => {
      for (const region of whole ? REGIONS : [".chain"]) {
        const old = document.querySelector(region);
        const now = fresh.querySelector(region);
        if (old && now) morph(old, now);
      }
    });
    if (whole) {
      document.title = fresh.title;
      for (const name of ["since", "mempool"]) root.dataset[name] = fresh.documentElement.dataset[name] || "";
      for (const [name, text] of announced()) if (before.get(name) !== text) say(text);
    } else {
      say(fresh.querySelector("h1")?.textContent || "");
    }
    document.dispatchEvent(new Event("explorer:changed"));
  };

  let etag, asking, again;
  const refresh = async () => {
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    try {
      const answer = await fetch(location.href, { cache: "no-cache", signal: AbortSignal.timeout(PATIENCE) });
      const tag = answer.headers.get("ETag");
      if (!tag || tag !== etag) {
        const text = await answer.text();
        show(new DOMParser().parseFromString(text, "text/html"), answer.status < 500);
        etag = tag;
      }
    } catch (error) {
      // away for a moment: the next event, or the next turn, asks again
    } finally {
      asking = false;
    }
    if (again) {
      again = false;
      refresh();
    }
  };

  // --- when ---------------------------------------------------------------------------------------------------------
  let source, turn, retry, soon, wasOpen;
  const greeted = new Set();
  let isDown = Boolean(document.querySelector(".badge.off"));
  const poll = (every) => {
    clearInterval(turn);
    turn = setInterval(refresh, every);
  };
  const later = () => { // of a mempool that never rests
    soon ??= setTimeout(() => {
      soon = undefined;
      refresh();
    }, MEMPOOL);
  };
  const heard = (event) => {
    if (event.lastEventId) root.dataset.since = event.lastEventId;
    const data = JSON.parse(event.data);
    if (event.type === "reorg" && data.left.some((hash) => document.querySelector("main").innerHTML.includes(hash))) {
      say(said.dataset.reorg.replace("{height}", data.fork.toLocaleString("en")), true);
    }
    const isGreeting = !greeted.has(event.type); // each stream begins with how things stand
    greeted.add(event.type);
    if (event.type === "node") {
      if (!data.up || isDown || !isGreeting) refresh();
      isDown = !data.up;
    } else if (event.type !== "mempool") {
      refresh();
    } else if (moves.includes("mempool") && !(isGreeting && String(data.count) === root.dataset.mempool)) {
      later();
    }
  };
  const listen = () => {
    clearTimeout(retry);
    source?.close();
    source = new EventSource(`${root.dataset.live}?since=${encodeURIComponent(root.dataset.since || "")}`);
    source.addEventListener("open", () => {
      poll(AGES);
      greeted.clear();
      if (wasOpen) refresh();
      wasOpen = true;
    });
    for (const name of ["tip", "reorg", "mempool", "node"]) source.addEventListener(name, heard);
    source.addEventListener("error", () => {
      poll(POLL); // until it is open again
      if (source.readyState === EventSource.CLOSED) retry = setTimeout(listen, RETRY * (0.5 + Math.random()));
    });
  };
  const rest = () => {
    clearTimeout(retry);
    clearInterval(turn);
    source?.close();
    if (wanted) poll(POLL_UNSEEN);
  };

  // --- tell me when it confirms -------------------------------------------------------------------------------------
  let wanted; // the words, once somebody asked for them
  const offer = () => {
    const place = document.querySelector("[data-notify]");
    if (!place) {
      if (wanted) new Notification(wanted, { body: document.querySelector(".title .pill")?.textContent });
      wanted = undefined;
    } else if (!place.firstElementChild && "Notification" in window && isSecureContext) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "plain";
      button.dataset.own = "";
      button.textContent = place.dataset.notify;
      button.setAttribute("aria-pressed", Boolean(wanted));
      button.addEventListener("click", async () => {
        if (wanted) wanted = undefined;
        else if (await Notification.requestPermission() === "granted") wanted = place.dataset.notifyWords;
        else say(place.dataset.notifyRefused);
        button.setAttribute("aria-pressed", Boolean(wanted));
      });
      place.append(button);
    }
  };
  document.addEventListener("explorer:changed", offer);
  offer();

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      rest();
    } else {
      refresh();
      listen();
    }
  });
  addEventListener("pagehide", rest);
  addEventListener("pageshow", (event) => {
    if (event.persisted) {
      refresh();
      listen();
    }
  });
  if (!document.hidden) listen();
})();
