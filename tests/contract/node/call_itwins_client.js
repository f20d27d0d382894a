// Calls one method of @itwin/itwins-client, or names all of its methods. A request on stdin, the outcome on stdout:
// {"url", "token", "method", "arguments"} -> {"answer", "requests"}, and {} -> {"methods"}.
"use strict";

const { readFileSync } = require("node:fs");
const { dirname } = require("node:path");

const entry = require.resolve("@itwin/itwins-client");
const { ITwinsAccessClient } = require(entry);
const axios = require(require.resolve("axios", { paths: [dirname(entry)] }));

// What sends requests is asynchronous, what helps it is not.
const AsyncFunction = (async () => {}).constructor;
const methods = Object.entries(Object.getOwnPropertyDescriptors(ITwinsAccessClient.prototype))
  .filter(([, descriptor]) => descriptor.value instanceof AsyncFunction)
  .map(([name]) => name);

const requests = [];
axios.interceptors.request.use((config) => {
  requests.push({ method: config.method.toUpperCase(), url: config.url, headers: { ...config.headers } });
  return config;
});

async function main() {
  const asked = JSON.parse(readFileSync(0, "utf8"));
  if (asked.method === undefined) return { methods };
  const client = new ITwinsAccessClient(`${asked.url}/itwins`);
  const answer = await client[asked.method](`Bearer ${asked.token}`, ...asked.arguments);
  return { answer, requests };
}

main().then((outcome) => process.stdout.write(JSON.stringify(outcome)));
