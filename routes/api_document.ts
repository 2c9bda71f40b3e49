/**
 * The OpenAPI document of this service: its operations and the schemas that have names.
 *
 * @module
 */

import { maintenanceOperations } from "./alerts/maintenance_operations.ts";
import {
  maintenanceList,
  maintenanceRequest,
  maintenanceSchema,
} from "./alerts/maintenance_schemas.ts";
import { alertOperations } from "./alerts/operations.ts";
import {
  alertDetail,
  alertList,
  alertRequest,
  alertSchema,
  alertSubject,
  alertTestRequest,
  firingList,
  firingSubject,
} from "./alerts/schemas.ts";
import { alertTestResult } from "./alerts/test_schemas.ts";
import type { z } from "zod";
import { ruleOfOperation } from "./access/route_rules.ts";
import { usageOperations } from "./access/usage_operation.ts";
import { usageSchema } from "./access/usage_schemas.ts";
import { auditOperations } from "./audit/operations.ts";
import { auditEntry, auditList } from "./audit/schemas.ts";
import { keyOperations } from "./access/operations.ts";
import {
  keyChange,
  keyDetail,
  keyList,
  keyRequest,
  keyRotation,
  keySchema,
  shownKey,
} from "./access/schemas.ts";
import { chartOperations } from "./charts/operations.ts";
import { gapList, heatMap, seriesTable, statistics } from "./charts/schemas.ts";
import { continuousExportOperations } from "./continuous/operations.ts";
import { continuousExport, continuousExportList, replayRequest } from "./continuous/schemas.ts";
import { endLinksOperation } from "./jobs/link_operations.ts";
import { fileLink, linkRequest } from "./jobs/link_schemas.ts";
import { docsOperations } from "./docs/operations.ts";
import { exportOperations } from "./exports/operations.ts";
import {
  exportAccepted,
  exportCompleted,
  exportExpired,
  exportFailed,
  exportNotFound,
  exportPending,
  exportRequest,
  exportStatusSchema,
} from "./exports/schemas.ts";
import { exportBody } from "./exports/request_schemas.ts";
import {
  exportList,
  exportManifest,
  exportPreview,
  exportResource,
} from "./exports/resource_schemas.ts";
import { metricsOperations } from "./metrics/operations.ts";
import { healthOperations } from "./service/operations.ts";
import { healthSchema, notReadySchema, readySchema } from "./service/schemas.ts";
import { rejectSchema, repeatSchema, runningImport } from "./imports/schemas.ts";
import { overviewOperations } from "./overview/operations.ts";
import { overviewSchema } from "./overview/schemas.ts";
import { meterOperations } from "./meters/operations.ts";
import {
  importPresetChange,
  importPresetList,
  importPresetSchema,
} from "./meters/import_preset_schemas.ts";
import { importedMeter, importReport, manyImportReport } from "./meters/import_report_schemas.ts";
import {
  meterBuckets,
  meterChange,
  meterDetail,
  meterList,
  meterReadings,
  meterRows,
  meterSchema,
} from "./meters/schemas.ts";
import { deviceOperations } from "./devices/operations.ts";
import { deviceReadingsOperations } from "./devices/readings_operations.ts";
import {
  daySummary,
  metricBuckets,
  metricRows,
  metricsAnswer,
} from "./devices/readings_schemas.ts";
import {
  deviceChange,
  deviceDetail,
  deviceEvents,
  deviceList,
  deviceSchema,
} from "./devices/schemas.ts";
import { mailStopOperations } from "./notify/operations.ts";
import { profileOperations } from "./profiles/operations.ts";
import { profileDefinition, profileList, profileSchema } from "./profiles/schemas.ts";
import { reportOperations } from "./stores/report_operations.ts";
import { reportRequest } from "./stores/report_request_schemas.ts";
import {
  reportComplete,
  reportExpired,
  reportFailed,
  reportList,
  reportRunning,
  reportStatusSchema,
  reportTriggered,
} from "./stores/report_schemas.ts";
import { type JsonObject, openApiDocument } from "./openapi/document.ts";
import type { Operation } from "./openapi/operation.ts";
import { fieldErrorSchema, problemSchema } from "./openapi/problem_schema.ts";
import { scheduleOperations } from "./schedules/operations.ts";
import { scheduleBody } from "./schedules/request_schemas.ts";
import { scheduleList, scheduleRun, scheduleRunList, scheduleSchema } from "./schedules/schemas.ts";
import { storeOperations } from "./stores/operations.ts";
import { deletionOperations } from "./deletions/operations.ts";
import { deletionResourceOperations } from "./deletions/resource_operations.ts";
import {
  deletionList,
  deletionPreview,
  deletionRequest,
  deletionResource,
} from "./deletions/resource_schemas.ts";
import { jobStatus } from "./deletions/schemas.ts";
import {
  hoursReport,
  pollReport,
  runningStoreImports,
  storeDetail,
  storeList,
  storeSchema,
  zonesReport,
} from "./stores/schemas.ts";
import {
  telemetryAnswer,
  telemetryCreated,
  telemetryMessage,
  telemetryMessages,
  telemetryReject,
  telemetryReport,
  telemetryUpdated,
} from "./devices/telemetry_schemas.ts";
import { webhookOperations } from "./webhooks/operations.ts";
import {
  deliveryDetail,
  deliveryList,
  deliverySchema,
  replayWebhookRequest,
  shownWebhook,
  webhookChange,
  webhookList,
  webhookReplay,
  webhookRequest,
  webhookRotation,
  webhookSchema,
  webhookTest,
} from "./webhooks/schemas.ts";
import { lineProtocolOperations } from "./line_protocol/operations.ts";
import { pingVersion, writeErrorV1, writeErrorV2 } from "./line_protocol/schemas.ts";
import { telemetryOperation } from "./devices/telemetry_operation.ts";

/** Schemas by their name in the document. */
const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  Overview: overviewSchema,
  ExportRequest: exportRequest,
  ExportBody: exportBody,
  ExportResource: exportResource,
  ExportPreview: exportPreview,
  ExportList: exportList,
  ExportManifest: exportManifest,
  ExportAccepted: exportAccepted,
  ExportStatus: exportStatusSchema,
  ExportPending: exportPending,
  ExportCompleted: exportCompleted,
  ExportFailed: exportFailed,
  ExportExpired: exportExpired,
  ExportNotFound: exportNotFound,
  SeriesTable: seriesTable,
  HeatMap: heatMap,
  GapList: gapList,
  LoadStatistics: statistics,
  Schedule: scheduleSchema,
  ScheduleBody: scheduleBody,
  ScheduleList: scheduleList,
  ScheduleRun: scheduleRun,
  ScheduleRunList: scheduleRunList,
  Meter: meterSchema,
  MeterDetail: meterDetail,
  MeterChange: meterChange,
  MeterList: meterList,
  MeterRows: meterRows,
  MeterBuckets: meterBuckets,
  MeterReadings: meterReadings,
  ImportPreset: importPresetSchema,
  ImportPresetChange: importPresetChange,
  ImportPresetList: importPresetList,
  ImportReport: importReport,
  ManyImportReport: manyImportReport,
  ImportedMeter: importedMeter,
  RunningImport: runningImport,
  Reject: rejectSchema,
  Repeat: repeatSchema,
  ReportList: reportList,
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
  TelemetryCreated: telemetryCreated,
  TelemetryUpdated: telemetryUpdated,
  TelemetryAnswer: telemetryAnswer,
  TelemetryReject: telemetryReject,
  WriteErrorV1: writeErrorV1,
  WriteErrorV2: writeErrorV2,
  PingVersion: pingVersion,
  Device: deviceSchema,
  DeviceDetail: deviceDetail,
  DeviceList: deviceList,
  DeviceEvents: deviceEvents,
  DeviceChange: deviceChange,
  MetricRows: metricRows,
  Metrics: metricsAnswer,
  MetricBuckets: metricBuckets,
  DaySummary: daySummary,
  Profile: profileSchema,
  ProfileList: profileList,
  ProfileDefinition: profileDefinition,
  ContinuousExport: continuousExport,
  ContinuousExportList: continuousExportList,
  ReplayRequest: replayRequest,
  Store: storeSchema,
  StoreDetail: storeDetail,
  StoreList: storeList,
  PollReport: pollReport,
  HoursReport: hoursReport,
  ZonesReport: zonesReport,
  RunningStoreImports: runningStoreImports,
  Webhook: webhookSchema,
  ShownWebhook: shownWebhook,
  WebhookList: webhookList,
  WebhookRequest: webhookRequest,
  WebhookChange: webhookChange,
  WebhookRotation: webhookRotation,
  WebhookTest: webhookTest,
  WebhookReplay: webhookReplay,
  WebhookReplayRequest: replayWebhookRequest,
  WebhookDelivery: deliverySchema,
  WebhookDeliveryDetail: deliveryDetail,
  WebhookDeliveryList: deliveryList,
  JobStatus: jobStatus,
  DeletionRequest: deletionRequest,
  DeletionResource: deletionResource,
  DeletionPreview: deletionPreview,
  DeletionList: deletionList,
  Alert: alertSchema,
  AlertDetail: alertDetail,
  AlertList: alertList,
  AlertRequest: alertRequest,
  AlertSubject: alertSubject,
  AlertTestRequest: alertTestRequest,
  AlertTestResult: alertTestResult,
  FiringSubject: firingSubject,
  FiringList: firingList,
  MaintenanceWindow: maintenanceSchema,
  MaintenanceList: maintenanceList,
  MaintenanceRequest: maintenanceRequest,
  AuditEntry: auditEntry,
  AuditList: auditList,
  Usage: usageSchema,
  LinkRequest: linkRequest,
  FileLink: fileLink,
  Key: keySchema,
  KeyDetail: keyDetail,
  ShownKey: shownKey,
  KeyList: keyList,
  KeyRequest: keyRequest,
  KeyChange: keyChange,
  KeyRotation: keyRotation,
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
    endLinksOperation,
    ...scheduleOperations,
    ...meterOperations,
    ...reportOperations,
    telemetryOperation,
    ...lineProtocolOperations,
    ...deviceOperations,
    ...deviceReadingsOperations,
    ...chartOperations,
    ...profileOperations,
    ...continuousExportOperations,
    ...storeOperations,
    ...deletionOperations,
    ...deletionResourceOperations,
    ...mailStopOperations,
    ...webhookOperations,
    ...alertOperations,
    ...maintenanceOperations,
    ...auditOperations,
    ...keyOperations,
    ...usageOperations,
    ...healthOperations,
    ...metricsOperations,
    ...overviewOperations,
    ...docsOperations,
  ];
  return openApiDocument({ version, operations, schemas: SCHEMAS, scopeOf });
}

/** The scope that an operation needs, as the table of rules says it. */
function scopeOf({ method, path }: Operation): string | null {
  const rule = ruleOfOperation(method, path);
  if (rule === undefined) throw new TypeError(`Cannot document ${path} as it has no rule`);
  return rule.scope === "public" ? null : rule.scope === "any" ? "" : rule.scope;
}
