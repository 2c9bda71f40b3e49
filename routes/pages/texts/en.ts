/**
 * The texts of the pages in English. `routes/assets/text.js` fills in what is in braces.
 *
 * @module
 */

const TABLE = {
  "brand": "OpenWatts",
  "skip": "Skip to the content",
  "nav.label": "Screens",
  "nav.menu": "Menu",
  "nav.home": "Home",
  "nav.meters": "Meters & devices",
  "nav.export": "Export",
  "nav.upload": "Upload",
  "nav.fleet": "Fleet & stores",
  "nav.settings": "Settings",
  "nav.docs": "API documentation",

  "preferences.label": "Display",
  "preferences.language": "Language",
  "preferences.theme": "Theme",
  "preferences.theme.system": "As the system",
  "preferences.theme.light": "Light",
  "preferences.theme.dark": "Dark",
  "preferences.zone": "Times in",
  "preferences.zone.browser": "Browser zone",
  "preferences.zone.utc": "UTC",
  "preferences.zone.source": "Zone of the source",
  "preferences.apply": "Apply",

  "live.connecting": "Connecting",
  "live.on": "Live",
  "live.lost": "The service does not answer. This page comes back by itself.",
  "live.lost.since": "Figures are from {time}.",
  "live.off": "Not live",

  "call.show": "API call",
  "call.copy": "Copy",
  "call.copied": "Copied",

  "signin.title": "Sign in",
  "signin.intro": "This service asks who you are. Paste a key that was made for you.",
  "signin.key": "Key or token",
  "signin.key.hint": "Such as ow_… Your browser keeps a session for {days} days, not the key.",
  "signin.submit": "Sign in",
  "signin.wrong":
    "This key does not count: it is unknown, revoked or expired, or not for your address.",
  "signin.empty": "Paste a key first.",
  "signin.limited": "Too many attempts. Wait a moment, then try again.",
  "signin.unavailable": "Keys cannot be checked now. Try again in a moment.",
  "signin.foreign": "This form was sent from another site. Open the page again and sign in here.",
  "signin.help": "Who runs the service makes keys with POST /api/keys, or with ADMIN_KEY.",
  "signout": "Sign out",
  "signedin.as": "Signed in as {name}",

  "problem.title": "This did not work",
  "problem.notfound": "There is nothing here",
  "problem.forbidden": "Your key may not see this",
  "problem.home": "Go to Home",

  "home.well": "Nothing is wrong.",
  "home.attention": "{count} {count#thing needs|things need} attention.",
  "home.hidden": "Some figures need the scope {scope}, which your key does not have.",
  "home.of": "of {total}",
  "home.level.good": "OK",
  "home.level.warn": "Look",
  "home.level.bad": "Problem",
  "home.devices": "Devices",
  "home.devices.label": "offline",
  "home.devices.none": "All devices send.",
  "home.devices.newest": "the newest",
  "home.devices.offline": "{count} {count#device|devices} offline",
  "home.stores": "Stores",
  "home.stores.label": "down now",
  "home.stores.down": "{count} {count#store|stores} down",
  "home.stores.unknown": "{count} {count#store|stores} without polls",
  "home.stores.rest": "{closed} closed now, {unknown} without a poll for a day",
  "home.meters": "Meter data",
  "home.meters.label": "late",
  "home.meters.late": "{count} {count#meter|meters} late",
  "home.meters.ended": "{number} {count#meter|meters} ended more than 31 days ago",
  "home.jobs": "Jobs",
  "home.jobs.label": "running",
  "home.jobs.failed": "{count} {count#job|jobs} failed today",
  "home.jobs.rest": "{pending} waiting, {failed} failed in 24 hours",
  "home.jobs.export": "Export",
  "home.jobs.report": "Report",
  "home.jobs.deletion": "Deletion",
  "home.jobs.state.pending": "waits",
  "home.jobs.state.failed": "failed",
  "home.continuous": "Continuous exports",
  "home.continuous.label": "behind",
  "home.continuous.failing": "{count} continuous {count#export fails|exports fail}",
  "home.continuous.lagging": "{count} continuous {count#export|exports} behind",
  "home.continuous.off": "Continuous export is off.",
  "home.disk": "Disk",
  "home.disk.low": "Disk nearly full",
  "home.disk.of": "left of {total}",
  "home.disk.used": "Used",
  "home.empty": "Nothing is here yet. Two ways to begin:",
  "home.empty.file": "Load a file",
  "home.empty.file.text":
    "CSV, JSON, NEM12 or Green Button, also zipped. The format is recognized.",
  "home.empty.drop": "Drop a file here, or choose one",
  "home.empty.device": "Connect a device",
  "home.empty.device.text": "Send one message. The device appears by itself.",
  "home.empty.waiting": "Waiting for the first message",
} as const;

/** The name of a text. */
export type TextKey = keyof typeof TABLE;

/** All texts of a language. */
export type Texts = Readonly<Record<TextKey, string>>;

/** The texts in English. */
export const EN: Texts = TABLE;
