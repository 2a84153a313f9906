// Calls of Vercel's `ai` through each of its providers that this gateway speaks to; prints what came of each as JSON.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embedMany, generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const [gateway] = process.argv.slice(2);
const settings = (apiKey) => ({ name: "winnow", baseURL: `${gateway}/v1`, apiKey, supportsStructuredOutputs: true });
const openai = createOpenAI(settings("open-sesame"));
const models = {
  chat: openai.chat("m"),
  responses: openai.responses("m"),
  compatible: createOpenAICompatible(settings("open-sesame"))("m"),
  anthropic: createAnthropic(settings("open-sesame"))("m"),
};
const weather = tool({
  description: "The weather of a city.",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `${city}: 5 degrees`,
});
const product = Output.object({ schema: z.object({ name: z.string(), price: z.number() }) });

async function use(model) {
  const whole = await generateText({ model, prompt: "Hello", maxRetries: 0 });
  const streamed = streamText({ model, prompt: "Hello" });
  const pieces = [];
  for await (const piece of streamed.textStream) pieces.push(piece);
  const called = await generateText({
    model, prompt: "How is the weather?", tools: { weather }, stopWhen: stepCountIs(3),
  });
  const streamedCall = streamText({
    model, prompt: "How is the weather?", tools: { weather }, stopWhen: stepCountIs(3),
  });
  const object = await generateText({ model, prompt: "kettle", output: product });
  const failures = [];
  await generateText({ model, prompt: "busy", maxRetries: 0 }).catch((error) => failures.push(error.statusCode));
  const broken = streamText({ model, prompt: "break", maxRetries: 0, onError: () => {} });
  for await (const part of broken.stream) if (part.type === "error") failures.push("error in the stream");
  return {
    text: whole.text,
    usage: [whole.usage.inputTokens, whole.usage.outputTokens],
    streamed: [pieces.join(""), await streamed.finishReason],
    steps: [called.steps.length, called.steps[0].toolCalls[0].input, called.text],
    streamedSteps: [(await streamedCall.steps).length, await streamedCall.text],
    object: object.output,
    failures,
  };
}

const came = {};
for (const [name, model] of Object.entries(models)) came[name] = await use(model);
came.wrongKey = await generateText({ model: createOpenAI(settings("wrong")).chat("m"), prompt: "Hello" }).catch((error) => [
  error.statusCode, error.message,
]);
console.log(JSON.stringify(came));
