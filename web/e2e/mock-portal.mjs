/**
 * A portal for the pages alone: the viewer's part of the HTTP and WebSocket surface, a scripted
 * show, and the built apps from `dist/`. For development and tests; never shipped.
 *
 *   node e2e/mock-portal.mjs [--port 8000] [--play]
 *   POST /mock/scene {"name": "vote", "detail": {"seconds": 30}, "language": "zh"}
 *   POST /mock/fault {"offline": true} | {"votes": 503} | {"level": 2} | {}
 */
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { FLAG_RULES, FLAGS, KEY } from "./mock-ballot.mjs";
import { CODE, IDS, Show } from "./mock-show.mjs";
import { speedRun } from "./mock-speed.mjs";
import { REPRODUCE, SUITES, suiteScores } from "./mock-suites.mjs";
import { attentionOf, traceOf } from "./mock-trace.mjs";
import { SEASON, trainingChannels, trainingRoutes } from "./mock-training.mjs";

const argument = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : (process.argv[at + 1] ?? true);
};
const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".png": "image/png",
};

/** The RFC 7396 patch from one state to another, texts that only grew given as appends. */
function difference(before, after, path, appends) {
  const patch = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[key] ?? null, after[key] ?? null];
    if (JSON.stringify(old) === JSON.stringify(now)) continue;
    const place = [...path, key];
    const dict = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
    if (typeof old === "string" && typeof now === "string" && key === "text" && now.startsWith(old)) {
      appends.push({ path: place, pos: [...old].length, text: now.slice(old.length) });
    } else if (dict(old) && dict(now)) {
      const inner = difference(old, now, place, appends);
      if (Object.keys(inner).length > 0) patch[key] = inner;
    } else patch[key] = now;
  }
  return patch;
}

class Channel {
  constructor(name, read) {
    Object.assign(this, { name, read, epoch: Math.random().toString(36).slice(2, 6), seq: 0, history: [] });
    this.state = structuredClone(read());
    this.sockets = new Set();
  }
  update() {
    const next = structuredClone(this.read());
    const append = [];
    const set = difference(this.state, next, [], append);
    this.state = next;
    const d = { ...(Object.keys(set).length > 0 && { set }), ...(append.length > 0 && { append }) };
    if (Object.keys(d).length === 0) return;
    this.seq += 1;
    const envelope = { ch: this.name, ep: this.epoch, seq: this.seq, t: "patch", now: new Date().toISOString(), d };
    this.history = [...this.history.slice(-99), envelope];
    for (const socket of this.sockets) socket.send(JSON.stringify([envelope]));
  }
  resume(ep, seq) {
    const missing = this.history.filter((envelope) => envelope.seq > seq);
    if (ep === this.epoch && seq !== null && this.seq - seq === missing.length && missing.length > 0) return missing;
    return [{ ch: this.name, ep: this.epoch, seq: this.seq, t: "snap", now: new Date().toISOString(), d: this.state }];
  }
}

let language = "en";
const fault = { offline: false, votes: 0, level: 0 };
const channels = new Map();
const show = new Show(() => {
  for (const channel of channels.values()) channel.update();
});
channels.set(`stage:${IDS.episode}`, new Channel(`stage:${IDS.episode}`, () => show.stage));
channels.set(`board:${IDS.season}`, new Channel(`board:${IDS.season}`, () => show.board));
for (const [name, read] of trainingChannels(() => language)) channels.set(name, new Channel(name, read));

const refuse = (code, status, detail = {}) => ({ status, body: { error: { code, message: code, detail } } });
const give = (body, headers = {}) => ({ status: 200, body, headers });
const episode = () => ({ ...show.stage.episode, season_id: IDS.season });

const ROUTES = [
  ["GET", /^\/healthz$/, () => give({ ok: true })],
  [
    "POST",
    /^\/api\/device$/,
    ({ device }) => {
      const name = device ?? `d-${Math.random().toString(36).slice(2)}`;
      return give({ device: name }, { "set-cookie": `gavel_device=${name}; Path=/; HttpOnly; SameSite=Lax` });
    },
  ],
  [
    "GET",
    /^\/api\/(?:seasons\/current|episodes\/[^/]+\/season)$/,
    () =>
      give({
        id: IDS.season,
        name: "2026",
        suite: "reasoning",
        weights: { judges: 0.5, crowd: 0.5 },
        flags: FLAG_RULES,
        ...SEASON,
      }),
  ],
  ["GET", /^\/api\/episodes$/, () => give([episode()])],
  [
    "GET",
    /^\/api\/join\/([^/]+)$/,
    ({ match }) => (match[1].toUpperCase() === CODE ? give(episode()) : refuse("show.code_unknown", 404)),
  ],
  ["GET", /^\/api\/leaderboard$/, () => give(show.board)],
  ["GET", /^\/api\/leaderboard\/history$/, () => give(show.history())],
  ["GET", /^\/api\/leaderboard\/episodes\/[\w-]+$/, () => give(show.episodeBoard())],
  ["GET", /^\/api\/leaderboard\/entries\/([\w-]+)$/, ({ match }) => give(show.origins(match[1]))],
  [
    "GET",
    /^\/api\/speed\/(\w+)$/,
    ({ match }) => {
      const run = speedRun(match[1], language);
      return run ? give(run) : refuse("speed.not_found", 404);
    },
  ],
  ["GET", /^\/api\/suites$/, () => give(SUITES)],
  [
    "GET",
    /^\/api\/suites\/(\w+)$/,
    ({ match }) => {
      const found = SUITES.find((one) => one.id === match[1]);
      return found ? give(found) : refuse("suite.unknown", 404);
    },
  ],
  ["GET", /^\/api\/leaderboard\/suites\/(\w+)$/, ({ match }) => give(suiteScores(match[1], language))],
  [
    "GET",
    /^\/api\/runs\/run-(\w+)\/reproduce$/,
    ({ match }) => (match[1] === "e1" ? refuse("reproduce.private", 403) : give(REPRODUCE)),
  ],
  [
    "GET",
    /^\/api\/live\/(.+)$/,
    ({ match }) => {
      const channel = channels.get(decodeURIComponent(match[1]));
      return channel
        ? give({
            channel: channel.name,
            epoch: channel.epoch,
            seq: channel.seq,
            now: new Date().toISOString(),
            state: channel.state,
          })
        : refuse("live.not_found", 404);
    },
  ],
  ["GET", /^\/api\/ballots\/key$/, () => give({ key: KEY })],
  ["GET", /^\/api\/ballots\/[^/]+\/flags$/, () => give(FLAGS)],
  [
    "GET",
    /^\/api\/ballots\/([^/]+)$/,
    ({ match }) => give({ id: match[1], episode_id: episode().id, config: { options: [] } }),
  ],
  ["GET", /^\/api\/ballots\/([^/]+)\/my-vote$/, ({ match, device }) => give(show.book(match[1]).mine(device))],
  [
    "POST",
    /^\/api\/ballots\/([^/]+)\/votes$/,
    ({ match, device, body }) => {
      if (fault.votes) return refuse("server.unavailable", fault.votes);
      if (fault.level) return refuse("vote.level", 403, { needed: fault.level });
      const answer = show.book(match[1]).cast(device, body, show.takes(match[1]));
      return answer.receipt ? { ...give(answer), status: 201 } : refuse(answer.code, answer.status);
    },
  ],
  ["GET", /^\/api\/episodes\/([^/]+)\/vouchers$/, () => give({ seat: true, mail: true, oidc: null })],
  [
    "GET",
    /^\/api\/ballots\/([^/]+)\/proof$/,
    ({ match, query }) => {
      const answer = show.proof(match[1], Number(query.get("seq")));
      return answer.root ? give(answer) : refuse(answer.code, answer.status);
    },
  ],
  [
    "GET",
    /^\/api\/duels\/([^/]+)\/trace$/,
    ({ match }) => {
      if (match[1] === "sealed") return refuse("trace.not_revealed", 403);
      return match[1] === "missing" ? refuse("duel.not_found", 404) : give(traceOf(match[1], show.language));
    },
  ],
  [
    "GET",
    /^\/api\/duels\/([^/]+)\/answers\/(left|right)\/attention$/,
    ({ match }) => give(attentionOf(match[1], match[2], show.language)),
  ],
  ...trainingRoutes(give, refuse, () => language),
  [
    "POST",
    /^\/mock\/scene$/,
    ({ body }) => {
      if (body.language) {
        language = body.language;
        show.reset(language);
        // What is told in another language is another state.
        for (const channel of channels.values()) channel.update();
      }
      if (body.board === "empty") show.emptyBoard();
      if (body.board === "unrated") show.unratedBoard();
      if (body.board === "closed") show.closedBoard(0);
      if (body.board === "revealing") show.closedBoard(3);
      show.scene(body.name, body.detail);
      return give({});
    },
  ],
  [
    "POST",
    /^\/mock\/fault$/,
    ({ body }) => {
      Object.assign(fault, { offline: false, votes: 0, level: 0 }, body);
      if (fault.offline) for (const socket of sockets.clients) socket.terminate();
      return give({});
    },
  ],
];

async function read(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text === "" ? {} : JSON.parse(text);
}

function file(response, path) {
  const app = ["contestant", "producer", "judge"].find((name) => path === `/${name}` || path.startsWith(`/${name}/`));
  const root = join(DIST, app ?? "viewer");
  const inside = normalize(app ? path.slice(app.length + 1) : path);
  const wanted = join(root, inside);
  const found = wanted.startsWith(root) && existsSync(wanted) && statSync(wanted).isFile();
  const served = found ? wanted : join(root, "index.html");
  response.writeHead(200, { "content-type": TYPES[extname(served)] ?? "application/octet-stream" });
  createReadStream(served).pipe(response);
}

const server = createServer(async (request, response) => {
  const { pathname: path, searchParams: query } = new URL(request.url, "http://mock");
  if (!/^\/(api|mock|healthz)/.test(path)) return file(response, path);
  const device = /gavel_device=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
  const route = ROUTES.find(([method, pattern]) => method === request.method && pattern.test(path));
  if (fault.offline && path.startsWith("/api")) return request.socket.destroy();
  const answer = route
    ? route[2]({ match: route[1].exec(path), query, device, body: await read(request) })
    : refuse("http.404", 404);
  response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
  response.end(JSON.stringify(answer.body));
});

const sockets = new WebSocketServer({ noServer: true });
server.on("upgrade", (request, socket, head) => {
  if (fault.offline) return socket.destroy();
  sockets.handleUpgrade(request, socket, head, (client) => {
    client.on("message", (text) => {
      const message = JSON.parse(text);
      const channel = channels.get(message.ch);
      if (message.t === "ping") client.send(JSON.stringify([{ t: "hb", now: new Date().toISOString() }]));
      else if (!channel) client.send(JSON.stringify([{ t: "err", ch: message.ch, code: "live.not_found" }]));
      else if (message.t === "unsub") channel.sockets.delete(client);
      else {
        channel.sockets.add(client);
        client.send(JSON.stringify(channel.resume(message.ep, message.seq)));
      }
    });
    client.on("close", () => {
      for (const channel of channels.values()) channel.sockets.delete(client);
    });
  });
});
setInterval(() => {
  for (const client of sockets.clients) client.send(JSON.stringify([{ t: "hb", now: new Date().toISOString() }]));
}, 15_000).unref();

const port = Number(argument("port", 8000));
server.listen(port, "127.0.0.1", () => {
  console.log(`mock portal on http://127.0.0.1:${port}  phone /s/${CODE}  stage /stage/${IDS.episode}  board /board`);
});
if (process.argv.includes("--play")) void show.play();
