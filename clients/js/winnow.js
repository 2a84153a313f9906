/**
 * The client of a running Winnow gateway, for Node and browsers: `const { content } = await sdk.scrape(url)`.
 *
 * Requests and answers are the API's own JSON, in snake_case; what this client adds is in camelCase (`apiKey`, `signal`).
 * 429 and 503 are tried again, honouring Retry-After, as long as nothing of a stream has come. Types: winnow.d.ts.
 */

const DEFAULT_URL = "http://127.0.0.1:8000";
const MAX_RETRY_WAIT_S = 30;
const RETRIED = [429, 503];
// what the gateway needs beyond the deadlines of page and model; a stream is silent for 15 s at most
const GRACE_S = 10;
// a call that neither fetches a page nor asks a model
const SHORT_CALL_S = 30 + GRACE_S;
const MAX_PAGE_S = 300;
const ANSWER_S = 600;
// how many pages are read beyond the one that is due, for each that is read at a time
const AHEAD = 4;
// how a connection is lost that may be had again, and the waits before: about a minute, a gateway restarts in less
const LOST = ["backend_interrupted", "gateway_unreachable", "overloaded", "jobs_unavailable"];
const RECONNECT_WAITS_S = [0.2, 0.5, 1, 2, 4, 8, 10, 10, 10, 10];
// before asking again what ended without the job's end
const PAUSE_S = 0.5;

/** What the gateway answered, or why it did not; `code` is stable (docs/api.md). */
export class WinnowError extends Error {
  name = "WinnowError";

  constructor(code, message, { status, retryAfterS = null, requestId = null, extra = {}, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = status;
    this.retryAfterS = retryAfterS;
    this.requestId = requestId;
    this.extra = extra;
  }
}

/** A connection to one gateway. */
export class Client {
  #connection;

  constructor(options = {}) {
    this.#connection = new Connection(options);
  }

  async scrape(page, options) {
    return this.#connection.send(scrapeCall(merged("url", page, options)));
  }

  async *pages(page, options) {
    const request = merged("url", page, options);
    do {
      const piece = await this.#connection.send(scrapeCall(request));
      request.cursor = piece.next_cursor;
      yield piece;
    } while (request.cursor != null);
  }

  async *scrapeMany(urls, { concurrency = 8, signal, ...options } = {}) {
    if (!(concurrency >= 1)) throw new RangeError(`concurrency must be at least 1, not ${concurrency}`);
    checkList(urls);
    const stop = timeLimit(signal);
    const waiting = [];
    let running = 0;
    const read = async (url) => {
      if (running >= concurrency) await new Promise((resolve) => waiting.push(resolve));
      else running += 1;
      try {
        return await this.scrape(url, { ...options, signal: stop.signal });
      } catch (error) {
        if (error instanceof WinnowError) return error;
        throw error;
      } finally {
        // the place is handed on, or is free
        if (waiting.length) waiting.shift()();
        else running -= 1;
      }
    };
    const due = [];
    try {
      for await (const url of urls) {
        const page = read(url);
        // awaited in its turn; until then it is no unhandled rejection
        page.catch(() => {});
        due.push(page);
        if (due.length >= concurrency * AHEAD) yield await due.shift();
      }
      while (due.length) yield await due.shift();
    } finally {
      stop.end();
    }
  }

  async tokens(text, options) {
    const call = { path: "/v1/tokens", request: merged("text", text, options), has: "tokens", timeoutS: SHORT_CALL_S };
    return this.#connection.send(call);
  }

  async models(options) {
    const call = { method: "GET", path: "/v1/models", has: "data", timeoutS: SHORT_CALL_S };
    return (await this.#connection.send({ ...call, request: { ...options } })).data;
  }

  async health(options) {
    const call = { method: "GET", path: "/health/ready", has: "checks", timeoutS: SHORT_CALL_S, also: 503 };
    return this.#connection.send({ ...call, request: { ...options } });
  }

  extract(page, options) {
    const request = merged("url", page, options);
    const timeoutS = pageS(request.scrape) + ANSWER_S + GRACE_S;
    const call = { path: "/v1/extract", request, has: "finish_reason", timeoutS };
    return request.stream ? this.#connection.stream(call, new EventReader()) : this.#connection.send(call);
  }

  async map(url, options) {
    const request = merged("url", url, options);
    return this.#connection.send({
      path: "/v1/map", request, has: "links", timeoutS: (request.timeout_s ?? 30) + GRACE_S,
    });
  }

  async search(query, options) {
    const request = merged("query", query, options);
    return this.#connection.send({
      path: "/v1/search", request, has: "results", timeoutS: pageS(request.scrape) + SHORT_CALL_S,
    });
  }

  crawl(url, options) {
    return new Job(this.#connection, createCall("/v1/crawl", merged("url", url, options)));
  }

  batch(urls, options) {
    return new Job(this.#connection, createCall("/v1/batch", listed(urls, options)));
  }

  async startCrawl(url, options) {
    return this.#connection.send(createCall("/v1/crawl", merged("url", url, options)));
  }

  async startBatch(urls, options) {
    return this.#connection.send(createCall("/v1/batch", listed(urls, options)));
  }

  job(id, { after = 0, signal } = {}) {
    return new Job(this.#connection, { id, request: { signal } }, after);
  }

  async jobs({ limit = 100, signal } = {}) {
    const call = { method: "GET", path: `/v1/jobs?limit=${limit}`, has: "jobs", timeoutS: SHORT_CALL_S };
    return (await this.#connection.send({ ...call, request: { signal } })).jobs;
  }
}

/** A batch or crawl at the gateway. Iterate for its results, in the order of their coming, until it ends. */
class Job {
  #connection;
  #create;
  #id;

  constructor(connection, create, after = 0) {
    this.seq = after;
    this.#connection = connection;
    this.#create = create;
    this.#id = create.id;
  }

  get id() {
    if (this.#id === undefined) throw new Error("the job does not exist yet: iterate over it, or await start()");
    return this.#id;
  }

  async start() {
    // who does it twice at once finds the same job by its idempotency key
    this.#id ??= (await this.#connection.send(this.#create)).id;
    return this;
  }

  async *[Symbol.asyncIterator]() {
    const { signal } = this.#create.request;
    let connected = this.#create.id === undefined;
    let failures = 0;
    await this.start();
    for (;;) {
      const before = this.seq;
      let rest;
      try {
        for await (const result of this.#connection.stream(this.#results(signal), new ResultReader())) {
          connected = true;
          failures = 0;
          this.seq = result.seq;
          yield result;
        }
        // a gateway that shuts down ends its streams too
        rest = await this.#connection.send(this.#results(signal));
      } catch (error) {
        const isLost = error instanceof WinnowError && LOST.includes(error.code);
        // a first connection that fails is not tried again
        if (!isLost || !connected || failures === RECONNECT_WAITS_S.length) throw error;
        await sleep(RECONNECT_WAITS_S[failures], signal);
        failures += 1;
        continue;
      }
      for (const result of rest.results) {
        this.seq = result.seq;
        yield result;
      }
      if (rest.next === null) return;
      if (this.seq === before) await sleep(PAUSE_S, signal);
    }
  }

  async report(options) {
    return this.#ask("GET", options);
  }

  async cancel(options) {
    return this.#ask("DELETE", options);
  }

  async #ask(method, options) {
    await this.start();
    return this.#connection.send({
      method, path: this.#path, request: { ...options }, has: "status", timeoutS: SHORT_CALL_S,
    });
  }

  #results(signal) {
    const path = `${this.#path}/results?after=${this.seq}`;
    return { method: "GET", path, request: { signal }, has: "results", timeoutS: SHORT_CALL_S };
  }

  get #path() {
    return `/v1/jobs/${encodeURIComponent(this.id)}`;
  }
}

function scrapeCall(request) {
  return { path: "/v1/scrape", request, has: "content", timeoutS: pageS(request) + GRACE_S };
}

function createCall(path, request) {
  // sent again after a 503, it is the same job
  const headers = { "idempotency-key": request.idempotencyKey ?? randomKey() };
  return { path, request, headers, has: "id", timeoutS: SHORT_CALL_S };
}

/** How long a page may take; the gateway's own setting is unknown here, but not its bound. */
function pageS(scrape) {
  return scrape?.timeout_s ?? MAX_PAGE_S;
}

/** The fields of a request: the first argument of a call is the field `name`, or all of them. */
function merged(name, subject, options) {
  if (subject === null || typeof subject !== "object") return { [name]: subject, ...options };
  return subject instanceof URL ? { [name]: subject.href, ...options } : { ...subject, ...options };
}

function listed(urls, options) {
  checkList(urls);
  return typeof urls[Symbol.iterator] === "function" ? { urls: [...urls], ...options } : { ...urls, ...options };
}

function checkList(urls) {
  if (urls === null || typeof urls !== "object" || urls instanceof URL) {
    throw new TypeError("`urls` is a list of addresses; `scrape` reads a single one");
  }
}

/** 128 bits; `crypto.randomUUID` is missing in pages that came without TLS. */
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Sends calls to one gateway. A call: `method` (POST), `path`, `request` (fields to send, and `signal`), `headers`, `has` (a
 * field of every answer), `timeoutS` (seconds until the answer, or between two pieces of a stream), `also` (a further
 * status that is a success).
 */
class Connection {
  #options;

  constructor(options) {
    if (typeof options !== "object") throw new TypeError("a client takes options: new Client({ url, apiKey })");
    const { url, apiKey, tries = 3, fetch, ...unknown } = options;
    const [misspelt] = Object.keys(unknown);
    if (misspelt) throw new TypeError(`unknown option \`${misspelt}\`; there are url, apiKey, tries, fetch`);
    if (!(tries >= 1)) throw new RangeError(`tries must be at least 1, not ${tries}`);
    this.#options = { url, apiKey, tries, fetch };
  }

  /** The JSON of an answer. */
  async send(call) {
    const { response, limit } = await this.#exchange(call);
    try {
      const answer = parsed(await textOf(response, limit));
      if (typeof answer !== "object" || answer === null || !(call.has in answer)) {
        throw notAGateway(`no answer with \`${call.has}\` came`);
      }
      return answer;
    } finally {
      limit.end();
    }
  }

  /** What `reader` makes of the lines of an answer, as they come. */
  async *stream(call, reader) {
    const { response, limit } = await this.#exchange({ ...call, headers: { accept: reader.type } });
    try {
      if (!response.headers.get("content-type")?.startsWith(reader.type)) {
        throw notAGateway(`no stream of \`${reader.type}\` came`);
      }
      const body = response.body.getReader();
      const lines = new LineDecoder();
      for (;;) {
        limit.start();
        const { value, done } = await body.read().catch((cause) => {
          throw limit.reason ?? interrupted(`the stream broke off (${reasonOf(cause)}); what came is incomplete`, cause);
        });
        // what is done with an item may take any time
        limit.stop();
        if (done) break;
        for (const line of lines.feed(value)) yield* reader.read(line);
      }
      reader.end(lines.rest);
    } finally {
      // who leaves early ends the connection, and with it the work at the gateway
      limit.end();
    }
  }

  /** Sends until there is a success, whose body is still to be read under `limit`. */
  async #exchange(call) {
    const { tries } = this.#options;
    for (let attempt = 0; ; attempt += 1) {
      const { response, limit } = await this.#send(call);
      if (response.ok || response.status === call.also) return { response, limit };
      let error;
      try {
        error = readError(response.status, response.headers, await textOf(response, limit));
      } finally {
        limit.end();
      }
      const waitS = error.retryAfterS ?? 0.5 * 2 ** attempt * (1 + Math.random());
      if (!RETRIED.includes(response.status) || attempt + 1 >= tries || waitS > MAX_RETRY_WAIT_S) throw error;
      await sleep(waitS, call.request.signal);
    }
  }

  async #send({ method = "POST", path, request, headers, timeoutS }) {
    const { signal, idempotencyKey, ...fields } = request;
    const { address, headers: own } = settings(this.#options);
    const send = this.#options.fetch ?? globalThis.fetch;
    const limit = timeLimit(signal, timeoutS, `the gateway at ${address} was silent for ${timeoutS} s`);
    limit.start();
    try {
      const response = await send(address + path, {
        method,
        headers: { ...own, ...headers },
        body: method === "POST" ? JSON.stringify(fields) : undefined,
        signal: limit.signal,
        redirect: "manual",
      });
      return { response, limit };
    } catch (cause) {
      const error = limit.reason ?? notReached(address, cause);
      limit.end();
      throw error;
    }
  }
}

/** Where to send, and the headers that say who asks. */
function settings({ url, apiKey }) {
  const environment = globalThis.process?.env ?? {};
  // a page may ask its own origin alone
  const origin = globalThis.location?.protocol.startsWith("http") ? globalThis.location.origin : DEFAULT_URL;
  const given = String(url || environment.WINNOW_URL || origin).trim();
  const headers = { "content-type": "application/json" };
  let address;
  try {
    const parts = new URL(given, globalThis.location?.href);
    const isAddress = /^https?:$/.test(parts.protocol) && !parts.search && !parts.hash;
    if (isAddress) address = parts.origin + parts.pathname.replace(/\/+$/, "");
    // fetch takes no address with a password
    if (parts.username || parts.password) headers.authorization = basic(parts);
  } catch {
    // what the cause quotes may be a part of a password
    address = undefined;
  }
  if (address === undefined) {
    const shown = given.replace(/\/\/.*@/s, "//…@");
    throw unreachable(`${shown} is no address of a gateway; one looks like ${DEFAULT_URL}`);
  }
  // a key read from a file often has the end of its line
  const key = String(apiKey || environment.WINNOW_API_KEY || "").trim();
  if (!/^[ -~]*$/.test(key)) {
    throw new WinnowError(
      "invalid_request",
      "the API key holds a character that no key has (a control character, or one beyond ASCII); look at " +
        "WINNOW_API_KEY, or at where `apiKey` comes from",
      { status: 400 },
    );
  }
  if (key && headers.authorization) headers["x-api-key"] = key;
  else if (key) headers.authorization = `Bearer ${key}`;
  return { address, headers };
}

function basic({ username, password }) {
  const bytes = new TextEncoder().encode(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/**
 * A signal that aborts when `signal` does, `seconds` after the last `start` that no `stop` followed, and at the `end`. Before
 * that, `reason` is what went wrong, if anything did.
 */
function timeLimit(signal, seconds, message) {
  const own = new AbortController();
  const forget = onAbort(signal, () => own.abort(signal.reason));
  let timer;
  return {
    signal: own.signal,
    get reason() {
      return own.signal.aborted ? own.signal.reason : undefined;
    },
    start() {
      clearTimeout(timer);
      timer = setTimeout(() => own.abort(unreachable(message)), seconds * 1000);
    },
    stop: () => clearTimeout(timer),
    end() {
      clearTimeout(timer);
      forget();
      own.abort();
    },
  };
}

function sleep(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      forget();
      resolve();
    }, seconds * 1000);
    const forget = onAbort(signal, () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

// what to do when a signal aborts: many calls may share one, and Node warns of more than ten listeners (`AbortSignal.any`
// would do, but there it keeps something of each call for as long as the signal lives)
const actions = new WeakMap();

/** Calls `act` once `signal` is aborted, at once if it is; gives a function that takes this back. */
function onAbort(signal, act) {
  if (!signal) return () => {};
  if (signal.aborted) {
    act();
    return () => {};
  }
  let all = actions.get(signal);
  if (!all) {
    all = new Set();
    actions.set(signal, all);
    signal.addEventListener("abort", () => all.forEach((each) => each()), { once: true });
  }
  all.add(act);
  return () => all.delete(act);
}

async function textOf(response, limit) {
  try {
    return await response.text();
  } catch (cause) {
    throw limit.reason ?? unreachable(`the gateway's answer broke off (${reasonOf(cause)})`, cause);
  }
}

/** JSON, or undefined where it is none. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Bytes in, lines out, without their ends (LF, CR or CRLF); `rest` is a line that has no end yet. */
class LineDecoder {
  #text = new TextDecoder();
  #afterCr = false;
  rest = "";

  feed(bytes) {
    let text = this.#text.decode(bytes, { stream: true });
    if (text === "") return [];
    // the second half of a CRLF
    if (this.#afterCr && text.startsWith("\n")) text = text.slice(1);
    this.#afterCr = text.endsWith("\r");
    const lines = text.split(/\r\n|\n|\r/);
    lines[0] = this.rest + lines[0];
    this.rest = lines.pop();
    return lines;
  }
}

/** Server-sent events of an extraction (WHATWG HTML, 9.2.6): `read` gives the event that a line completes. */
class EventReader {
  type = "text/event-stream";
  #known = ["source", "delta", "evidence", "done"];
  #name = "";
  #data = [];
  #isDone = false;

  *read(line) {
    if (line !== "") {
      const [field] = line.split(":", 1);
      const value = line.slice(field.length + 1).replace(/^ /, "");
      if (field === "event") this.#name = value;
      if (field === "data") this.#data.push(value);
      return;
    }
    const [type, data] = [this.#name, this.#data.join("\n")];
    this.#name = "";
    this.#data = [];
    if (data === "") return;
    if (type === "error") throw readError(200, new Headers(), data);
    // an event that only a newer gateway has is skipped
    if (!this.#known.includes(type)) return;
    const event = parsed(data);
    if (event === undefined) throw notAGateway(`the data of the event \`${type}\` are no JSON`);
    this.#isDone ||= type === "done";
    yield { type, ...event };
  }

  end() {
    if (!this.#isDone) throw interrupted("the stream ended without `done`; what was received is incomplete");
  }
}

/** Results of a job, one a line. */
class ResultReader {
  type = "application/x-ndjson";

  *read(line) {
    // an empty line keeps the connection open
    if (line === "") return;
    const result = parsed(line);
    // why no more come
    if (result?.error && !("seq" in result)) throw readError(200, new Headers(), JSON.stringify(result.error));
    if (result?.seq === undefined) throw notAGateway("a line came that is no result");
    yield result;
  }

  end(rest) {
    if (rest !== "") throw interrupted("the results ended within a line; what came is incomplete");
  }
}

/** The error that a problem document stands for, or OpenAI's error object; a redirect is no gateway's answer. */
function readError(status, headers, text) {
  // a browser shows nothing of a redirect
  if (status < 200 || (status >= 300 && status < 400)) {
    return unreachable(
      `what answers sends elsewhere (to ${headers.get("location") ?? "an address that is not shown"}); a key is not sent ` +
        "after it: set `url` or WINNOW_URL to the gateway's own address",
    );
  }
  const body = parsed(text);
  const problem = body?.error?.message ? body.error : (body ?? {});
  const message = problem.detail ?? problem.message ?? `the gateway answered ${status} without saying why`;
  return new WinnowError(problem.code ?? "internal_error", message, {
    status: status === 200 ? problem.status : status,
    retryAfterS: readRetryAfter(headers),
    requestId: problem.request_id ?? headers.get("x-request-id"),
    extra: problem.extra,
  });
}

/** Seconds to wait: `retry-after-ms`, or `retry-after` in seconds or as a date (RFC 9110, 10.2.3). */
function readRetryAfter(headers) {
  const milliseconds = headers.get("retry-after-ms") ?? "";
  if (/^\d+$/.test(milliseconds)) return Number(milliseconds) / 1000;
  const value = headers.get("retry-after") ?? "";
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value);
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, (at - Date.now()) / 1000);
}

/** What went wrong in fetch, whose own message says nothing. */
function reasonOf(cause) {
  return cause?.cause?.code ?? cause?.cause?.message ?? cause?.message ?? cause;
}

function notReached(address, cause) {
  const reason = reasonOf(cause);
  if (reason === "UND_ERR_HEADERS_TIMEOUT") {
    return unreachable(
      `the gateway at ${address} was silent for as long as Node's fetch waits (300 s): ask for a stream, or give \`fetch\``,
      cause,
    );
  }
  return unreachable(
    `no gateway answers at ${address} (${reason}); start one with \`winnow serve\`, or name another with \`url\` or ` +
      "WINNOW_URL",
    cause,
  );
}

function unreachable(message, cause) {
  return new WinnowError("gateway_unreachable", message, { status: 503, cause });
}

function interrupted(message, cause) {
  return new WinnowError("backend_interrupted", message, { status: 502, cause });
}

function notAGateway(reason) {
  return unreachable(
    `what answers is no gateway, or one of another version: ${reason}; look at \`url\` or WINNOW_URL`,
  );
}

export default new Client();
