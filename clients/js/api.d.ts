// Written from the OpenAPI document by `make api-docs`; changes belong into gateway/wire.

/** Stable names of errors. */
export type ErrorCode =
  | "action_failed"
  | "backend_failed"
  | "backend_interrupted"
  | "backend_rate_limited"
  | "backend_rejected"
  | "backend_timeout"
  | "backend_unavailable"
  | "clean_failed"
  | "clean_timeout"
  | "conflict"
  | "connect_failed"
  | "context_overflow"
  | "dns_failed"
  | "fetch_failed"
  | "fetch_timeout"
  | "forbidden"
  | "gateway_unreachable"
  | "internal_error"
  | "invalid_request"
  | "job_page_abandoned"
  | "jobs_unavailable"
  | "method_not_allowed"
  | "model_refused"
  | "not_found"
  | "origin_status"
  | "out_of_scope"
  | "overloaded"
  | "proxy_failed"
  | "rate_limited"
  | "render_failed"
  | "request_timeout"
  | "robots_denied"
  | "schema_unsatisfied"
  | "search_failed"
  | "search_unavailable"
  | "too_large"
  | "too_many_redirects"
  | "unauthorized"
  | "unsupported_content"
  | "url_refused";

/** Whether a model's earlier answer to the same request will do, and whether to keep this one. */
export interface AnswerCacheOptions {
  /** Seconds; an earlier answer up to this old will do. 0 asks the model anew. @default 86400 */
  max_age_s?: number;
  /** Whether the answer may be kept in the cache. @default true */
  store?: boolean;
}

/** `POST /v1/batch`: pages by their addresses. */
export interface BatchRequest {
  /** How to read each page, as in `POST /v1/scrape`. */
  scrape?: ScrapeOptions;
  /** What to extract from each page. null: nothing. @default null */
  extract?: PageQuestion | null;
  /** Where to send the job's events. null: nowhere. @default null */
  webhook?: Webhook | null;
  /** Whether robots.txt is obeyed, its Crawl-delay too. @default true */
  robots?: boolean;
  /** Seconds between two pages of one host, at least; the whole fleet keeps to it. @default 0 */
  delay_s?: number;
  /** Addresses of the pages; the same one twice is read once. */
  urls: Array<string>;
}

/** Where the page or answer came from, how old it is, and why it was not kept if it was not. */
export interface CacheReport {
  /** What the cache did. */
  status: "bypass" | "hit" | "miss" | "revalidated" | "stale";
  /** Seconds since it was fetched or answered. */
  age_s: number;
  /** Why it is not in the cache, such as `no-store` or `store is false`; null when it is. */
  not_stored: string | null;
}

/** A block of the content that is not as it was. */
export interface Change {
  /** The block as it was; null: it is new. */
  old: string | null;
  /** The block as it is; null: it is gone. */
  new: string | null;
}

/** One message of a conversation, as far as counting needs it. */
export interface ChatMessage {
  /** Who speaks: `system`, `user`, `assistant` or `tool`. */
  role: string;
  /** What is said: a text, or OpenAI's list of content parts. @default null */
  content?: string | Array<ContentPart> | null;
  /** The speaker's name, if there is one. @default null */
  name?: string | null;
}

/** A piece of the content of bounded size, with the headings above it, outermost first. */
export interface Chunk {
  /** The piece. */
  content: string;
  /** The headings above it, outermost first. */
  headings: Array<string>;
  /** Tokens of the piece. */
  tokens: number;
}

/** Click on an element, and wait until the page is quiet. */
export interface Click {
  /** Which of these it is. */
  type: "click";
  /** CSS selector of the element. */
  selector: string;
  /** How often, as long as the element is there. @default 1 */
  times?: number;
}

/** A part of a message's content; one of another type than `text` has no text and no count. */
export interface ContentPart {
  /** Its kind; `text` is the one that has a count. @default "" */
  type?: string;
  /** What is said. @default null */
  text?: string | null;
}

/** How much of the pages was read: `read` of `chunks`, each sent in a call of its own. */
export interface Coverage {
  /** Chunks that were sent to the model. */
  read: number;
  /** Chunks the pages have. */
  chunks: number;
}

/** `POST /v1/crawl`: a site from one address on, along its links and sitemaps. */
export interface CrawlRequest {
  /** How to read each page, as in `POST /v1/scrape`. */
  scrape?: ScrapeOptions;
  /** What to extract from each page. null: nothing. @default null */
  extract?: PageQuestion | null;
  /** Where to send the job's events. null: nowhere. @default null */
  webhook?: Webhook | null;
  /** Whether robots.txt is obeyed, its Crawl-delay too. @default true */
  robots?: boolean;
  /** Seconds between two pages of one host, at least; the whole fleet keeps to it. @default 0 */
  delay_s?: number;
  /** Where to start. */
  url: string;
  /** Pages to read at most. @default 100 */
  limit?: number;
  /** Links from the start at most; 0 is the start alone. null: no limit. @default null */
  max_depth?: number | null;
  /** RE2 patterns searched for in the path and in an app's route behind it, such as `^/blog/` or `#/users/`; one of them has to match. @default [] */
  include?: Array<string>;
  /** RE2 patterns searched for as those of `include`; none of them may match. @default [] */
  exclude?: Array<string>;
  /** Whether subdomains of the start's host belong to the site. @default false */
  subdomains?: boolean;
  /** Whether links to other sites are followed. @default false */
  external?: boolean;
  /** `include`: sitemaps and links; `skip`: links alone; `only`: sitemaps alone. @default "include" */
  sitemap?: "include" | "only" | "skip";
  /** Whether addresses that differ in their query alone are one page. @default false */
  ignore_query?: boolean;
  /** Pages at most whose addresses differ in numbers and query values alone: calendars and filters have them without end. null: no limit. @default 1000 */
  pattern_limit?: number | null;
}

/** The event `delta`: the answer grew by `text`; a higher `attempt` starts it anew. */
export interface DeltaEvent {
  /** What the answer grew by. */
  text: string;
  /** Number of the attempt, from 1; a higher one starts the answer anew. @default 1 */
  attempt?: number;
}

/** What a dry run foresees, by our own count and with every answer at its limit. */
export interface Estimate {
  /** Calls to the model. */
  calls: number;
  /** Tokens they would send. */
  input_tokens: number;
  /** Tokens they would answer with at most. */
  output_tokens: number;
  /** The tokenizer of the estimate. */
  tokenizer: string;
}

/** Where a value stands: `quote` is `[start:end]` of the markdown of source number `source`. A quote without offsets is from the page's title, or from the structured data an answer was made of. */
export interface Evidence {
  /** JSON Pointer into `data`. */
  path: string;
  /** Whether the page says so. */
  status: "not_found" | "supported" | "unsupported";
  /** The words of the page. */
  quote: string | null;
  /** Where the quote begins, in characters of the source's markdown; null where they are not in it, but in the page's title or in the structured data that the answer was made of. */
  start: number | null;
  /** Where it ends. */
  end: number | null;
  /** Number of the source, from 0. */
  source: number | null;
}

/** The event `evidence`: every value of `data` judged. */
export interface EvidenceEvent {
  /** Where each value of `data` stands. */
  evidence: Array<Evidence>;
}

/** US dollars at the configured prices, 0 without one; `saved_usd`: by cleaning and by the cache. */
export interface ExtractCost {
  /** US dollars of this answer; 0 without a configured price. */
  usd: number;
  /** US dollars saved by cleaning and by the cache. */
  saved_usd: number;
}

/** The event `done`: the answer without its sources, which were events of their own. */
export interface ExtractDone {
  /** Identifier of this answer. */
  id: string;
  /** The model that answered; null when none was asked. */
  model: string | null;
  /** The backend that served it; `structured` when the page's own data was enough. */
  backend: string | null;
  /** The values, valid against `schema`; null without one. */
  data: unknown;
  /** The answer in words, when no schema was given. */
  text: string | null;
  /** Why the model ended: `stop`, `length`, …; null when none was asked. */
  finish_reason: string | null;
  /** Where each value stands. */
  evidence: Array<Evidence>;
  /** Tokens as the model reported them. */
  usage: ExtractUsage;
  /** US dollars at the configured prices. */
  cost: ExtractCost;
  /** Whether an earlier answer was used. */
  cache: CacheReport;
  /** Milliseconds of each stage. */
  timings: ExtractTimings;
  /** What the caller should know of this result. */
  warnings: Array<Notice>;
  /** How much of the pages was read. */
  coverage: Coverage;
  /** What a dry run foresees; null otherwise. */
  estimate: Estimate | null;
}

/** `POST /v1/extract`: one source, and a prompt, a schema, or both. The source is `url`, `urls`, `html` (with `url`, if given, as its base address) or `content`, which is markdown or plain text taken as it is. `max_input_tokens` bounds what all calls together may send. */
export interface ExtractRequest {
  /** Address of the page; with `html`, its base address. @default null */
  url?: string | null;
  /** Addresses of several pages, read at once. @default null */
  urls?: Array<string> | null;
  /** The page itself, instead of fetching it. @default null */
  html?: string | null;
  /** Markdown or plain text, taken as it is. @default null */
  content?: string | null;
  /** What to ask of the pages. @default null */
  prompt?: string | null;
  /** JSON Schema 2020-12 that `data` is to validate against. @default null */
  schema?: Record<string, unknown> | null;
  /** A model's name or alias. null: the gateway's default model. @default null */
  model?: string | null;
  /** Tokens that all calls together may send. null: what the model's context holds. @default null */
  max_input_tokens?: number | null;
  /** Tokens the model may answer with in one call. @default 1024 */
  max_output_tokens?: number;
  /** Sampling temperature; 0 is the most repeatable. @default 0 */
  temperature?: number;
  /** Seed of the sampling, where the backend has one. @default null */
  seed?: number | null;
  /** Answer with server-sent events. @default false */
  stream?: boolean;
  /** Whether to look up where in the pages each value stands. @default true */
  evidence?: boolean;
  /** Fetch, clean, count and price, but call no model. @default false */
  dry_run?: boolean;
  /** How to read the pages, as in `POST /v1/scrape`. */
  scrape?: ScrapeOptions;
  /** Use of earlier answers. null: only answers without randomness are kept. Given: answers are kept even where the temperature makes them random. @default null */
  cache?: AnswerCacheOptions | null;
}

/** The answer of `POST /v1/extract`: `data` with a schema, else `text`. */
export interface ExtractResponse {
  /** Identifier of this answer. */
  id: string;
  /** The model that answered; null when none was asked. */
  model: string | null;
  /** The backend that served it; `structured` when the page's own data was enough. */
  backend: string | null;
  /** The values, valid against `schema`; null without one. */
  data: unknown;
  /** The answer in words, when no schema was given. */
  text: string | null;
  /** Why the model ended: `stop`, `length`, …; null when none was asked. */
  finish_reason: string | null;
  /** Where each value stands. */
  evidence: Array<Evidence>;
  /** Tokens as the model reported them. */
  usage: ExtractUsage;
  /** US dollars at the configured prices. */
  cost: ExtractCost;
  /** Whether an earlier answer was used. */
  cache: CacheReport;
  /** Milliseconds of each stage. */
  timings: ExtractTimings;
  /** What the caller should know of this result. */
  warnings: Array<Notice>;
  /** How much of the pages was read. */
  coverage: Coverage;
  /** What a dry run foresees; null otherwise. */
  estimate: Estimate | null;
  /** The pages that were read. */
  sources: Array<ExtractSource>;
}

/** A page that was read, as it was sent. */
export interface ExtractSource {
  /** The page's address; null for inline content. */
  url: string | null;
  /** The page's title. */
  title: string | null;
  /** Exact counts before and after. */
  tokens: TokenReport;
  /** Where the page came from. */
  cache: CacheReport;
}

/** Wall-clock milliseconds; 0 for a stage that did not run. Of several pages the slowest counts, they are read at once; of several calls the first. */
export interface ExtractTimings {
  /** Milliseconds of the slowest fetch. */
  fetch_ms: number;
  /** Milliseconds of the slowest cleaning. */
  clean_ms: number;
  /** Milliseconds spent waiting for the backend. */
  queue_ms: number;
  /** Milliseconds from prompt sent to first delta. */
  ttft_ms: number;
  /** Milliseconds per output token after the first; null when not known. */
  tpot_ms: number | null;
  /** Milliseconds between deltas. */
  itl_ms: Gaps;
  /** Milliseconds of the whole request. */
  total_ms: number;
}

/** What the model reported, over all calls of the request; `input_tokens` includes the cached ones. */
export interface ExtractUsage {
  /** Tokens sent, over all calls. */
  input_tokens: number;
  /** Tokens answered. */
  output_tokens: number;
  /** Those of the tokens sent that the backend had cached. */
  cached_input_tokens: number;
}

/** Milliseconds between deltas; a delta may hold several tokens. */
export interface Gaps {
  /** Median, milliseconds. */
  p50: number;
  /** 95th percentile, milliseconds. */
  p95: number;
  /** The longest, milliseconds. */
  max: number;
}

/** An image in the content: absolute http(s) address and alternative text. */
export interface Image {
  /** Absolute address. */
  url: string;
  /** Alternative text. */
  alt: string;
}

/** The answer to a job's creation. */
export interface JobCreated {
  /** The job's identifier. */
  id: string;
  /** Path of the job's state, on this gateway. */
  url: string;
}

/** Why a page could not be read. */
export interface JobError {
  /** Name of the error, as `POST /v1/scrape` and `POST /v1/extract` have it; `out_of_scope`: the page leads out of the crawl; `job_page_abandoned`: no process came to an end with it. */
  code: string;
  /** What, where and what to do next. */
  detail: string;
  /** HTTP status of the origin, if it answered. */
  origin_status: number | null;
}

/** The jobs of a key, the newest first. */
export interface JobList {
  /** The jobs. */
  jobs: Array<JobReport>;
}

/** A job as it stands. */
export interface JobReport {
  /** The job's identifier. */
  id: string;
  /** What it is. */
  kind: "batch" | "crawl";
  /** `failed`: it ended and not one page could be read. */
  status: "cancelled" | "completed" | "failed" | "running";
  /** Pages it will have read at its end, as far as is known now. */
  total: number;
  /** Pages read. */
  done: number;
  /** Pages that could not be read. */
  failed: number;
  /** Addresses that led to a page that was read already. */
  duplicates: number;
  /** Failed pages by the code of their error. */
  per_error: Record<string, number>;
  /** Pages a second since the start. */
  pages_per_s: number;
  /** Seconds until its end at that rate; null when it is not known. */
  eta_s: number | null;
  /** Unix seconds. */
  started_at: number;
  /** Unix seconds; null while it runs. */
  finished_at: number | null;
  /** Unix seconds; then job and results are deleted. */
  expires_at: number | null;
  /** What the caller should know of this job. */
  warnings: Array<Notice>;
}

/** What came of one address of a job. */
export interface JobResult {
  /** Number of the result, from 1 on, in the order of their coming. */
  seq: number;
  /** The address. */
  url: string;
  /** Links from the start. */
  depth: number;
  /** Whether the page could be read. */
  status: "done" | "failed";
  /** The page, as `POST /v1/scrape` answers; absent where it failed. */
  page?: ScrapeResponse;
  /** What was extracted, where the job extracts with a schema. */
  data?: unknown;
  /** The answer, where the job extracts without a schema. */
  text?: string;
  /** Where each value of `data` stands. */
  evidence?: Array<Evidence>;
  /** Tokens of the extraction. */
  usage?: ExtractUsage;
  /** Why the page or its extraction failed. */
  error?: JobError;
}

/** A part of a job's results. */
export interface JobResults {
  /** Results in the order of their coming. */
  results: Array<JobResult>;
  /** Send it as `after` for those that follow; null at the end of a job that has ended. */
  next: number | null;
}

/** A block of the page as received, and what became of it. */
export interface JudgedBlock {
  /** Its text, cut at 600 characters. */
  text: string;
  /** Why it was left out; null: it was kept. `not_main`: it is unlikely to be the main content; `repeated`: the page says the same elsewhere; `leads_elsewhere`: links to other pages around the text, and what stands behind an article (its author, comments, forms); `heading_alone`: a heading under which nothing was kept; `not_selected`: `select` does not match it; `removed`: `remove` matches it; `hidden`: no reader can see it. */
  reason: "heading_alone" | "hidden" | "leads_elsewhere" | "not_main" | "not_selected" | "removed" | "repeated" | null;
  /** 0 to 1: how likely it is main content; null where nothing was chosen by that. */
  probability: number | null;
  /** What hides it, such as `font-size` or `off-screen`; null otherwise. */
  hidden_by: string | null;
}

/** A link in the content: absolute http(s) address and visible text. */
export interface Link {
  /** Absolute address. */
  url: string;
  /** Visible text. */
  text: string;
}

/** `POST /v1/map`: the addresses of a site, from its sitemaps, its robots.txt, its llms.txt and one page's links. */
export interface MapRequest {
  /** A page of the site. */
  url: string;
  /** Addresses to return at most. @default 5000 */
  limit?: number;
  /** Words; addresses and titles that have all of them come back. null: all addresses. @default null */
  search?: string | null;
  /** `include`: sitemaps and links; `skip`: links alone; `only`: sitemaps alone. @default "include" */
  sitemap?: "include" | "only" | "skip";
  /** Whether subdomains of the page's host belong to the site. @default false */
  subdomains?: boolean;
  /** Seconds it may take; what was found by then is returned. @default 30 */
  timeout_s?: number;
}

/** The answer of `POST /v1/map`. */
export interface MapResponse {
  /** The addresses, those of sitemaps first. */
  links: Array<MappedLink>;
  /** What the caller should know of this result. */
  warnings: Array<Notice>;
}

/** An address of a site. */
export interface MappedLink {
  /** Absolute address. */
  url: string;
  /** Text of the first link to it. @default null */
  title?: string | null;
  /** Its last change, as its sitemap says. @default null */
  lastmod?: string | null;
}

/** What the page says of itself; null where it says nothing. */
export interface Metadata {
  /** The title made for search engines and social networks, where it is not `title`. */
  social_title: string | null;
  /** The page's summary of itself. */
  description: string | null;
  /** Who wrote it. Several names are joined by a comma, or by a semicolon where they stand family name first. */
  author: string | null;
  /** When: ISO 8601, date or date-time, with the time zone that the page gives. */
  published: string | null;
  /** When it was last changed, as the page says: as `published`. */
  modified: string | null;
  /** Language, BCP 47. */
  language: string | null;
  /** Which way the text runs, by the page's `dir` or its language. */
  text_direction: "ltr" | "rtl" | null;
  /** The site's name. */
  site_name: string | null;
  /** The part of the site it is filed under. */
  section: string | null;
  /** What the page is tagged with, at most 50. */
  tags: Array<string>;
  /** The address the page calls its own. */
  canonical_url: string | null;
  /** Address of the page's picture. */
  image: string | null;
  /** Kind of page, such as `article`, `product`, `forum` or `listing`. */
  page_type: string | null;
}

/** A model that can be asked for, with what the clients of OpenAI and of Anthropic each read. */
export interface ModelEntry {
  /** What to send as `model`. */
  id: string;
  /** Always `model`. */
  object: "model";
  /** Always `model`: Anthropic's name for `object`. */
  type: "model";
  /** As `id`. */
  display_name: string;
  /** Always 0: the gateway does not know. */
  created: number;
  /** As `created`, in Anthropic's form. */
  created_at: string;
  /** The backend that serves it. */
  owned_by: string;
  /** Tokens the model's context holds, where known. */
  context_length?: number;
  /** What it costs, where that is configured. */
  price?: ModelPrice;
}

/** The list of models: OpenAI's, which is a page of Anthropic's too. */
export interface ModelList {
  /** Always `list`. */
  object: "list";
  /** Every model, by name and by alias. */
  data: Array<ModelEntry>;
  /** Of the first model. */
  first_id: string | null;
  /** Of the last model. */
  last_id: string | null;
  /** Always false: the list is whole. */
  has_more: false;
}

/** US dollars per million tokens, as the gateway is configured. */
export interface ModelPrice {
  /** US dollars per million tokens sent. */
  input: number;
  /** US dollars per million tokens answered. */
  output: number;
}

/** Something the caller should know about a result that is a result all the same. */
export interface Notice {
  /** Stable name of what happened. */
  code: string;
  /** The same in a sentence. */
  message: string;
  /** How often. @default null */
  count?: number | null;
  /** Pieces of the hidden text, cut short, if `include` names `hidden`; absent otherwise. @default [] */
  samples?: Array<string>;
}

/** The content now, compared with an earlier copy's, read with the same options. */
export interface PageChanges {
  /** `new`: there is no earlier copy; `same`: the content is as it was; `changed`. */
  status: "changed" | "new" | "same";
  /** When the earlier copy came, in Unix seconds; null without one. */
  compared_with: number | null;
  /** What changed, in reading order, at most 1,000; blocks that only moved are left out. */
  blocks: Array<Change>;
}

/** What to extract from every page of a job; the fields are those of `POST /v1/extract`. */
export interface PageQuestion {
  /** What to ask of each page. @default null */
  prompt?: string | null;
  /** JSON Schema 2020-12 that each page's `data` is to validate against. @default null */
  schema?: Record<string, unknown> | null;
  /** A model's name or alias. null: the gateway's default model. @default null */
  model?: string | null;
  /** Tokens that the calls for one page may send. @default null */
  max_input_tokens?: number | null;
  /** Tokens the model may answer with in one call. @default 1024 */
  max_output_tokens?: number;
  /** Sampling temperature. @default 0 */
  temperature?: number;
  /** Seed of the sampling, where the backend has one. @default null */
  seed?: number | null;
  /** Whether to look up where in the page each value stands. @default true */
  evidence?: boolean;
  /** Use of earlier answers, as in `POST /v1/extract`. @default null */
  cache?: AnswerCacheOptions | null;
}

/** Press a key, and wait until the page is quiet. */
export interface Press {
  /** Which of these it is. */
  type: "press";
  /** A character, or `Enter`, `Tab`, `Escape`, `Backspace`, `Delete`, `Space`, `Home`, `End`, `PageUp`, `PageDown`, `ArrowUp`, `ArrowDown`, `ArrowLeft`, `ArrowRight`. */
  key: string;
}

/** RFC 9457 problem details, the body of every error outside the OpenAI routes. */
export interface Problem {
  /** `urn:winnow:error:` and the code. */
  type: string;
  /** The kind of error in words. */
  title: string;
  /** HTTP status. */
  status: number;
  /** What happened, where, and what to do next. */
  detail: string;
  /** Stable name of the error. */
  code: string;
  /** Finds the request in the gateway's log. */
  request_id: string;
  /** Facts about the error, such as both counts of a context overflow. @default {} */
  extra?: Record<string, unknown>;
  /** `detail` again, where the body was one of Firecrawl's v1, whose clients show this. */
  error?: string;
}

/** What the service depends on, by name. */
export interface Readiness {
  /** `ready`, `degraded` (serves with less) or `unready`. */
  status: "degraded" | "ready" | "unready";
  /** Whether the service is shutting down. */
  draining: boolean;
  /** Each dependency by name: `ok`, or what is wrong with it. */
  checks: Record<string, string>;
}

/** What a browser had to do with a page. */
export interface RenderReport {
  /** Whether the content is of the rendered page. */
  used: boolean;
  /** What rendered it. */
  engine: string | null;
  /** Milliseconds that took, also where the cache had the page rendered. */
  ms: number;
  /** Requests the page made. */
  requests: number;
}

/** What to make of a page, and how to get it; the source is named elsewhere. */
export interface ScrapeOptions {
  /** Format of `content`. @default "markdown" */
  format?: "html" | "markdown" | "text";
  /** `main`: the main content alone; `page`: everything visible. @default "main" */
  scope?: "main" | "page";
  /** Further parts of the page to return. `links`, `images`, `structured`, `chunks`, `html` and `raw_html` are absent unless named, `outline` is empty; `metadata` is always there. `hidden` adds samples of the hidden text to its warning: text by others, not to be shown to a model. `removed` is the whole page block by block, with why each that is not in the content was left out. `changes` compares the content with an earlier copy's. `screenshot` (PNG) and `pdf` show the whole page as a browser does. @default [] */
  include?: Array<"changes" | "chunks" | "hidden" | "html" | "images" | "links" | "metadata" | "outline" | "pdf" | "raw_html" | "removed" | "screenshot" | "structured">;
  /** CSS selector; only what it matches is kept. null: the whole page. @default null */
  select?: string | null;
  /** CSS selectors; what they match is dropped first. @default [] */
  remove?: Array<string>;
  /** How links are written; `none` keeps their text. @default "inline" */
  links?: "inline" | "none" | "reference";
  /** How images are written; `alt` keeps their alternative text. @default "none" */
  images?: "alt" | "inline" | "none";
  /** Whether the main content begins with the page's headline: in markdown and HTML as the first heading, once. Plain text has it where the page has it among its content. @default true */
  headline?: boolean;
  /** How tables are written in markdown; `html` writes as HTML, without attributes but spans, those that a GFM table cannot say: with spans, or with lists, code or several paragraphs in a cell. @default "gfm" */
  tables?: "gfm" | "html";
  /** What writes the markdown. @default "native" */
  renderer?: "markdownify" | "native";
  /** Tokenizer of all counts: an encoding, a model of OpenAI's, or a local model that the gateway serves (`local`), by its own vocabulary. @default "o200k_base" */
  tokenizer?: string;
  /** Tokens of content to return at most, cut between blocks. null: all. @default null */
  max_tokens?: number | null;
  /** A question or some words: of a page longer than `max_tokens`, the parts that share most with them are kept, below their headings, in the order of the page; `outline` names the sections left out. null: the page from its beginning. @default null */
  focus?: string | null;
  /** `next_cursor` of an earlier answer: continue there, over the same snapshot. @default null */
  cursor?: string | null;
  /** Seconds; a cached page up to this old will do. 0 asks the origin anew. @default 3600 */
  max_age_s?: number;
  /** Seconds: how old the copy that `changes` compares with is at least; where none is, the oldest does. Copies are kept for 30 days at most. null: the copy before this one. @default null */
  changes_age_s?: number | null;
  /** Whether the page may be kept in the cache. @default true */
  store?: boolean;
  /** Seconds the fetch may take, redirects and body included; at most 300. null: the gateway's setting `FETCH_TIMEOUT_S`. @default null */
  timeout_s?: number | null;
  /** Headers for the origin; such a request has cache entries of its own. @default {} */
  headers?: Record<string, string>;
  /** When to run the page's scripts in a browser, where one is installed. `auto`: when the page has no text without them, and when `wait_for`, `actions`, `screenshot` or `pdf` is asked for. @default "auto" */
  render?: "always" | "auto" | "never";
  /** What the browser waits for before it reads the page: a CSS selector that matches, or milliseconds. @default null */
  wait_for?: string | number | null;
  /** What is done in the browser, one after the other, before it reads. @default [] */
  actions?: Array<Wait | Scroll | Click | Write | Press>;
}

/** `POST /v1/scrape`: `url` alone is fetched; with `html`, which is taken as it is, `url` is its base address. */
export interface ScrapeRequest {
  /** Format of `content`. @default "markdown" */
  format?: "html" | "markdown" | "text";
  /** `main`: the main content alone; `page`: everything visible. @default "main" */
  scope?: "main" | "page";
  /** Further parts of the page to return. `links`, `images`, `structured`, `chunks`, `html` and `raw_html` are absent unless named, `outline` is empty; `metadata` is always there. `hidden` adds samples of the hidden text to its warning: text by others, not to be shown to a model. `removed` is the whole page block by block, with why each that is not in the content was left out. `changes` compares the content with an earlier copy's. `screenshot` (PNG) and `pdf` show the whole page as a browser does. @default [] */
  include?: Array<"changes" | "chunks" | "hidden" | "html" | "images" | "links" | "metadata" | "outline" | "pdf" | "raw_html" | "removed" | "screenshot" | "structured">;
  /** CSS selector; only what it matches is kept. null: the whole page. @default null */
  select?: string | null;
  /** CSS selectors; what they match is dropped first. @default [] */
  remove?: Array<string>;
  /** How links are written; `none` keeps their text. @default "inline" */
  links?: "inline" | "none" | "reference";
  /** How images are written; `alt` keeps their alternative text. @default "none" */
  images?: "alt" | "inline" | "none";
  /** Whether the main content begins with the page's headline: in markdown and HTML as the first heading, once. Plain text has it where the page has it among its content. @default true */
  headline?: boolean;
  /** How tables are written in markdown; `html` writes as HTML, without attributes but spans, those that a GFM table cannot say: with spans, or with lists, code or several paragraphs in a cell. @default "gfm" */
  tables?: "gfm" | "html";
  /** What writes the markdown. @default "native" */
  renderer?: "markdownify" | "native";
  /** Tokenizer of all counts: an encoding, a model of OpenAI's, or a local model that the gateway serves (`local`), by its own vocabulary. @default "o200k_base" */
  tokenizer?: string;
  /** Tokens of content to return at most, cut between blocks. null: all. @default null */
  max_tokens?: number | null;
  /** A question or some words: of a page longer than `max_tokens`, the parts that share most with them are kept, below their headings, in the order of the page; `outline` names the sections left out. null: the page from its beginning. @default null */
  focus?: string | null;
  /** `next_cursor` of an earlier answer: continue there, over the same snapshot. @default null */
  cursor?: string | null;
  /** Seconds; a cached page up to this old will do. 0 asks the origin anew. @default 3600 */
  max_age_s?: number;
  /** Seconds: how old the copy that `changes` compares with is at least; where none is, the oldest does. Copies are kept for 30 days at most. null: the copy before this one. @default null */
  changes_age_s?: number | null;
  /** Whether the page may be kept in the cache. @default true */
  store?: boolean;
  /** Seconds the fetch may take, redirects and body included; at most 300. null: the gateway's setting `FETCH_TIMEOUT_S`. @default null */
  timeout_s?: number | null;
  /** Headers for the origin; such a request has cache entries of its own. @default {} */
  headers?: Record<string, string>;
  /** When to run the page's scripts in a browser, where one is installed. `auto`: when the page has no text without them, and when `wait_for`, `actions`, `screenshot` or `pdf` is asked for. @default "auto" */
  render?: "always" | "auto" | "never";
  /** What the browser waits for before it reads the page: a CSS selector that matches, or milliseconds. @default null */
  wait_for?: string | number | null;
  /** What is done in the browser, one after the other, before it reads. @default [] */
  actions?: Array<Wait | Scroll | Click | Write | Press>;
  /** Absolute http(s) address of the page; with `html`, its base address, which is not fetched. @default null */
  url?: string | null;
  /** The page itself, instead of fetching it. @default null */
  html?: string | null;
}

/** The answer of `POST /v1/scrape`. Optional parts are absent unless `include` names them. */
export interface ScrapeResponse {
  /** Identifier of this answer. */
  id: string;
  /** The address that was asked for; null when `html` came alone. */
  url: string | null;
  /** The address after redirects. */
  final_url: string | null;
  /** HTTP status of the origin; null when nothing was fetched. */
  status: number | null;
  /** Media type of the page as received. */
  content_type: string;
  /** The page's title. */
  title: string | null;
  /** The page in the format asked for. */
  content: string;
  /** What the page says of itself. */
  metadata: Metadata;
  /** Exact counts before and after. */
  tokens: TokenReport;
  /** 0 to 1: how sure the choice of the main content is; null for scope `page`. */
  confidence: number | null;
  /** Where to continue; null at the end. */
  next_cursor: string | null;
  /** The headings, with the tokens of each section; empty unless `include` names it, with `focus` those that were left out. */
  outline: Array<Section>;
  /** Where the page came from. */
  cache: CacheReport;
  /** Milliseconds of each stage. */
  timings: ScrapeTimings;
  /** What the caller should know of this result. */
  warnings: Array<Notice>;
  /** The content's links, if `include` names them. */
  links?: Array<Link>;
  /** The content's images, if `include` names them. */
  images?: Array<Image>;
  /** JSON-LD, microdata and OpenGraph of the page, if `include` names them. */
  structured?: Array<Record<string, unknown>>;
  /** The content in pieces of bounded size, if `include` names them. */
  chunks?: Array<Chunk>;
  /** The page's blocks in order, at most 5,000, kept and left out, if `include` names them: text by others, some of it hidden, to be shown to people and to no model. */
  removed?: Array<JudgedBlock>;
  /** What changed since an earlier copy, if `include` names it. */
  changes?: PageChanges;
  /** `content` as HTML, the same piece of it, if `include` names it. */
  html?: string;
  /** The whole page as received, decoded, if `include` names it; of a file that is no text, such as a PDF, the text in it. */
  raw_html?: string;
  /** What a browser did, where one was asked for. */
  render?: RenderReport;
  /** The whole page as a PNG image, in base64, if `include` names it. */
  screenshot?: string;
  /** The page printed as PDF, in base64, if `include` names it. */
  pdf?: string;
}

/** Wall-clock milliseconds of each stage; a stage that did not run is 0. */
export interface ScrapeTimings {
  /** Milliseconds of the fetch. */
  fetch_ms: number;
  /** Milliseconds of cleaning. */
  clean_ms: number;
  /** Milliseconds of counting. */
  count_ms: number;
  /** Milliseconds of rendering in a browser. */
  render_ms: number;
  /** Milliseconds of the whole request. */
  total_ms: number;
}

/** Scroll to the end of the page and wait for what it loads then; or bring an element into view. */
export interface Scroll {
  /** Which of these it is. */
  type: "scroll";
  /** CSS selector of the element to bring into view. null: the page's end. @default null */
  selector?: string | null;
  /** How often; a list without end grows each time. @default 1 */
  times?: number;
}

/** `POST /v1/search`: what to search for, and whether to read what is found. */
export interface SearchRequest {
  /** What to search for. */
  query: string;
  /** Results at most. @default 5 */
  limit?: number;
  /** Language of the results, such as `de` or `pt-BR`, where the engine has it. null: any. @default null */
  language?: string | null;
  /** How old a page may be, where the engine has it. null: any age. @default null */
  time_range?: "day" | "month" | "week" | "year" | null;
  /** How to read the pages, as in `POST /v1/scrape`. null: not read. @default null */
  scrape?: ScrapeOptions | null;
  /** Tokens of content of all pages together, shared among them; asks for reading them. @default null */
  max_tokens?: number | null;
}

/** The answer of `POST /v1/search`. */
export interface SearchResponse {
  /** What was searched for. */
  query: string;
  /** The engine: `searxng`, `brave` or `tavily`. */
  provider: string;
  /** The pages, in the engine's order. */
  results: Array<SearchResult>;
  /** What the caller should know of this result. */
  warnings: Array<Notice>;
}

/** A page that was found; `page` or `error` where pages are read. */
export interface SearchResult {
  /** Its address. */
  url: string;
  /** Its title, as the engine has it. */
  title: string;
  /** A passage of it, as the engine has it. */
  snippet: string;
  /** Its date, as the engine has it. */
  published: string | null;
  /** The page, as `POST /v1/scrape` answers; without content where the budget is spent. */
  page?: ScrapeResponse;
  /** Why it could not be read. */
  error?: JobError;
}

/** One heading of the outline; `tokens` counts its section, sub-sections not included. */
export interface Section {
  /** The heading's text. */
  heading: string;
  /** 1 to 6. */
  level: number;
  /** Tokens of the section, sub-sections not included. */
  tokens: number;
  /** Send it as `cursor` to start there. */
  cursor: string;
}

/** The event `source`: a page is here; all come before the first `delta`. */
export interface SourceEvent {
  /** The page's address; null for inline content. */
  url: string | null;
  /** The page's title. */
  title: string | null;
  /** Exact counts before and after. */
  tokens: TokenReport;
  /** Where the page came from. */
  cache: CacheReport;
  /** Number of the source, from 0. */
  index: number;
}

/** Exact counts by `tokenizer`: the page's HTML as received, its whole content, and what of it was returned. */
export interface TokenReport {
  /** The tokenizer the counts are true of. */
  tokenizer: string;
  /** Tokens of the page as received, also where the content is made of the site's own markdown, which the page links to. */
  html: number;
  /** Tokens of the page's whole content by the same options, but without `select`, `focus`, `max_tokens` and `cursor`. */
  full: number;
  /** Tokens of the content returned. */
  content: number;
  /** Tokens that cleaning saved: `html` less `full`, the same for each piece of a page. What a budget or `select` leaves out is not saved. */
  saved: number;
  /** `saved` / `html`; 0 when there was nothing to save. */
  reduction: number;
}

/** `POST /v1/tokens`: exactly one of `text` and `messages`. */
export interface TokensRequest {
  /** The text to count. @default null */
  text?: string | null;
  /** The conversation to count, with what the chat format adds to each message: OpenAI's, or for a local model its template. @default null */
  messages?: Array<ChatMessage> | null;
  /** An encoding, a model of OpenAI's, or a local model that the gateway serves (`local`), by its own vocabulary. @default "o200k_base" */
  tokenizer?: string;
}

/** An exact count and the tokenizer it is true of. */
export interface TokensResponse {
  /** The tokenizer the count is true of. */
  tokenizer: string;
  /** The count. */
  tokens: number;
}

/** Wait for a time, for an element, or, with neither, until the page is quiet. */
export interface Wait {
  /** Which of these it is. */
  type: "wait";
  /** Milliseconds to wait. @default null */
  ms?: number | null;
  /** CSS selector of the element to wait for. @default null */
  selector?: string | null;
}

/** Where a job's events are sent, signed as https://www.standardwebhooks.com describes. */
export interface Webhook {
  /** Address that the events are posted to; it has to be public. */
  url: string;
  /** Which events are sent: `started`, `page`, `completed`, `failed`. */
  events?: Array<"completed" | "failed" | "page" | "started">;
  /** Signs the events. null: the gateway's setting `WEBHOOK_SECRET`; without one they are unsigned. @default null */
  secret?: string | null;
  /** Headers of each request, such as Authorization; not those that the gateway sets. @default {} */
  headers?: Record<string, string>;
  /** Comes back with each event as `metadata`; at most 16 KiB of JSON. @default {} */
  metadata?: Record<string, unknown>;
  /** Whose words the events are in: the gateway's own, or Firecrawl's. @default "winnow" */
  format?: "firecrawl-v1" | "firecrawl-v2" | "winnow";
}

/** Write text into an element. */
export interface Write {
  /** Which of these it is. */
  type: "write";
  /** What to write. */
  text: string;
  /** CSS selector of the element. null: the one that has the focus. @default null */
  selector?: string | null;
}
