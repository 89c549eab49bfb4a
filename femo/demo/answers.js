// Keeps the answers to what is sent just as the page's stream of answers ends. Gradio's server ends the stream once nobody waits for an
// answer, and says so in it. A receipt that overtakes this word on the way lets Gradio's page believe that the stream goes on: it opens
// no other, and what was sent is never answered. Here the word is passed on only when nothing waits; else the stream is opened again.
(() => {
  const real = window.fetch.bind(window), encoder = new TextEncoder();
  const HEAD = /^data: ?\{"msg":"(\w+)"(?:,"event_id":"(\w+)")?/;
  const sending = new Set(); // promises of receipts
  const waiting = new Set(), early = new Set(); // events with a receipt and no answer, events with an answer and no receipt
  window.fetch = async (input, init) => {
    const path = new URL(input.url ?? input, document.baseURI).pathname;
    if (path.endsWith("/queue/join")) return sent(input, init);
    return path.endsWith("/queue/data") ? stream(input, init) : real(input, init);
  };
  function sent(...request) {
    const receipt = real(...request).then(async (answer) => {
      const { event_id: event } = answer.ok ? await answer.clone().json() : {};
      if (event && !early.delete(event)) waiting.add(event);
      return answer;
    });
    const known = receipt.catch(() => {}).then(() => sending.delete(known));
    sending.add(known);
    return receipt;
  }
  async function stream(...request) {
    let reader = null, rest = "";
    const open = async () => {
      reader?.cancel().catch(() => {});
      const answer = await real(...request);
      rest = "";
      reader = answer.ok ? answer.body.pipeThrough(new TextDecoderStream()).getReader() : null;
      return answer;
    };
    const first = await open();
    if (!reader) return first;
    // tells whether anyone waits, as soon as it is known of what is on its way
    const awaited = async () => {
      while (!waiting.size && sending.size) await Promise.race(sending);
      return waiting.size > 0;
    };
    // passes a message on, and tells whether it did
    async function pass(message, out) {
      const [, kind, event] = HEAD.exec(message) ?? [];
      if (kind === "process_completed" && !waiting.delete(event)) early.add(event);
      const last = kind === "close_stream";
      if (last && (await awaited())) {
        if (!(await open()).ok) throw new Error("the stream of answers did not open again");
        return false;
      }
      out.enqueue(encoder.encode(`${message}\n\n`));
      if (last) out.close();
      return true;
    }
    async function pull(out) {
      for (let passed = false; !passed;) {
        const { done, value } = await reader.read();
        if (done) {
          waiting.clear(); // it broke off: the server has dropped them
          return out.close();
        }
        let from = Math.max(0, rest.length - 1), end;
        rest += value;
        while ((end = rest.indexOf("\n\n", from)) >= 0) {
          const message = rest.slice(0, end);
          rest = rest.slice(end + 2);
          from = 0;
          passed = (await pass(message, out)) || passed;
        }
      }
    }
    const body = new ReadableStream({
      pull: (out) => pull(out).catch((error) => { waiting.clear(); throw error; }),
      cancel: (reason) => { waiting.clear(); return reader.cancel(reason); },
    });
    return new Response(body, { status: first.status, headers: first.headers });
  }
})();
