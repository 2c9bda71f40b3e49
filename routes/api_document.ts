/**
 * The OpenAPI document of this service: its operations and the schemas that have names.
 *
 * @module
 */

import type { z } from "zod";
import { continuousExportOperations } from "./continuous_export_operations.ts";
import {
  continuousExport,
  continuousExportList,
  replayRequest,
} from "./continuous_export_schemas.ts";
import { docsOperations } from "./docs_operations.ts";
import { exportOperations } from "./export_operations.ts";
import {
  exportAccepted,
  exportCompleted,
  exportExpired,
  exportFailed,
  exportNotFound,
  exportPending,
  exportStatusSchema,
} from "./export_schemas.ts";
import { exportRequest } from "./exports.ts";
import {
  healthOperations,
  healthSchema,
  notReadySchema,
  readySchema,
} from "./health_operations.ts";
import { importReport, rejectSchema, runningImport } from "./import_operation.ts";
import { meterDetail, meterList, meterOperations, meterSchema } from "./meter_operations.ts";
import {
  deviceDetail,
  deviceEvents,
  deviceList,
  deviceOperations,
  deviceSchema,
} from "./device_operations.ts";
import {
  daySummary,
  deviceReadingsOperations,
  metricBuckets,
  metricRows,
  metricsAnswer,
} from "./device_readings_operations.ts";
import { deviceChange } from "./device_schemas.ts";
import { reportOperations } from "./report_operations.ts";
import {
  reportComplete,
  reportExpired,
  reportFailed,
  reportRunning,
  reportStatusSchema,
  reportTriggered,
} from "./report_schemas.ts";
import { reportRequest } from "./reports.ts";
import { type JsonObject, openApiDocument } from "./openapi.ts";
import { fieldErrorSchema, problemSchema } from "./problem_schema.ts";
import { storeOperations } from "./store_operations.ts";
import {
  pollReport,
  replacementReport,
  runningStoreImports,
  storeDetail,
  storeList,
  storeSchema,
} from "./store_schemas.ts";
import {
  telemetryAnswer,
  telemetryMessage,
  telemetryMessages,
  telemetryOperation,
  telemetryReject,
  telemetryReplaced,
  telemetryReport,
} from "./telemetry_operation.ts";

/** Schemas by their name in the document. */
const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  ExportRequest: exportRequest,
  ExportAccepted: exportAccepted,
  ExportStatus: exportStatusSchema,
  ExportPending: exportPending,
  ExportCompleted: exportCompleted,
  ExportFailed: exportFailed,
  ExportExpired: exportExpired,
  ExportNotFound: exportNotFound,
  Meter: meterSchema,
  MeterDetail: meterDetail,
  MeterList: meterList,
  ImportReport: importReport,
  RunningImport: runningImport,
  Reject: rejectSchema,
  ReportRequest: reportRequest,
  ReportTriggered: reportTriggered,
  ReportStatus: reportStatusSchema,
  ReportRunning: reportRunning,
  ReportComplete: reportComplete,
  ReportFailed: reportFailed,
  ReportExpired: reportExpired,
  TelemetryMessage: telemetryMessage,
  TelemetryMessages: telemetryMessages,
  TelemetryReport: telemetryReport,
  TelemetryReplaced: telemetryReplaced,
  TelemetryAnswer: telemetryAnswer,
  TelemetryReject: telemetryReject,
  Device: deviceSchema,
  DeviceDetail: deviceDetail,
  DeviceList: deviceList,
  DeviceEvents: deviceEvents,
  DeviceChange: deviceChange,
  MetricRows: metricRows,
  Metrics: metricsAnswer,
  MetricBuckets: metricBuckets,
  DaySummary: daySummary,
  ContinuousExport: continuousExport,
  ContinuousExportList: continuousExportList,
  ReplayRequest: replayRequest,
  Store: storeSchema,
  StoreDetail: storeDetail,
  StoreList: storeList,
  PollReport: pollReport,
  ReplacementReport: replacementReport,
  RunningStoreImports: runningStoreImports,
  Health: healthSchema,
  Ready: readySchema,
  NotReady: notReadySchema,
  Problem: problemSchema,
  FieldError: fieldErrorSchema,
};

/** The document of a release. */
export function apiDocument(version: string): JsonObject {
  const operations = [
    ...exportOperations,
    ...meterOperations,
    ...reportOperations,
    telemetryOperation,
    ...deviceOperations,
    ...deviceReadingsOperations,
    ...continuousExportOperations,
    ...storeOperations,
    ...healthOperations,
    ...docsOperations,
  ];
  return openApiDocument({ version, operations, schemas: SCHEMAS });
}
