/**
 * How many uploads run at once, and how many bytes each caller sends at once.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";

/** The bounds. */
export interface UploadBounds {
  /** How many uploads may run at once in this process. One caller may have half of them. */
  readonly maxUploads: number;
  /** How many bytes the running uploads of a caller may have together. */
  readonly bytesAtOnce: number;
}

/** An upload that asks for a place. */
export interface UploadClaim {
  /** Who sends it. */
  readonly who: string;
  /** Its Content-Length, bytes; null if it has none. */
  readonly totalBytes: number | null;
  /** The caller's own `bytesAtOnce`; null if only that of the process counts. */
  readonly bytesAtOnce: number | null;
}

/** The place of a running upload. Disposing of it leaves it free; twice does no more. */
export interface UploadPlace extends Disposable {
  /**
   * So many bytes arrived so far. They count only for an upload without Content-Length.
   *
   * @throws {AppError} BODY_TOO_LARGE if the caller's uploads have more than they may.
   */
  received(bytes: number): void;
  /** Whether more than half of all places are taken. */
  isScarce(): boolean;
}

/** The places. */
export interface UploadPlaces {
  /**
   * Takes a place.
   *
   * @throws {AppError} TOO_MANY_UPLOADS if no place is free for the caller, or its other uploads leave
   * this one no room; BODY_TOO_LARGE if there would never be room.
   */
  enter(claim: UploadClaim): UploadPlace;
}

interface Account {
  uploads: number;
  bytes: number;
}

/** All places are free. */
export function createUploadPlaces(bounds: UploadBounds): UploadPlaces {
  const { maxUploads } = bounds;
  const share = Math.ceil(maxUploads / 2);
  const accounts = new Map<string, Account>();
  let running = 0;

  function requirePlace(account: Account): void {
    if (running >= maxUploads) {
      throw tooMany(`The service takes at most ${maxUploads} uploads at once`);
    }
    if (account.uploads >= share) {
      throw tooMany(`You may send at most ${share} uploads at once`);
    }
  }

  return {
    enter({ who, totalBytes, ...claim }) {
      const limit = Math.min(claim.bytesAtOnce ?? Infinity, bounds.bytesAtOnce);
      const account = accounts.get(who) ?? { uploads: 0, bytes: 0 };
      let own = totalBytes ?? 0;
      if (own > limit) throw tooLarge(limit);
      requirePlace(account);
      if (account.bytes + own > limit) throw tooMany(rule(limit));
      running++;
      account.uploads++;
      account.bytes += own;
      accounts.set(who, account);
      let isLeft = false;
      return {
        received(bytes) {
          if (totalBytes !== null || isLeft) return;
          account.bytes += bytes - own;
          own = bytes;
          if (account.bytes > limit) throw tooLarge(limit);
        },
        isScarce: () => running > maxUploads / 2,
        [Symbol.dispose]() {
          if (isLeft) return;
          isLeft = true;
          running--;
          account.uploads--;
          account.bytes -= own;
          if (account.uploads === 0) accounts.delete(who);
        },
      };
    },
  };
}

function rule(limit: number): string {
  return `The uploads that you send at once may have at most ${limit} bytes together`;
}

function tooLarge(limit: number): AppError {
  return new AppError("BODY_TOO_LARGE", rule(limit));
}

function tooMany(message: string): AppError {
  return new AppError("TOO_MANY_UPLOADS", message, { details: "Try again later" });
}
