import { type Request, Response } from "miniflare";

/** A body that begins at once and goes on when `until` is settled. */
export function slowBody(bytes: Uint8Array, until: Promise<unknown>): ReadableStream {
  return new ReadableStream({
    async start(controller) {
      controller.enqueue(bytes.slice(0, 20));
      await until;
      controller.enqueue(bytes.slice(20));
      controller.close();
    },
  });
}

/** Servers that answer as told by host and path, and what they were asked for. */
export function createInternet() {
  const pages = new Map<string, (request: Request, nth: number) => Response | Promise<Response>>();
  const asked: string[] = [];
  return {
    /** URLs, in the order in which they were asked for. */
    asked,
    timesAsked: (url: string) => asked.filter((other) => other === url).length,
    /** @param page - gets how often it was asked for before. */
    serve(url: string, page: (request: Request, nth: number) => Response | Promise<Response>): void {
      pages.set(url, page);
    },
    answer(request: Request): Response | Promise<Response> {
      const { url } = request;
      const nth = asked.filter((other) => other === url).length;
      asked.push(url);
      return pages.get(url)?.(request, nth) ?? new Response("no such page", { status: 404 });
    },
  };
}
