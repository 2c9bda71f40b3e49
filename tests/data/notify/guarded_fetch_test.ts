import { guardedFetch, type GuardedRequest } from "../../../data/notify/guarded_fetch.ts";
import { AddressRefused, TargetFault } from "../../../data/notify/target_fault.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { AUTHORITY, CERTIFICATE, CERTIFICATE_KEY } from "../../support/certificate.ts";
import { type RawPeer, startRawServer } from "../../support/raw_server.ts";

/** A request to a server of this machine under a name. */
function request(changes: Partial<GuardedRequest> = {}): GuardedRequest {
  return {
    method: "POST",
    headers: {},
    body: new TextEncoder().encode("{}"),
    timeoutMs: 20_000,
    maxAnswerBytes: 1_024,
    allowPrivate: true,
    signal: new AbortController().signal,
    resolve: () => Promise.resolve(["127.0.0.1"]),
    ...changes,
  };
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** A script that waits for the whole request and then sends parts. */
function answers(...parts: (string | Uint8Array)[]): (peer: RawPeer) => Promise<void> {
  return async (peer) => {
    await peer.until("\r\n\r\n{}");
    for (const part of parts) await peer.send(part);
  };
}

/** A script that answers and closes. */
function answersAndCloses(...parts: string[]): (peer: RawPeer) => Promise<void> {
  return async (peer) => {
    await answers(...parts)(peer);
    peer.close();
  };
}

/** Sends a request to a server with a script. */
async function send(
  script: (peer: RawPeer) => Promise<void> | void,
  changes: Partial<GuardedRequest> = {},
) {
  await using server = startRawServer(script);
  return await guardedFetch(`http://hooks.example:${server.port}/hook`, request(changes));
}

/** The fault of a request to a server with a script. */
async function faultOf(
  script: (peer: RawPeer) => Promise<void> | void,
  changes: Partial<GuardedRequest> = {},
): Promise<TargetFault> {
  return await assertRejects(() => send(script, changes), TargetFault);
}

Deno.test("guardedFetch() sends method, path, headers and body under the name", async () => {
  let received = "";
  await using server = startRawServer(async (peer) => {
    received = await peer.until("\r\n\r\n{}");
    await peer.send("HTTP/1.1 201 Created\r\nX-Id: 7\r\nContent-Length: 2\r\n\r\nok");
  });
  const url = `http://Hooks.Example:${server.port}/a/../hook?x=1#part`;
  const answer = await guardedFetch(url, request({ headers: { "webhook-id": "evt_1" } }));
  const [first, ...lines] = received.split("\r\n");
  assertEquals(first, "POST /hook?x=1 HTTP/1.1");
  const sent = lines.map((line) => line.toLowerCase());
  for (
    const line of [
      `host: hooks.example:${server.port}`,
      "webhook-id: evt_1",
      "content-length: 2",
      "connection: close",
    ]
  ) assert(sent.includes(line), received);
  assertEquals(answer.status, 201);
  assertEquals(answer.headers["x-id"], "7");
  assertEquals(text(answer.answer), "ok");
});

Deno.test("guardedFetch() sends the length of a body that is not there, except for GET", async () => {
  const cases: [GuardedRequest["method"], lengths: string[]][] = [
    ["POST", ["content-length: 0"]],
    ["PUT", ["content-length: 0"]],
    ["GET", []],
  ];
  for (const [method, lengths] of cases) {
    let received = "";
    await send(async (peer) => {
      received = await peer.until("\r\n\r\n");
      await peer.send("HTTP/1.1 204 No Content\r\n\r\n");
    }, { method, body: null });
    const lines = received.toLowerCase().split("\r\n");
    assertEquals(lines.filter((line) => line.startsWith("content-length")), lengths, method);
  }
});

Deno.test("guardedFetch() refuses headers that would change the request, before anything is sent", async () => {
  const refused: [name: string, value: string, why: string][] = [
    ["x\r\nHost", "other.example", "its name must be a token"],
    ["x y", "1", "its name must be a token"],
    ["x:", "1", "its name must be a token"],
    ["", "1", "its name must be a token"],
    ["é", "1", "its name must be a token"],
    ["Host", "other.example", "it belongs to the connection"],
    ["CONNECTION", "keep-alive", "it belongs to the connection"],
    ["Content-Length", "7", "it belongs to the connection"],
    ["transfer-encoding", "chunked", "it belongs to the connection"],
    ["x", "a\r\nHost: other.example", "it must be printable ASCII"],
    ["x", "é", "it must be printable ASCII"],
  ];
  for (const [name, value, why] of refused) {
    let received = "";
    const error = await assertRejects(
      () =>
        send(async (peer) => {
          received += await peer.until("\r\n");
        }, { headers: { [name]: value } }),
      TypeError,
    );
    assertEquals(error.message, `Cannot send a header as ${why}: ${JSON.stringify(name)}`);
    assertEquals(received, "");
  }
});

Deno.test("guardedFetch() connects to the address that was checked, whatever DNS says next", async () => {
  await using first = startRawServer(answers("HTTP/1.1 204 No Content\r\n\r\n"), {
    hostname: "127.0.0.2",
  });
  await using second = startRawServer(answers("HTTP/1.1 204 No Content\r\n\r\n"), {
    port: first.port,
  });
  const given = [["127.0.0.2"], ["127.0.0.1"], ["127.0.0.1"]];
  const resolve = () => Promise.resolve(given.shift() ?? []);
  await guardedFetch(`http://hooks.example:${first.port}/`, request({ resolve }));
  assertEquals([first.connections(), second.connections(), given.length], [1, 0, 2]);
});

Deno.test("guardedFetch() refuses a name if any of its addresses is not public", async () => {
  await using server = startRawServer(() => {});
  for (
    const addresses of [
      ["127.0.0.1"],
      ["8.8.8.8", "127.0.0.1"],
      ["127.0.0.1", "8.8.8.8"],
      ["::ffff:127.0.0.1"],
      ["2606:4700::1", "::1"],
      ["2130706433"],
      ["fd00:ec2::254"],
    ]
  ) {
    const refused = request({ allowPrivate: false, resolve: () => Promise.resolve(addresses) });
    await assertRejects(
      () => guardedFetch(`http://hooks.example:${server.port}/`, refused),
      AddressRefused,
      "hooks.example leads to ",
    );
  }
  assertEquals(server.connections(), 0);
});

Deno.test("guardedFetch() refuses addresses and names of this machine before DNS", async () => {
  await using server = startRawServer(() => {});
  const resolve = () => Promise.reject(new Error("resolved"));
  for (
    const host of ["127.0.0.1", "2130706433", "0x7f.1", "0177.1", "[::ffff:7f00:1]", "localhost"]
  ) {
    await assertRejects(
      () =>
        guardedFetch(`http://${host}:${server.port}/`, request({ allowPrivate: false, resolve })),
      AddressRefused,
    );
  }
  await assertRejects(() => guardedFetch("ftp://8.8.8.8/", request({ resolve })), AddressRefused);
  assertEquals(server.connections(), 0);
});

Deno.test("guardedFetch() resolves names as this machine does", async () => {
  const { resolve: _, ...own } = request();
  await using server = startRawServer(answers("HTTP/1.1 204 No Content\r\n\r\n"));
  const { status } = await guardedFetch(`http://localhost:${server.port}/`, own);
  assertEquals(status, 204);
  const unknown = await assertRejects(
    () => guardedFetch("http://hooks.invalid/", own),
    TargetFault,
  );
  assertEquals(unknown.code, "NAME_NOT_RESOLVED");
});

Deno.test("guardedFetch() follows no redirect", async () => {
  await using other = startRawServer(() => {});
  for (const status of [301, 302, 303, 307, 308]) {
    const answer = await send(
      answers(
        `HTTP/1.1 ${status} Moved\r\nLocation: http://127.0.0.1:${other.port}/\r\n` +
          "Content-Length: 0\r\n\r\n",
      ),
    );
    assertEquals(answer.status, status);
  }
  assertEquals(other.connections(), 0);
});

Deno.test("guardedFetch() tries the other addresses of a name when one cannot be reached", async () => {
  // Nobody listens at 127.0.0.3.
  const addresses = ["127.0.0.3", "::1", "127.0.0.1"];
  const { status } = await send(answers("HTTP/1.1 204 No Content\r\n\r\n"), {
    resolve: () => Promise.resolve(addresses),
  });
  assertEquals(status, 204);
});

Deno.test("guardedFetch() reads the beginning of an endless answer and closes", async () => {
  const answer = await send(async (peer) => {
    await answers("HTTP/1.1 200 OK\r\n\r\n")(peer);
    for (;;) await peer.send("x".repeat(10_000));
  }, { maxAnswerBytes: 1_024 });
  assertEquals(text(answer.answer), "x".repeat(1_024));
});

Deno.test("guardedFetch() leaves compressed answers as they are", async () => {
  const answer = await send(
    answers("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"),
  );
  assertEquals(text(answer.answer), "abc");
});

Deno.test("guardedFetch() takes an answer that comes before the request was read", async () => {
  const { status } = await send(async (peer) => {
    await peer.until("POST");
    await peer.send("HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n");
    peer.close();
  });
  assertEquals(status, 410);
});

Deno.test("guardedFetch() ends after its time at a server that hangs, at every step", async () => {
  const scripts: Record<string, (peer: RawPeer) => Promise<void> | void> = {
    silent: () => {},
    "half a head": answers("HTTP/1.1 200 OK\r\nContent-Le"),
    "a head that drips": async (peer) => {
      await answers("HTTP/1.1 200 OK\r\nX: ")(peer);
      for (;;) await drip(peer);
    },
  };
  for (const [name, script] of Object.entries(scripts)) {
    const fault = await faultOf(script, { timeoutMs: 100 });
    assertEquals([fault.code, fault.partial], ["TIMED_OUT", null], name);
  }
});

Deno.test("guardedFetch() shows what arrived of an answer that drips", async () => {
  const fault = await faultOf(async (peer) => {
    await answers("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")(peer);
    for (;;) await drip(peer);
  }, { timeoutMs: 1_000 });
  assertEquals([fault.code, fault.partial?.status], ["TIMED_OUT", 200]);
  assert(/^x+$/.test(text(fault.partial!.answer)));
  assertEquals(fault.message, "hooks.example did not end its answer within 1 s");
});

Deno.test("guardedFetch() ends after its time at a name server that hangs", async () => {
  const { promise, resolve: answer } = Promise.withResolvers<string[]>();
  const error = await assertRejects(
    () => guardedFetch("http://hooks.example/", request({ timeoutMs: 50, resolve: () => promise })),
    TargetFault,
  );
  assertEquals(error.code, "TIMED_OUT");
  answer(["127.0.0.1"]);
});

Deno.test("guardedFetch() ends at once when its signal is aborted, at every step", async () => {
  const scripts: Record<string, (abort: () => void) => (peer: RawPeer) => Promise<void> | void> = {
    connected: (abort) => abort,
    "request sent": (abort) => async (peer) => {
      await answers()(peer);
      abort();
    },
    "body begun": (abort) => async (peer) => {
      await answers("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")(peer);
      abort();
    },
  };
  for (const [name, script] of Object.entries(scripts)) {
    const controller = new AbortController();
    const stop = new Error("stopped");
    const error = await assertRejects(() =>
      send(script(() => controller.abort(stop)), { signal: controller.signal })
    );
    assertEquals(error, stop, name);
  }
  await assertRejects(
    () => send(() => {}, { signal: AbortSignal.abort(new Error("before")) }),
    Error,
    "before",
  );
});

Deno.test("guardedFetch() fails for answers that break off or break the rules of HTTP", async () => {
  const broken: Record<string, (peer: RawPeer) => Promise<void> | void> = {
    "closed at once": (peer) => peer.close(),
    "closed after the request": answersAndCloses(),
    "half a head": answersAndCloses("HTTP/1.1 200 OK\r\nContent-Le"),
    "no HTTP": answers("SSH-2.0-OpenSSH_9.2\r\n"),
    "HTTP/0.9": answersAndCloses("hello"),
    "two lengths": answers("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
    "endless header": async (peer) => {
      await answers("HTTP/1.1 200 OK\r\nX: ")(peer);
      for (;;) await peer.send("x".repeat(50_000));
    },
    "endless headers": async (peer) => {
      await answers("HTTP/1.1 200 OK\r\n")(peer);
      for (;;) await peer.send("X: y\r\n".repeat(5_000));
    },
    "endless interim answers": async (peer) => {
      await answers()(peer);
      for (;;) await peer.send("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100));
    },
  };
  for (const [name, script] of Object.entries(broken)) {
    const fault = await faultOf(script);
    assertEquals([fault.code, fault.partial], ["ANSWER_BROKEN", null], name);
  }
});

Deno.test("guardedFetch() shows the status of an answer whose body breaks off", async () => {
  const broken: Record<string, string[]> = {
    short: ["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"],
    "short chunk": ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"],
  };
  for (const [name, parts] of Object.entries(broken)) {
    const { code, partial } = await faultOf(answersAndCloses(...parts));
    assertEquals(
      [code, partial?.status, text(partial!.answer)],
      ["ANSWER_BROKEN", 200, "abc"],
      name,
    );
  }
  for (
    const answer of [
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
    ]
  ) assertEquals((await faultOf(answers(answer))).code, "ANSWER_BROKEN");
});

Deno.test("guardedFetch() says why nobody answers", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const cases: [Partial<GuardedRequest>, string, string][] = [
    [{}, "NOT_CONNECTED", `hooks.example:${port} cannot be reached`],
    [
      { resolve: () => Promise.reject(new Error("ENOTFOUND")) },
      "NAME_NOT_RESOLVED",
      "hooks.example cannot be resolved",
    ],
    [{ resolve: () => Promise.resolve([]) }, "NAME_NOT_RESOLVED", "hooks.example has no address"],
  ];
  for (const [changes, code, message] of cases) {
    const error = await assertRejects(
      () => guardedFetch(`http://hooks.example:${port}/`, request(changes)),
      TargetFault,
    );
    assertEquals([error.code, error.message], [code, message]);
  }
});

Deno.test("guardedFetch() verifies the certificate for the name, at the checked address", async () => {
  await using server = Deno.serve(
    { hostname: "0.0.0.0", port: 0, cert: CERTIFICATE, key: CERTIFICATE_KEY, onListen() {} },
    (received) => new Response(received.headers.get("host")),
  );
  const { port } = server.addr;
  const trusted = [AUTHORITY];
  for (const host of ["hooks.example", "127.0.0.1"]) {
    const answer = await guardedFetch(`https://${host}:${port}/`, request({ trusted }));
    assertEquals([answer.status, text(answer.answer)], [200, `${host}:${port}`]);
  }
  for (
    const [host, changes] of [
      ["other.example", { trusted }],
      ["127.0.0.2", { trusted }],
      ["hooks.example", {}],
    ] as const
  ) {
    const error = await assertRejects(
      () => guardedFetch(`https://${host}:${port}/`, request(changes)),
      TargetFault,
    );
    assertEquals(error.code, "TLS_FAILED", host);
  }
});

/** Whether the runtime keeps a socket whose handshake was given up, until the server closes it. */
const KEEPS_HANDSHAKES = /^2\.[56]\./.test(Deno.version.deno);

Deno.test("guardedFetch() fails for a server without TLS, and ends at one that hangs in it", {
  sanitizeResources: !KEEPS_HANDSHAKES,
}, async () => {
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const cases: [string, (peer: RawPeer) => Promise<void> | void][] = [
    ["TLS_FAILED", async (peer) => await peer.send("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["TIMED_OUT", (peer) => over.then(() => KEEPS_HANDSHAKES ? peer.close() : undefined)],
  ];
  for (const [code, script] of cases) {
    await using server = startRawServer(script);
    const error = await assertRejects(
      () =>
        guardedFetch(
          `https://hooks.example:${server.port}/`,
          request({ timeoutMs: code === "TIMED_OUT" ? 100 : 20_000 }),
        ),
      TargetFault,
    );
    assertEquals(error.code, code);
    if (code === "TIMED_OUT") end();
  }
});

async function drip(peer: RawPeer): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  await peer.send("x");
}
