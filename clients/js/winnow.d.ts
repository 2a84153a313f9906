import type {
  BatchRequest, CrawlRequest, DeltaEvent, ErrorCode, EvidenceEvent, ExtractDone, ExtractRequest, ExtractResponse,
  JobCreated, JobReport, JobResult, MapRequest, MapResponse, ModelEntry, Readiness, ScrapeOptions, ScrapeRequest, ScrapeResponse,
  SearchRequest, SearchResponse, SourceEvent, TokensRequest, TokensResponse,
} from "./api.js";

export type * from "./api.js";

export interface ClientOptions {
  /** The gateway's address. Absent: WINNOW_URL, then in a browser the page's own origin, else http://127.0.0.1:8000. */
  url?: string | URL;
  /** Absent: WINNOW_API_KEY. */
  apiKey?: string;
  /** How often a call is sent when the gateway answers 429 or 503, at least 1. @default 3 */
  tries?: number;
  /** What to send with instead of the global `fetch`, for proxies or longer waiting times. */
  fetch?: typeof globalThis.fetch;
}

/** What every call takes beside the fields of its request. */
export interface CallOptions {
  /** Ends the call; its reason is what the call is rejected with. `AbortSignal.timeout(5000)` gives it five seconds. */
  signal?: AbortSignal;
}

export interface JobCallOptions extends CallOptions {
  /** A call with the same one finds the job of the first. Absent: one of its own. */
  idempotencyKey?: string;
}

/** What the gateway answered, or why it did not. What a signal ends is rejected with the signal's reason instead. */
export class WinnowError extends Error {
  constructor(
    code: ErrorCode | (string & {}),
    message: string,
    facts?: {
      status?: number;
      retryAfterS?: number | null;
      requestId?: string | null;
      extra?: Record<string, unknown>;
      cause?: unknown;
    },
  );
  /** Stable; docs/api.md lists them. `gateway_unreachable` is this client's own: no gateway answers at the address. */
  readonly code: ErrorCode | (string & {});
  /** HTTP status. */
  readonly status: number;
  /** Seconds that the gateway asks to wait. */
  readonly retryAfterS: number | null;
  /** Finds the request in the gateway's log. */
  readonly requestId: string | null;
  /** Facts about the error, such as both counts of a context overflow. */
  readonly extra: Record<string, unknown>;
}

/** An event of a streamed extraction; `done` is the last. */
export type ExtractEvent<Data = unknown> =
  | ({ type: "source" } & SourceEvent)
  | ({ type: "delta" } & DeltaEvent)
  | ({ type: "evidence" } & EvidenceEvent)
  | ({ type: "done" } & With<Data, ExtractDone>);

/** A batch or crawl. Iterate for its results, in the order of their coming, until it ends; lost connections are made again. */
export interface Job<Data = unknown> extends AsyncIterable<Omit<JobResult, "data"> & { data?: Data }> {
  /** The job's identifier; reading it before the job is created is an error. */
  readonly id: string;
  /** Number of the last result that came; `client.job(id, { after: seq })` goes on there. */
  readonly seq: number;
  /** Create the job, unless that was done; iterating does it too. */
  start(): Promise<this>;
  /** How far the job is. */
  report(options?: CallOptions): Promise<JobReport>;
  /** End the job; what it has read stays until it expires. */
  cancel(options?: CallOptions): Promise<JobReport>;
}

/**
 * A connection to one gateway. First argument: an address (query, text), or the fields of the whole request. Options: further
 * fields of the request, and `signal`. Every call is rejected with a WinnowError, or with the reason of `signal`.
 */
export class Client {
  constructor(options?: ClientOptions);

  /** Fetch and clean a page. */
  scrape(page: Subject<ScrapeRequest>, options?: Options<ScrapeRequest>): Promise<ScrapeResponse>;

  /** The pieces of a long page, each of at most `max_tokens`, from `cursor` on. */
  pages(page: Subject<ScrapeRequest>, options?: Options<ScrapeRequest>): AsyncGenerator<ScrapeResponse, void>;

  /** Scrape many pages, `concurrency` (8) at a time; what came of each stands in its place, an error too. */
  scrapeMany(
    urls: Addresses | AsyncIterable<string | URL>,
    options?: ScrapeOptions & CallOptions & { concurrency?: number },
  ): AsyncGenerator<ScrapeResponse | WinnowError, void>;

  /** Ask about pages: `data` validates against `schema`. With `stream`, the events as they come. */
  extract<Data = unknown>(
    page: Subject<ExtractRequest>,
    options: Options<ExtractRequest> & { stream: true },
  ): AsyncGenerator<ExtractEvent<Data>, void>;
  extract<Data = unknown>(
    request: ExtractRequest & CallOptions & { stream: true },
  ): AsyncGenerator<ExtractEvent<Data>, void>;
  extract<Data = unknown>(
    page: Subject<ExtractRequest & { stream?: false }>,
    options?: Options<ExtractRequest> & { stream?: false },
  ): Promise<With<Data, ExtractResponse>>;

  /** Count tokens exactly. */
  tokens(text: string | (TokensRequest & CallOptions), options?: Options<TokensRequest>): Promise<TokensResponse>;

  /** Every model that can be asked for. */
  models(options?: CallOptions): Promise<ModelEntry[]>;

  /** What the gateway depends on, also when it is not ready. */
  health(options?: CallOptions): Promise<Readiness>;

  /** The addresses of a site. */
  map(url: Subject<MapRequest>, options?: Options<MapRequest>): Promise<MapResponse>;

  /** Search the web, and read what is found if asked. */
  search(query: string | (SearchRequest & CallOptions), options?: Options<SearchRequest>): Promise<SearchResponse>;

  /** Read a site, from one address on. The job is created with its first use. */
  crawl<Data = unknown>(url: Subject<CrawlRequest, JobCallOptions>, options?: Options<CrawlRequest, JobCallOptions>): Job<Data>;

  /** Read pages by their addresses. The job is created with its first use. */
  batch<Data = unknown>(urls: Urls, options?: Options<BatchRequest, JobCallOptions>): Job<Data>;

  /** Create a crawl and leave it to the gateway; `job` finds it by its id. */
  startCrawl(url: Subject<CrawlRequest, JobCallOptions>, options?: Options<CrawlRequest, JobCallOptions>): Promise<JobCreated>;

  /** Create a batch and leave it to the gateway; `job` finds it by its id. */
  startBatch(urls: Urls, options?: Options<BatchRequest, JobCallOptions>): Promise<JobCreated>;

  /** A job by its identifier; `after`: number of the last result that is not wanted again. */
  job<Data = unknown>(id: string, options?: CallOptions & { after?: number }): Job<Data>;

  /** The jobs of this key, the newest first; `limit` (100) of them. */
  jobs(options?: CallOptions & { limit?: number }): Promise<JobReport[]>;
}

type Options<Request, Own = CallOptions> = Partial<Request> & Own;
type Subject<Request, Own = CallOptions> = string | URL | (Request & Own);
// a text is iterable too, and no list of addresses
type Addresses = Iterable<string | URL> & object;
type Urls = Addresses | (BatchRequest & JobCallOptions);
type With<Data, Answer> = Omit<Answer, "data"> & { data: Data };

/** A client that WINNOW_URL and WINNOW_API_KEY say where to; they are read at each call. */
declare const sdk: Client;
export default sdk;
