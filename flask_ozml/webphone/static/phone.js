// The page of the phone in the browser. The server keeps everything that was done; the
// page asks for it, shows it and posts acts. Text gets into the page by textContent only.

const key = location.hash.slice(1);
const $ = (id) => document.getElementById(id);

let state = null; // what the server told last
let shownCall = null; // the number of the call that is shown
let shownExchange = null; // the number of the notification that is shown
let seenSent = 0; // text messages that were on the screen
let flow = null; // the map of the calls
let countdown = null; // seconds until time passes by itself
const exchanges = new Map(); // notifications by number
const working = new Map(); // the last act in each call

// ---- The server

async function post(path, values = {}) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Phone-Key": key },
    body: JSON.stringify({ run: state?.run, seen: state?.revision ?? 0, ...values }),
  });
  if (path === "/audio" && response.ok) return response.blob();
  const answer = await response.json();
  if (!response.ok) throw new Refused(answer.error, response.status);
  return answer;
}

class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

const sleep = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

async function poll() {
  for (;;) {
    try {
      apply(await post("/state"));
      if (state.problem) await sleep(0.5);
    } catch (error) {
      if (error instanceof Refused) {
        connection("not connected");
        alertWith(error.message);
        document.body.classList.add("stopped");
        return;
      }
      connection("waiting for the site");
      await sleep(0.3);
    }
  }
}

// Acts in one call are posted one after another, in the order of the clicks.
function send(path, values, about = "") {
  const before = working.get(about) ?? Promise.resolve();
  const task = before.then(async () => {
    try {
      alertWith("");
      apply(await post(path, values));
    } catch (error) {
      explain(error);
    }
  });
  working.set(about, task);
  return task;
}

function explain(error) {
  alertWith(error instanceof Refused ? error.message : "The phone has not answered. If it is not running any more, start it again.");
}

const act = (name, values) => send("/act", { do: { act: name, ...values } }, values.call ?? "");

// ---- Elements

function element(tag, attributes = {}, ...content) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...content.filter((part) => part != null && part !== ""));
  return made;
}

// Makes the children of a list those of the items. A child whose item is the same stays,
// so that focus stays where it is and only what is new is announced.
function fill(list, items, make) {
  items.forEach((item, index) => {
    const signature = JSON.stringify(item);
    const old = list.children[index];
    if (old?.signature === signature) return;
    const made = make(item, index);
    made.signature = signature;
    if (!old) {
      list.append(made);
      return;
    }
    const focused = [...old.querySelectorAll("button")].indexOf(document.activeElement);
    old.replaceWith(made);
    if (focused >= 0) made.querySelectorAll("button")[focused]?.focus();
  });
  while (list.children.length > items.length) list.lastChild.remove();
  const empty = list.nextElementSibling;
  if (empty?.classList.contains("empty")) empty.hidden = items.length > 0;
}

// Also shows the last child if it is new.
function fillToEnd(list, items, make) {
  const before = list.children.length;
  fill(list, items, make);
  if (list.children.length > before) reveal(list.lastChild);
}

function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function reveal(node) {
  node?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function alertWith(text) {
  write($("alert"), text);
  show($("alert"), text !== "");
}

function connection(text) {
  write($("connection"), text);
}

// ---- What the server told

function apply(news) {
  const again = news.run !== state?.run;
  if (!again && news.revision < state.revision) return; // overtaken by newer news
  if (again) {
    exchanges.clear();
    shownExchange = null;
  }
  const before = state;
  state = news;
  if (news.process !== before?.process) flow = null;
  connection(news.problem ? "not loaded" : news.about.target ? `connected to ${news.about.target}` : "connected");
  showProblem();
  if (news.problem) return;
  for (const exchange of news.wire) exchanges.set(exchange.number, { ...exchange, told: performance.now() });
  chooseExchange(news.wire);
  chooseCall(before, again);
  speakNew(again || news.replaying);
  draw();
}

const hasFailed = (exchange) => Boolean(exchange.failure) || (!exchange.waiting && exchange.status !== 200);

// Notifications that follow from another one, which says more about a failure.
const follows = (exchange) => ["call_changed", "error"].includes(exchange.kind);

function chooseExchange(fresh) {
  const causes = fresh.filter((exchange) => !follows(exchange));
  const shown = exchanges.get(shownExchange);
  if (!causes.length && shown && hasFailed(shown)) return;
  const chosen = causes.findLast(hasFailed) ?? fresh.findLast(hasFailed) ?? causes.at(-1) ?? fresh.at(-1);
  if (chosen) shownExchange = chosen.number;
}

function chooseCall(before, again) {
  const calls = phoneCalls();
  const old = again ? 0 : (before?.calls.length ?? 0);
  const fresh = calls.filter((call) => call.number >= old && !call.ended);
  const shown = calls.find((call) => call.number === shownCall);
  if (again && !shown) shownCall = calls.at(-1)?.number ?? null;
  else if (fresh.length && (!shown || shown.ended || fresh[0].kind === "incoming")) shownCall = fresh.at(-1).number;
  else if (!shown) shownCall = calls.at(-1)?.number ?? null;
  if (!state.calls.length) shownCall = null;
}

const phoneCalls = () => state.calls.filter((call) => call.kind !== "between");
const currentCall = () => phoneCalls().find((call) => call.number === shownCall);

function draw() {
  drawNotice();
  drawCalls();
  drawConversation();
  drawWire();
  drawMessages();
  drawRest();
  drawMap();
  const ringing = phoneCalls().filter((call) => isRinging(call)).length;
  const unseen = document.body.dataset.tab === "messages" ? 0 : state.sent.length - seenSent;
  if (!unseen || unseen < 0) seenSent = state.sent.length;
  write($("tab-phone"), ringing ? `Phone (${ringing})` : "Phone");
  write($("tab-messages"), unseen > 0 ? `Messages (${unseen})` : "Messages");
}

function showProblem() {
  show($("problem"), Boolean(state.problem));
  document.body.classList.toggle("stopped", Boolean(state.problem));
  if (!state.problem) return;
  write($("problem-text"), state.problem.title);
  write($("problem-traceback"), state.problem.traceback);
  show($("problem-traceback"), state.problem.traceback !== "");
}

function drawNotice() {
  const notice = $("notice");
  const offer = state.before > 0;
  const text = state.replaying ? "Playing again ..." : state.notice;
  show(notice, text !== "");
  if (notice.signature === text + offer) return;
  notice.signature = text + offer;
  const button = element("button", { type: "button", onclick: () => send("/play-again") }, `Play ${state.before} again`);
  notice.replaceChildren(text, ...(offer ? [" ", button] : []));
}

// ---- Phone

const isRinging = (call) => call.kind === "placed" && call.state === "Ringing";

function drawCalls() {
  const calls = phoneCalls();
  show($("calls"), calls.length > 1);
  const items = calls.map((call) => ({
    number: call.number,
    text: `${call.number + 1}. ${call.from} to ${call.to}: ${call.state}`,
    ended: call.ended,
    ringing: isRinging(call),
    pressed: call.number === shownCall,
  }));
  fill($("calls"), items, (item) =>
    element("span", {}, element("button", {
      type: "button",
      class: item.ringing ? "chip ringing" : item.ended ? "chip ended" : "chip",
      "aria-pressed": String(item.pressed),
      onclick: () => { shownCall = item.number; draw(); },
    }, item.text)));
  if ($("calls").shown !== shownCall) reveal($("calls").querySelector('[aria-pressed="true"]'));
  $("calls").shown = shownCall;
}

function drawConversation() {
  const call = currentCall();
  const live = call !== undefined && call.state === "InCall";
  write($("call-title"), call ? `${call.title}${live ? "" : ` - ${call.state}`}` : "No call yet");
  write($("clock"), call ? minutes(call.clock) : "");
  const lines = $("lines");
  if (lines.call !== call?.number + state.run) lines.replaceChildren();
  lines.call = call?.number + state.run;
  const before = lines.children.length;
  fill(lines, call?.lines ?? [], drawLine);
  if (lines.children.length !== before) $("log").scrollTop = $("log").scrollHeight;
  for (const line of lines.children) line.classList.toggle("caused", line.exchange === shownExchange);
  show($("empty"), !call);
  show($("ringing"), call !== undefined && isRinging(call));
  const focused = document.activeElement;
  for (const button of document.querySelectorAll("#pad button, #hang-up, #talk, #wait")) button.disabled = !live;
  if (focused instanceof HTMLButtonElement && focused.disabled) $("dial").querySelector("button").focus();
  drawAwaited(call);
}

function drawLine(line) {
  const names = { heard: "Heard: ", did: "You: ", system: "", refused: "Error: ", failed: "" };
  const text = line.exchange == null
    ? element("span", { class: "line" }, element("span", { class: "unseen" }, names[line.who]), line.text)
    : element("button", { type: "button", class: "line", title: "Show the notification", onclick: () => choose(line.exchange) },
        element("span", { class: "unseen" }, names[line.who]), line.text);
  const made = element("li", { class: line.who, lang: line.language || false }, text);
  made.exchange = line.exchange;
  return made;
}

function drawAwaited(call) {
  const working = [...exchanges.values()].find((exchange) => exchange.waiting && seconds(exchange) >= 1);
  let text = "";
  if (working) {
    text = `The site has been working on ${working.name} for ${Math.floor(seconds(working))} s.`;
  } else if (call?.awaits) {
    text = call.awaits === "voice" ? "Recording: speak, or press a key"
      : call.saying ? `Speaking; you can press ${call.expected} already` : `Waiting for ${call.expected}`;
    if (call.patience != null) text += ` - ${Math.ceil(countdown ?? call.patience)} s`;
  }
  write($("awaited-text"), text);
  $("awaited").classList.toggle("working", Boolean(working));
  show($("run-time"), call?.patience != null && !working);
}

const minutes = (time) => `${String(Math.floor(time / 60)).padStart(2, "0")}:${String(Math.floor(time % 60)).padStart(2, "0")}`;
const seconds = (exchange) => exchange.since + (performance.now() - exchange.told) / 1000;

function press(pressed) {
  const call = currentCall();
  if (call?.state !== "InCall") return;
  silence();
  const button = [...$("pad").children].find((each) => each.dataset.key === pressed);
  button.classList.add("down");
  setTimeout(() => button.classList.remove("down"), 120);
  act("Press", { call: call.number, keys: pressed });
}

// ---- Time that runs by itself

const running = () => $("run-time").getAttribute("aria-pressed") === "true";

function setRunning(on) {
  $("run-time").setAttribute("aria-pressed", String(on));
  write($("run-time"), on ? "Stop the clock" : "Start the clock");
  localStorage.setItem("run", on ? "yes" : "");
}

let counted = ""; // the moment of the call that the countdown belongs to
let ticked = performance.now();

function tick() {
  const passed = (performance.now() - ticked) / 1000;
  ticked = performance.now();
  const call = state && !state.problem ? currentCall() : undefined;
  const moment = call ? `${state.run} ${call.number} ${call.clock} ${call.lines.length}` : "";
  if (moment !== counted) {
    counted = moment;
    countdown = call?.patience ?? null;
  }
  if (running() && countdown != null && call.patience != null && !state.busy) {
    countdown -= passed;
    if (countdown <= 0) {
      countdown = null;
      act("Wait", { call: call.number, seconds: call.patience, clock: call.clock });
    }
  }
  if (state && !state.problem) drawAwaited(call);
}

// ---- Sound

const spoken = new Map(); // lines that were spoken, by call
let utterance = null;
let playing = null;

function speakNew(silent) {
  for (const call of state.calls) {
    const heard = call.lines.filter((line) => line.who === "heard");
    const old = silent ? heard.length : (spoken.get(call.number) ?? 0);
    if (call.number === shownCall) heard.slice(old).forEach(say);
    spoken.set(call.number, heard.length);
  }
}

function say(line) {
  if (!$("aloud").checked) return;
  if (line.audio != null) {
    if (line.audio) play(line.audio);
  } else if ("speechSynthesis" in window) {
    utterance = new SpeechSynthesisUtterance(line.text);
    if (line.language) utterance.lang = line.language;
    speechSynthesis.speak(utterance);
  }
}

async function play(url) {
  try {
    const file = URL.createObjectURL(await post("/audio", { url }));
    playing?.pause();
    playing = new Audio(file);
    playing.addEventListener("ended", () => URL.revokeObjectURL(file));
    await playing.play();
  } catch (error) {
    // Otherwise the browser cannot play it; its name is on the page.
    if (error instanceof Refused) alertWith(`${url}: ${error.message}`);
  }
}

function silence() {
  if ("speechSynthesis" in window) speechSynthesis.cancel();
  playing?.pause();
}

// ---- Wire

function choose(number) {
  shownExchange = number;
  draw();
  if (getComputedStyle($("tab-wire")).display !== "none") openTab("wire");
  reveal($("exchanges").querySelector("[aria-current]"));
}

function drawWire() {
  const known = [...exchanges.values()].sort((one, other) => one.number - other.number);
  const list = $("exchanges");
  const before = list.children.length;
  const items = known.map((exchange) => ({
    number: exchange.number,
    time: exchange.time,
    name: exchange.name,
    status: exchange.waiting ? "working" : String(exchange.status ?? "no answer"),
    milliseconds: duration(exchange.milliseconds),
    view: exchange.view ?? "",
    failed: hasFailed(exchange),
    current: exchange.number === shownExchange,
  }));
  fill(list, items, (item) =>
    element("li", {}, element("button", {
      type: "button",
      class: item.failed ? "exchange failed" : item.milliseconds ? "exchange" : "exchange working",
      "aria-current": item.current ? "true" : false,
      onclick: () => choose(item.number),
    },
    element("span", { class: "time" }, item.time),
    element("span", { class: "name" }, item.name),
    element("span", { class: "status" }, item.failed && item.status === "200" ? "200 failed" : item.status),
    element("span", { class: "time" }, item.milliseconds),
    element("span", { class: "view" }, item.view))));
  if (list.children.length !== before) list.scrollTop = list.scrollHeight;
  drawDetail(exchanges.get(shownExchange));
}

function duration(milliseconds) {
  if (milliseconds == null) return "";
  if (milliseconds >= 10_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}

function drawDetail(exchange) {
  const detail = $("detail");
  show(detail, Boolean(exchange));
  const signature = exchange ? `${exchange.number} ${exchange.milliseconds}` : "";
  if (detail.signature === signature) return;
  detail.signature = signature;
  if (!exchange) return;
  const failure = exchange.failure;
  detail.replaceChildren(
    ...(failure ? [drawFailure(exchange, failure)] : []),
    element("h3", {}, "Posted"),
    element("p", { class: "path" }, exchange.path),
    element("dl", {}, ...exchange.fields.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)])),
    element("h3", {}, exchange.view ? `Answered by ${exchange.view}` : "Answered"),
    element("pre", { tabindex: "0", "aria-label": "Answer" },
      exchange.waiting ? "The site is working on it." : exchange.answer || "Nothing"),
    ...(state.about.target && !exchange.waiting ? [element("p", { class: "hint" }, serverHint(exchange))] : []),
    ...(exchange.answer ? [element("button", { type: "button", onclick: () => copy(exchange.answer) }, "Copy")] : []),
  );
}

function serverHint(exchange) {
  if (exchange.status === null) return "Check that the server is running, and its address.";
  if (exchange.status === 403) return "Start the server with the same SECRET_KEY (or OZML_SECRET_KEY) as the phone.";
  return "The server does not say which view answered, and whether one failed. Look into its log.";
}

function drawFailure(exchange, failure) {
  const instead = exchange.status === null ? "The call broke off." : exchange.view === "fallback"
    ? "The fallback answered instead." : "The caller heard nothing instead.";
  return element("div", { class: "failure" },
    element("h3", {}, `${failure.view || exchange.kind} failed`),
    element("p", { class: "exception" }, failure.title),
    failure.source ? element("pre", { tabindex: "0", "aria-label": "The line that failed" }, failure.source) : "",
    failure.place ? element("p", { class: "path" }, failure.place) : "",
    element("p", {}, instead),
    element("details", {}, element("summary", {}, "Traceback"),
      element("pre", { tabindex: "0", "aria-label": "Traceback" }, failure.traceback)));
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    const notice = $("notice");
    notice.signature = null;
    notice.replaceChildren("Copied.");
    show(notice, true);
  } catch {
    $("copied-text").value = text;
    $("copied").showModal();
    $("copied-text").select();
  }
}

// ---- The other tabs

function drawTranscript(item) {
  return element("ul", { class: "transcript" }, ...item.lines.map((line) => drawLine(line)));
}

function drawMessages() {
  fill($("sent"), state.sent, (sms) =>
    element("li", {},
      element("h3", {}, `To ${sms.recipient}`),
      element("p", { class: "text" }, sms.text),
      element("p", { class: "hint" }, sms.delivered == null
        ? sms.reported ? "The site asked for a delivery report." : "The site asked for no delivery report."
        : sms.delivered ? "Delivered." : "Not delivered."),
      sms.delivered == null ? element("div", { class: "row" }, ...[true, false].map((delivered) =>
        element("button", { type: "button", onclick: () => act("Deliver", { number: sms.number, delivered }) },
          delivered ? "Delivered" : "Not delivered"))) : ""));
  fill($("received"), state.received, (message) =>
    element("li", {}, element("h3", {}, message.title), drawTranscript(message)));
  fill($("emails"), state.emails, (email) =>
    element("li", {}, element("h3", {}, `To ${email.recipient}: ${email.subject}`), element("p", { class: "text" }, email.text)));
}

function drawRest() {
  fillToEnd($("routings"), state.routings, (routing) =>
    element("li", {},
      element("h3", {}, routing.title),
      drawTranscript(routing),
      element("p", {}, { answered: `Answered by ${routing.destination}.`, rejected: "The caller is rejected.", "dial plan": "The dial plan decides." }[routing.outcome])));
  fillToEnd($("betweens"), state.calls.filter((call) => call.kind === "between"), (call) =>
    element("li", {},
      element("h3", {}, `${call.title}: ${call.state}`),
      element("div", { class: "parties" }, drawParty(call, "caller"), drawParty(call, "callee")),
      drawTranscript(call)));
  const extensions = Object.entries(state.extensions).map(([number, outcome]) => ({ number, outcome }));
  fill($("extension-list"), extensions, (item) =>
    element("li", { class: "row" }, element("strong", {}, item.number), element("span", {}, item.outcome),
      item.outcome === "answered" ? "" : element("button", {
        type: "button", onclick: () => act("SetExtension", { number: item.number, outcome: "answered" }),
      }, `Let ${item.number} answer`)));
  const rows = state.about.urls;
  show($("local"), rows.some((row) => row.url && /^https?:\/\/(localhost|127\.)/.test(row.url)));
  const answered = rows.some((row) => row.kind === "incoming_call" && row.views.length);
  write($("empty"), answered ? "Press Call, or type a number and Enter."
    : "No view answers a call yet. Decorate one with @phone.incoming_call.");
  fill($("url-list"), rows.filter((row) => row.url && row.views.length), (row) =>
    element("li", {},
      element("h3", {}, row.setting),
      element("div", { class: "row" }, element("code", {}, row.url),
        element("button", { type: "button", "aria-label": `Copy the URL of ${row.kind}`, onclick: () => copy(row.url) }, "Copy")),
      element("p", { class: "hint" }, `Answered by ${row.views.join(", ")}`)));
  fill($("made-list"), rows.filter((row) => !row.pasted && row.views.length), (row) =>
    element("li", {}, element("h3", {}, row.setting), element("p", { class: "hint" }, `${row.kind}: ${row.views.join(", ")}`)));
  $("play-again").checked = state.play_again;
  show($("again"), state.about.reload);
}

// What each party of a call between extensions can do, by the state of the call.
const PARTY_ACTS = {
  Ringing: { caller: { Cancel: "Cancel" }, callee: { Answer: "PickUp", "Busy": "Busy" } },
  InCall: { caller: { Hold: "Hold", "Hang up": "EndBetween" }, callee: { Hold: "Hold", "Hang up": "EndBetween" } },
  Hold: { caller: { Unhold: "Unhold", "Hang up": "EndBetween" }, callee: { Unhold: "Unhold", "Hang up": "EndBetween" } },
};

function drawParty(call, party) {
  const number = party === "caller" ? call.from : call.to;
  const acts = PARTY_ACTS[call.state]?.[party] ?? {};
  return element("div", { role: "group", "aria-label": `${number}, the ${party}` },
    element("strong", {}, `${number}, the ${party}`),
    ...Object.entries(acts).map(([label, name]) =>
      element("button", { type: "button", onclick: () => act(name, { call: call.number }) }, label)));
}

// ---- Map

async function explore() {
  try {
    alertWith("");
    $("explore").disabled = true;
    write($("map-status"), "Exploring ...");
    flow = await post("/explore", { press: $("entries").value.match(/[0-9*#]+/g) ?? [] });
  } catch (error) {
    explain(error);
  }
  $("explore").disabled = false;
  $("explore").focus();
  drawMap();
}

async function playTo(number) {
  try {
    alertWith("");
    silence();
    shownCall = (await post("/play-to", { number })).call;
    openTab("phone");
    $("tab-phone").focus();
  } catch (error) {
    explain(error);
  }
}

function drawMap() {
  if (state.about.target) {
    write($("map-status"), "Only a site that the phone itself runs can be explored. Start the phone without --url.");
    for (const id of ["explore-form", "explore-hint", "outline-card"]) show($(id), false);
    return;
  }
  if ($("explore").disabled) return;
  const count = flow?.findings.length ?? 0;
  const problems = count === 1 ? "1 problem." : `${count || "No"} problems.`;
  write($("map-status"), flow ? [`${flow.states.length} states. ${problems}`, ...flow.notes].join(" ") : "");
  fill($("map-problems"), flow?.findings ?? [], (found) =>
    element("li", {},
      element("p", { class: "wrong" }, element("strong", {}, `Problem: ${found.name}`), ` - ${found.where}`),
      element("p", {}, `${found.what} ${found.why} ${found.advice}`)));
  const shown = new Set();
  const outline = $("outline");
  if (outline.flow === flow) return;
  outline.flow = flow;
  outline.replaceChildren(...drawEdges(flow?.roots ?? [], null, shown));
  show(outline.nextElementSibling, !flow);
}

// Acts that lead to the same state are shown together. A state is shown where it is
// reached with the fewest acts; elsewhere, a button leads there.
function drawEdges(edges, parent, shown) {
  const labels = new Map();
  for (const edge of edges) labels.set(edge.to, [...(labels.get(edge.to) ?? []), edge.label]);
  return [...labels].filter(([to]) => to !== null).map(([to, words]) => {
    const state = flow.states[to - 1];
    const by = element("span", { class: "by" }, `${words.join(", ")}:`);
    if (state.parent !== parent || shown.has(to)) return element("li", { class: "step" }, by, drawAgain(to));
    shown.add(to);
    return drawState(state, by, shown);
  });
}

function drawAgain(number) {
  return element("button", { type: "button", class: "again", onclick: () => $(`state-${number}`).focus() }, `see ${number}`);
}

function drawState(state, by, shown) {
  const heard = state.heard.length ? `"${state.heard.join(" / ")}" ` : "";
  const text = `${state.number} ${heard}(${state.awaits})`;
  const below = drawEdges(state.edges, state.number, shown);
  return element("li", {},
    element("div", { class: "step" }, by, state.acts[0].verb === "view"
      ? element("span", { id: `state-${state.number}`, tabindex: "-1", title: "Only the site can place this call" }, text)
      : element("button", { type: "button", class: "line", id: `state-${state.number}`, title: "Play the phone up to here", onclick: () => playTo(state.number) }, text)),
    ...state.findings.map((name) => element("p", { class: "wrong" }, element("strong", {}, `Problem: ${name}`))),
    state.left_out ? element("p", { class: "hint" }, `(${state.left_out})`) : "",
    below.length ? element("ul", {}, ...below) : "");
}

// ---- Tabs

function openTab(name) {
  if (document.body.dataset.tab !== name) scrollTo(0, 0);
  document.body.dataset.tab = name;
  for (const tab of $("tabs").children) {
    const selected = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", String(selected));
    tab.tabIndex = selected ? 0 : -1;
  }
  reveal($(`tab-${name}`));
  if (!state || state.problem) return;
  draw();
  // What was hidden could not be scrolled.
  $("log").scrollTop = $("log").scrollHeight;
  for (const list of [$("calls"), $("exchanges")]) reveal(list.querySelector("[aria-pressed=true], [aria-current]"));
}

function moveTab(event) {
  const tabs = [...$("tabs").children].filter((tab) => getComputedStyle(tab).display !== "none");
  const at = tabs.indexOf(document.activeElement);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (to === undefined || at < 0) return;
  event.preventDefault();
  const next = tabs.at(to % tabs.length);
  next.focus();
  openTab(next.id.slice("tab-".length));
}

// ---- What people do

function onSubmit(form, values) {
  $(form).addEventListener("submit", (event) => {
    event.preventDefault();
    act(...values());
  });
}

const value = (id) => $(id).value.trim();

onSubmit("dial", () => ["Dial", { caller: value("from"), to: value("to") }]);
onSubmit("send-message", () => ["SendMessage", { sender: value("sms-from"), recipient: value("sms-to"), to: value("sms-extension"), message: $("sms-text").value }]);
onSubmit("route", () => ["Route", { caller: value("route-from"), dialed: value("route-to") }]);
onSubmit("between", () => ["Between", { caller: value("between-from"), callee: value("between-to") }]);
onSubmit("set-extension", () => ["SetExtension", { number: value("extension"), outcome: $("outcome").value }]);

$("pad").addEventListener("click", (event) => {
  if (event.target.dataset.key) press(event.target.dataset.key);
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, textarea, select");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !/^[0-9*#]$/.test(event.key)) return;
  press(event.key);
});
$("hang-up").addEventListener("click", () => { silence(); act("HangUp", { call: shownCall }); });
$("talk").addEventListener("click", () => {
  silence();
  act("Talk", { call: shownCall, seconds: $("talk-seconds").valueAsNumber || 5 });
});
$("wait").addEventListener("click", () => act("Wait", { call: shownCall }));
$("ringing").addEventListener("click", (event) => {
  if (event.target.dataset.act) act(event.target.dataset.act, { call: shownCall });
});
$("run-time").addEventListener("click", () => setRunning(!running()));
$("aloud").addEventListener("change", () => {
  localStorage.setItem("mute", $("aloud").checked ? "" : "yes");
  if (!$("aloud").checked) silence();
});
$("tabs").addEventListener("click", (event) => {
  if (event.target.id) openTab(event.target.id.slice("tab-".length));
});
$("tabs").addEventListener("keydown", moveTab);
$("copy-test").addEventListener("click", async () => {
  try {
    await copy((await post("/test")).code);
  } catch (error) {
    alertWith(error.message);
  }
});
$("explore-form").addEventListener("submit", (event) => {
  event.preventDefault();
  explore();
});
$("start-over").addEventListener("click", () => { silence(); send("/start-over"); });
$("play-again").addEventListener("change", () => post("/settings", { play_again: $("play-again").checked }));

$("aloud").checked = !localStorage.getItem("mute");
setRunning(Boolean(localStorage.getItem("run")));
addEventListener("hashchange", () => location.reload()); // it has another key
setInterval(tick, 200);
poll();
