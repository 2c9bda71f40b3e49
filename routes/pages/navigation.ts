/**
 * The screens in the order of the navigation. A screen is here once its page is.
 *
 * @module
 */

import type { Scope } from "../../data/access/scopes.ts";
import type { TextKey } from "./texts/en.ts";

/** A screen of the navigation. */
export interface Screen {
  /** Its name. */
  readonly id: ScreenId;
  /** Its address. */
  readonly href: string;
  /** The text of its link. */
  readonly text: TextKey;
  /** Its icon in `icons.tsx`. */
  readonly icon: "home" | "meter" | "export" | "upload" | "fleet" | "settings";
  /** The scope without which it shows nothing, so that it is not offered; `any` for everyone. */
  readonly scope: Scope | "any";
}

/** The name of a screen. */
export type ScreenId = "home" | "meters" | "export" | "upload" | "fleet" | "settings";

/** All screens. */
export const SCREENS: readonly Screen[] = [
  { id: "home", href: "/", text: "nav.home", icon: "home", scope: "any" },
  { id: "meters", href: "/meters", text: "nav.meters", icon: "meter", scope: "read" },
  { id: "fleet", href: "/fleet", text: "nav.fleet", icon: "fleet", scope: "read" },
  { id: "export", href: "/export", text: "nav.export", icon: "export", scope: "export" },
  { id: "upload", href: "/upload", text: "nav.upload", icon: "upload", scope: "import" },
  { id: "settings", href: "/settings", text: "nav.settings", icon: "settings", scope: "any" },
];
