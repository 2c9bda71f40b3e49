/**
 * What the audit trail records. A new kind of change is a line here; then the routes that make it are
 * marked with it.
 *
 * @module
 */

/** Every action with its meaning. The part before the point names what it concerns. */
export const AUDIT_ACTIONS = {
  "sign_in.refuse": "Requests were refused because their key or token was missing or not valid",
  "access.refuse": "Requests were refused because their key lacks the scope of the route",
  "key.create": "A key was created",
  "key.change": "A key was changed",
  "key.revoke": "A key was revoked",
  "key.rotate": "A key got a new secret",
  "link.create": "A signed link to a file was made",
  "link.rotate": "The secret of signed links was replaced",
  "meter.change": "A meter was set up or changed",
  "meter.delete": "A meter was deleted",
  "device.change": "A device was set up or changed",
  "device.delete": "The deletion of a device was requested",
  "store.change": "The hours or the time zone of a store were changed",
  "store.delete": "The deletion of a store was requested",
  "readings.delete": "The deletion of readings was requested",
  "deletion.create": "The deletion of several meters, devices or stores was requested",
  "deletion.cancel": "A deletion was cancelled, or its record was removed",
  "deletion.end": "A deletion ended",
  "profile.change": "A profile was defined or changed",
  "profile.delete": "A profile was deleted",
  "import_preset.change": "A preset of imports was saved",
  "import_preset.delete": "A preset of imports was deleted",
  "polls.upload": "A file of polls of stores was uploaded",
  "hours.upload": "A file of business hours of stores was uploaded",
  "zones.upload": "A file of time zones of stores was uploaded",
  "continuous_export.pause": "The continuous export of a device was paused",
  "continuous_export.resume": "The continuous export of a device was resumed",
  "continuous_export.run": "The continuous export of a device was requested to run now",
  "continuous_export.replay": "Windows of a device were requested to be written again",
  "webhook.create": "A webhook was made",
  "webhook.change": "A webhook was changed, paused or resumed",
  "webhook.delete": "A webhook was deleted",
  "webhook.rotate": "A webhook got a new secret",
  "webhook.test": "A test was sent to a webhook",
  "webhook.replay": "Deliveries of a webhook were requested to be sent again",
  "webhook.stop": "A webhook was stopped, because its receiver is gone or kept failing",
  "alert.create": "An alert was made",
  "alert.change": "An alert was changed",
  "alert.delete": "An alert was deleted",
  "maintenance_window.create": "A maintenance window was made",
  "maintenance_window.change": "A maintenance window was changed",
  "maintenance_window.delete": "A maintenance window was deleted",
  "schedule.create": "A schedule was made",
  "schedule.change": "A schedule was changed",
  "schedule.delete": "A schedule was deleted",
  "schedule.run": "A run of a schedule was requested",
  "schedule.pause": "A schedule was paused",
  "schedule.resume": "A schedule was resumed",
  "retention.drop": "Readings older than the retention time were deleted",
} as const satisfies Readonly<Record<string, string>>;

/** The name of an action. */
export type AuditAction = keyof typeof AUDIT_ACTIONS;

/** The names of all actions. */
export const AUDIT_ACTION_NAMES: readonly AuditAction[] = Object.keys(
  AUDIT_ACTIONS,
) as AuditAction[]; // The keys of an object literal are exactly those of its type.

/** What an action can concern. */
export const AUDIT_SUBJECTS = [
  "key",
  "meter",
  "device",
  "store",
  "profile",
  "import_preset",
  "file",
  "job",
  "schedule",
  "webhook",
  "alert",
  "maintenance_window",
] as const;

/** The kind of what an action concerned. */
export type AuditSubjectKind = typeof AUDIT_SUBJECTS[number];
