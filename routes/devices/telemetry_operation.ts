/**
 * The operation that accepts telemetry, for the OpenAPI document.
 *
 * @module
 */

import type { Operation } from "../openapi/operation.ts";
import { contentEncoding, uploadText } from "../openapi/upload_parts.ts";
import { telemetryAnswer, telemetryCreated, telemetryMessages } from "./telemetry_schemas.ts";

const TIME = "2026-02-01T14:23:45Z";

const battery = {
  device_id: "test-001",
  timestamp: TIME,
  metrics: { soc_percent: 67.5, voltage_v: 385.2, current_a: -45.3, temp_c: 28.4 },
};
const appliance = {
  device_id: "fridge-1",
  timestamp: TIME,
  metrics: { voltage: 229.8, current: 0.61, power: 131.5, temperature: null },
};

/** The operation. */
export const telemetryOperation: Operation = {
  method: "post",
  path: "/telemetry",
  id: "postTelemetry",
  tag: "Telemetry",
  summary: "Send readings of devices",
  description:
    "Accepts one message, a JSON array of messages, or one message a line (NDJSON), of " +
    "any length, and answers when the readings are durable. A device that does not exist is " +
    "created with the profile that the metrics belong to: `battery` or `appliance`. The same " +
    "device and time again replaces the reading.\n\nA device without a clock may leave " +
    "`timestamp` out; the answer then gives the time of receipt that was used. Several such " +
    "messages of one device in a batch are stored a millisecond apart.\n\nA batch counts as one " +
    "request for each device in it. It is answered with 429 only if every message is over the " +
    "limit of its device. If a batch breaks off or is not valid JSON, the messages that were read " +
    "before stay stored, and the problem counts them in `stored`. Over several instances, a " +
    "message that is sent again may count as `created` twice.",
  parameters: [contentEncoding],
  body: [
    {
      mediaType: "application/json",
      schema: telemetryMessages,
      examples: {
        battery: { summary: "A battery", value: battery },
        appliance: { summary: "An appliance", value: appliance },
        clockless: {
          summary: "A device without a clock",
          value: { device_id: "test-002", metrics: battery.metrics },
        },
        unix: {
          summary: "Unix time in seconds",
          value: { ...battery, device_id: "test-003", timestamp: 1_769_955_825 },
        },
        batch: { summary: "A batch of two", value: [battery, appliance] },
      },
    },
    {
      mediaType: "application/x-ndjson",
      schema: uploadText("One message a line."),
      examples: {
        lines: {
          summary: "Two messages",
          value: `${JSON.stringify(battery)}\n${JSON.stringify(appliance)}\n`,
        },
      },
    },
  ],
  answers: [
    {
      status: 201,
      description: "One message: a new reading.",
      headers: ["RateLimit-Policy", "RateLimit"],
      content: [{ mediaType: "application/json", schema: telemetryCreated }],
    },
    {
      status: 200,
      description: "One message that replaced a reading, or a batch.",
      mayHave: ["RateLimit-Policy", "RateLimit"],
      content: [{
        mediaType: "application/json",
        schema: telemetryAnswer,
      }],
    },
  ],
  problems: [
    "INVALID_REQUEST",
    "MALFORMED_BODY",
    "BODY_TOO_LARGE",
    "TOO_MANY_UPLOADS",
    "UNSUPPORTED_MEDIA_TYPE",
    "RATE_LIMITED",
    "QUOTA_EXCEEDED",
  ],
};
