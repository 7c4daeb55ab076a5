import { type Request, Response } from "miniflare";

/** A body that begins at once and continues when `until` resolves. */
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

/** Fake servers whose answers are set by URL, and the URLs they were asked for. */
export function createInternet() {
  const pages = new Map<string, (request: Request, nth: number) => Response | Promise<Response>>();
  const asked: string[] = [];
  return {
    /** The requested URLs, in order. */
    asked,
    timesAsked: (url: string) => asked.filter((other) => other === url).length,
    /** @param page - gets the number of earlier requests for the URL as `nth`. */
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
