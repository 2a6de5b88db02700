// Follows the election on a page that is open: looks for a new snapshot, and shows what has changed. Everything is
// there without it. Nothing is fetched but this site's own files.

const EVERY_MS = 15000;
const PAUSED = "tunuk-paused";

function remembered() {
  try {
    return localStorage.getItem(PAUSED) === "yes";
  } catch {
    return false;
  }
}

function remember(paused) {
  try {
    localStorage.setItem(PAUSED, paused ? "yes" : "no");
  } catch {
    // A browser that keeps nothing asks again on the next page.
  }
}

// What a control is known by after its page was replaced.
function handleOf(element) {
  if (!element || element === document.body) return null;
  if (element.id) return `#${CSS.escape(element.id)}`;
  const href = element.getAttribute("href");
  return href ? `main a[href="${CSS.escape(href)}"]` : null;
}

function cellsOf(root) {
  const cells = new Map();
  for (const row of root.querySelectorAll("tr, .card-list ol > li")) {
    const owner = row.closest("section, .panel");
    const name = row.querySelector("th, .n")?.textContent;
    if (owner && name) cells.set(`${owner.querySelector("h2")?.textContent}|${row.closest(".card-list > li")?.querySelector("h3")?.textContent}|${name}`, row);
  }
  return cells;
}

// Puts the new page's content in place of the old; the reader's place and focus stay.
function replaceMain(next) {
  const main = document.getElementById("main");
  const before = cellsOf(main);
  const handle = main.contains(document.activeElement) ? handleOf(document.activeElement) : null;
  const find = document.getElementById("find");
  const fresh = document.adoptNode(next.getElementById("main"));
  if (find) fresh.querySelector("#find")?.replaceWith(find);
  main.replaceWith(fresh);
  for (const [key, row] of cellsOf(fresh)) {
    const old = before.get(key);
    if (old && old.textContent !== row.textContent) row.classList.add("changed");
  }
  if (handle) fresh.ownerDocument.querySelector(handle)?.focus({ preventScroll: true });
  const stamp = next.querySelector("footer .stamp");
  if (stamp) document.querySelector("footer .stamp")?.replaceWith(document.adoptNode(stamp));
}

function follow(bar) {
  const words = bar.dataset;
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-describedby", "live-status");
  status.id = "live-status";
  bar.append(status, button);
  let paused = remembered();
  let latest = Number(document.getElementById("main").dataset.snapshot);
  let timer = 0;

  const tell = (text) => {
    if (status.textContent !== text) status.textContent = text;
  };

  async function look() {
    const answer = await fetch(words.src, { cache: "no-cache" });
    if (!answer.ok) throw new Error(String(answer.status));
    const { number } = await answer.json();
    if (number <= latest) {
      if (status.textContent === words.lost) tell(words.on);
      return;
    }
    const page = await fetch(location.href, { cache: "no-cache" });
    if (!page.ok) throw new Error(String(page.status));
    const next = new DOMParser().parseFromString(await page.text(), "text/html");
    const shown = Number(document.getElementById("main").dataset.snapshot);
    if (Number(next.getElementById("main")?.dataset.snapshot) > shown) {
      replaceMain(next);
      tell(`${words.changed} ${number}`);
    } else {
      tell(`${words.same} ${number}`);
    }
    latest = number;
  }

  function plan() {
    clearTimeout(timer);
    // Spread, so that a country's browsers do not all ask at once.
    if (!paused && !document.hidden) timer = setTimeout(attempt, EVERY_MS * (0.8 + 0.4 * Math.random()));
  }

  async function attempt() {
    try {
      await look();
    } catch {
      tell(words.lost);
    }
    plan();
  }

  function show() {
    button.textContent = paused ? words.follow : words.pause;
    bar.classList.toggle("off", paused);
    tell(paused ? words.off : words.on);
  }

  button.addEventListener("click", () => {
    paused = !paused;
    remember(paused);
    show();
    if (paused) plan();
    else attempt();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || paused) plan();
    else attempt();
  });
  window.addEventListener("online", () => {
    if (!paused) attempt();
  });
  bar.hidden = false;
  show();
  plan();
}

function findPrecinct(place) {
  const words = place.dataset;
  const language = document.documentElement.lang;
  const label = document.createElement("label");
  label.textContent = words.find;
  label.htmlFor = "find-text";
  const input = document.createElement("input");
  Object.assign(input, { id: "find-text", type: "search", autocomplete: "off", placeholder: words.hint });
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  const list = document.createElement("ul");
  place.append(label, input, status, list);
  let units = null;

  const load = () => {
    units ??= fetch(words.src)
      .then((answer) => answer.json())
      .then(({ units: all }) => {
        const names = new Map(all.map((unit) => [unit.id, unit.name[language]]));
        return all
          .filter((unit) => unit.type === "precinct")
          .map((unit) => ({ id: unit.id, name: unit.name[language], area: names.get(unit.parent) ?? "" }))
          .map((unit) => ({ ...unit, text: `${unit.name} ${unit.id} ${unit.area}`.toLocaleLowerCase(language) }));
      })
      .catch(() => {
        units = null;
        return [];
      });
    return units;
  };

  async function search() {
    const wanted = input.value.trim().toLocaleLowerCase(language).split(/\s+/).filter(Boolean);
    const all = wanted.length ? await load() : [];
    const found = all.filter((unit) => wanted.every((word) => unit.text.includes(word)));
    list.replaceChildren(
      ...found.slice(0, 8).map((unit) => {
        const item = document.createElement("li");
        const link = document.createElement("a");
        const area = document.createElement("span");
        link.href = `${words.home}precinct/${unit.id}.html`;
        link.textContent = unit.name;
        area.className = "soft";
        area.textContent = unit.area;
        link.append(area);
        item.append(link);
        return item;
      }),
    );
    status.textContent = wanted.length ? (found.length ? `${words.found}: ${found.length}` : words.none) : "";
  }

  input.addEventListener("focus", load);
  input.addEventListener("input", search);
  place.hidden = false;
}

const bar = document.getElementById("live");
if (bar && location.protocol.startsWith("http")) follow(bar);
const place = document.getElementById("find");
if (place && location.protocol.startsWith("http")) findPrecinct(place);
