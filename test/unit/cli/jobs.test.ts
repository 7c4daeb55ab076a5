import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { ssiu } from "./ssiu.ts";

let server: Server | undefined;

afterEach(() => {
  server?.close();
});

async function serve(answer: RequestListener): Promise<string> {
  const listening = createServer(answer);
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

const dead = (where: string) => ssiu("jobs", "dead", "--server", where, "--token", "t");

test.each(["", "/", "/edge", "/edge/"])("asks the Worker at http://host%s", async (path) => {
  const asked: string[] = [];
  const where = await serve((request, response) => {
    asked.push(`${request.headers.authorization} ${request.url}`);
    response.end(JSON.stringify({ jobs: ["a", "b"] }));
  });
  expect(await dead(`${where}${path}`)).toEqual({ code: 0, stdout: "a\nb\n", stderr: "" });
  expect(asked).toEqual([`Bearer t ${path.replace(/\/$/, "")}/v1/jobs?state=dead`]);
});

test("asks for those that failed", async () => {
  const where = await serve((request, response) => {
    response.end(JSON.stringify({ jobs: [request.url] }));
  });
  const stdout = "/v1/jobs?state=failed\n";
  expect(await ssiu("jobs", "failed", "--server", where, "--token", "t")).toEqual({ code: 0, stdout, stderr: "" });
});

test.each([
  ["a proxy's error page", 502, "text/html", "<html>", "/v1/jobs?state=dead: 502 Bad Gateway"],
  ["nothing", 503, "text/plain", "", "/v1/jobs?state=dead: 503 Service Unavailable"],
  [
    "a problem",
    401,
    "application/problem+json",
    '{"detail": "Expected a token"}',
    "/v1/jobs?state=dead: Expected a token",
  ],
  [
    "a page",
    200,
    "text/html",
    "<html>",
    '/v1/jobs?state=dead: Expected the answer of a Worker for --server, got "200 OK, text/html"',
  ],
  [
    "JSON of another program",
    200,
    "application/json",
    "[]",
    '/v1/jobs?state=dead: Expected the answer of a Worker for --server, got "200 OK, application/json"',
  ],
])("says what was answered: %s", async (_, status, type, body, message) => {
  const where = await serve((_request, response) => {
    response.writeHead(status, { "Content-Type": type }).end(body);
  });
  expect(await dead(where)).toEqual({ code: 1, stdout: "", stderr: `error: ${message}\n` });
});

test.each(["dead", "replay"])("says that %s has no token", async (command) => {
  const stderr = "error: Expected a token for --token or SSIU_TOKEN, got nothing\n";
  expect(await ssiu("jobs", command)).toEqual({ code: 2, stdout: "", stderr });
});

test("takes no other URL for a server", async () => {
  const stderr = 'error: Expected an http(s) URL for --server, got "localhost:8787"\n';
  expect(await dead("localhost:8787")).toEqual({ code: 2, stdout: "", stderr });
});
