/**
 * Turns on the sanitizers of operations and resources for all tests: the runner loads this module
 * first (`--preload`). They are off by default since Deno 2.8, and Deno 2.5 and 2.7 refuse a
 * `deno.json` that turns them on.
 *
 * @module
 */

// Missing before Deno 2.8, where they are on.
Deno.test.sanitizer?.({ ops: true, resources: true });
