import { createServer, type RequestListener, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { freePort } from "../../free-port.ts";
import { listen } from "../../listen.ts";
import { ssiu, ssiuWith } from "./ssiu.ts";

let server: Server | undefined;

afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

async function serve(answer: RequestListener): Promise<string> {
  server = createServer(answer);
  return await listen(server);
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

test("asks page by page, where and with the token that the variables say", async () => {
  const where = await serve(({ url, headers }, response) => {
    const cursor = new URL(url ?? "", "http://localhost").searchParams.get("cursor");
    const page = cursor === null ? { jobs: ["a"], cursor: "1&2" } : { jobs: [`${cursor} ${headers.authorization}`] };
    response.end(JSON.stringify(page));
  });
  const said = await ssiuWith({ SSIU_SERVER: where, SSIU_TOKEN: "t" }, "jobs", "dead");
  expect(said).toEqual({ code: 0, stdout: "a\n1&2 Bearer t\n", stderr: "" });
});

test("follows no redirect with its token", async () => {
  const where = await serve(({ url }, response) => {
    if (url === "/elsewhere") response.end(JSON.stringify({ jobs: ["a"] }));
    else response.writeHead(302, { Location: "/elsewhere" }).end();
  });
  expect(await dead(where)).toEqual({ code: 1, stdout: "", stderr: "error: /v1/jobs?state=dead: 302 Found\n" });
});

test("gives up on an answer that stops in the middle, garbage collected or not", async () => {
  const where = await serve((_request, response) => {
    response.write('{"jobs": [');
  });
  // Timeouts run thirty times as fast.
  const hurry = `
    import { setFlagsFromString } from "node:v8"; import { runInNewContext } from "node:vm";
    setFlagsFromString("--expose-gc"); setInterval(runInNewContext("gc"), 50).unref();
    const timeout = AbortSignal.timeout.bind(AbortSignal); AbortSignal.timeout = (ms) => timeout(ms / 30);`;
  const env = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(hurry)}` };
  const reason = "The operation was aborted due to timeout";
  const stderr = `error: Expected a Worker that answers for --server, got "${where}": ${reason}\n`;
  const said = await ssiuWith(env, "jobs", "dead", "--server", where, "--token", "t");
  expect(said).toEqual({ code: 1, stdout: "", stderr });
});

test("replays the jobs that are named, the others too where one cannot be", async () => {
  const asked: string[] = [];
  const where = await serve(({ method, url }, response) => {
    asked.push(`${method} ${url}`);
    if (url?.includes("bad")) response.writeHead(409).end('{"detail": "Expected a job that failed"}');
    else response.end(JSON.stringify({ id: url?.split("/")[3], state: "queued" }));
  });
  expect(await ssiu("jobs", "replay", "bad", "a/b", "--server", where, "--token", "t")).toEqual({
    code: 1,
    stdout: "a%2Fb queued\n",
    stderr: "error: /v1/jobs/bad/replay: Expected a job that failed\n",
  });
  expect(asked).toEqual(["POST /v1/jobs/bad/replay", "POST /v1/jobs/a%2Fb/replay"]);
});

test("replays all that are dead where none is named", async () => {
  const where = await serve(({ url }, response) => {
    response.end(JSON.stringify(url === "/v1/jobs?state=dead" ? { jobs: ["a"] } : { id: "a", state: "queued" }));
  });
  const stdout = "a queued\n";
  expect(await ssiu("jobs", "replay", "--server", where, "--token", "t")).toEqual({ code: 0, stdout, stderr: "" });
});

test.each([
  ["dead", []],
  ["replay", ["a"]],
])("says of %s which Worker does not answer, and why", async (command, ids) => {
  const port = await freePort();
  const where = `http://127.0.0.1:${port}`;
  const reason = `fetch failed: connect ECONNREFUSED 127.0.0.1:${port}`;
  const stderr = `error: Expected a Worker that answers for --server, got "${where}": ${reason}\n`;
  const said = await ssiu("jobs", command, ...ids, "--server", where, "--token", "t");
  expect(said).toEqual({ code: 1, stdout: "", stderr });
});

test("prints the jobs whole, the others too where one is forgotten meanwhile", async () => {
  const error = { code: "source_not_found", detail: "…" };
  const where = await serve(({ url }, response) => {
    if (url?.includes("?")) response.end('{"jobs": ["a", "b", "c"]}');
    else if (url === "/v1/jobs/b") response.writeHead(404).end('{"detail": "Expected the id of a job"}');
    else response.end(JSON.stringify({ id: url?.at(-1), state: "failed", error }));
  });
  expect(await ssiu("jobs", "failed", "--json", "--server", where, "--token", "t")).toEqual({
    code: 1,
    stdout: ["a", "c"].map((id) => `${JSON.stringify({ id, state: "failed", error })}\n`).join(""),
    stderr: "error: /v1/jobs/b: Expected the id of a job\n",
  });
});

test.each(["failed", "undelivered"])("asks for those that are %s", async (list) => {
  const where = await serve((request, response) => {
    response.end(JSON.stringify({ jobs: [request.url] }));
  });
  const stdout = `/v1/jobs?state=${list}\n`;
  expect(await ssiu("jobs", list, "--server", where, "--token", "t")).toEqual({ code: 0, stdout, stderr: "" });
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
  [
    "nothing, of no type",
    200,
    undefined,
    "",
    '/v1/jobs?state=dead: Expected the answer of a Worker for --server, got "200 OK, no type"',
  ],
])("says what was answered: %s", async (_, status, type, body, message) => {
  const where = await serve((_request, response) => {
    response.writeHead(status, type === undefined ? {} : { "Content-Type": type }).end(body);
  });
  expect(await dead(where)).toEqual({ code: 1, stdout: "", stderr: `error: ${message}\n` });
});

test.each(["dead", "replay"])("says that %s has no token", async (command) => {
  const stderr = "error: Expected a token for --token or SSIU_TOKEN, got nothing\n";
  expect(await ssiu("jobs", command)).toEqual({ code: 2, stdout: "", stderr });
});

test.each(["", "a b", "a\nb"])("takes no token %j, and does not repeat it", async (token) => {
  const stderr = "error: Expected a token, printable and without spaces, for --token or SSIU_TOKEN\n";
  expect(await ssiuWith({ SSIU_TOKEN: token }, "jobs", "dead")).toEqual({ code: 2, stdout: "", stderr });
});

test("takes no other URL for a server", async () => {
  const stderr = 'error: Expected an http(s) URL for --server, got "localhost:8787"\n';
  expect(await dead("localhost:8787")).toEqual({ code: 2, stdout: "", stderr });
});
