// Every call of Firecrawl's JavaScript client against a gateway; prints what came of each as JSON.
import Firecrawl from "@mendable/firecrawl-js";

const [gateway, site] = process.argv.slice(2);
const client = new Firecrawl({ apiKey: "ann-secret", apiUrl: gateway });
const schema = { type: "object", properties: { sku: { type: "string" } }, required: ["sku"] };

const scraped = await client.scrape(`${site}/product`, { formats: ["markdown", { type: "json", schema }] });
const batch = await client.batchScrape([`${site}/one`, `${site}/missing`], { pollInterval: 1 });
const crawled = await client.crawl(`${site}/`, { sitemap: "skip", pollInterval: 1 });
const mapped = await client.map(`${site}/`, { sitemap: "skip" });
const found = await client.search("go");
const extracted = await client.extract({ urls: [`${site}/product`], schema });
const started = await client.startBatchScrape([`${site}/held/never/a`]);
const failures = [];
for (const call of [
  () => client.scrape(site, { skipTlsVerification: true }),
  () => client.getCrawlStatus("none"),
  () => new Firecrawl({ apiKey: "nobody", apiUrl: gateway }).scrape(site),
]) {
  await call().catch((error) => failures.push(error.status));
}
const came = {
  scrape: scraped.json,
  batch: [batch.status, batch.data.length],
  crawl: crawled.data.map((page) => page.metadata.title).sort(),
  errors: (await client.getCrawlErrors(crawled.id)).errors.length,
  map: mapped.links.length,
  search: found.web.length,
  extract: extracted.data,
  cancel: await client.cancelBatchScrape(started.id),
  failures,
};
console.log(JSON.stringify(came));
