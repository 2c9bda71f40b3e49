/**
 * The kind of job that deletes a device: its readings, its record and its history.
 *
 * Messages that arrive once the deletion has begun create the device anew; they are not deleted.
 *
 * @module
 */

import { deleteDevice, type DeleteDeviceDeps as DeleteDeps } from "../../kv/devices/delete.ts";
import type { JobContext, JobKind, JobOutcome } from "../engine/job_kind.ts";
import { DELETE_DEVICE, deleteDeviceParams, type DeletionResult } from "./deletion_contract.ts";
import { DELETION_FAILED } from "./deletion_failed.ts";

/** What the deletion needs. */
export interface DeleteDeviceDeps extends DeleteDeps {
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** Creates the kind. A run that was interrupted is continued by the next one. */
export function deleteDeviceKind(deps: DeleteDeviceDeps): JobKind {
  return {
    name: DELETE_DEVICE,
    failure: DELETION_FAILED,
    run: (context) => runDeletion(deps, context),
  };
}

async function runDeletion(
  deps: DeleteDeviceDeps,
  { params }: JobContext,
): Promise<JobOutcome> {
  const readingCount = await deleteDevice(deps, {
    ...deleteDeviceParams.parse(params),
    nowMs: deps.now(),
  });
  const result: DeletionResult = { readingCount };
  return { artifact: null, result: { ...result } };
}
